import { afterAll, describe, expect, test } from 'vitest'
import { metricNames, samplesOf } from '../../fixtures/fleet/exposition.js'
import { alerts, selectorsOf, textOf } from '../../fixtures/infra/manifests.js'
import { serveWorker } from '../../fixtures/infra/worker.js'

const server = await serveWorker()
afterAll(() => server.close())
const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()

describe('alerts', () => {
  const names = metricNames(metrics)
  const samples = samplesOf(metrics)

  test.each(alerts.map(({ alert, expr }): [string, string] => [alert, expr]))(
    '%s asks for metrics and labels that a worker gives',
    (_, expr) => {
      const selectors = selectorsOf(expr)
      expect(selectors.length + (expr.startsWith('up{') ? 1 : 0)).toBeGreaterThan(0)
      for (const { metric, labels } of selectors) {
        expect(names, metric).toContain(metric)
        const given = samples.filter(({ name }) => name === metric)
        for (const [label, values] of Object.entries(labels)) {
          // Prometheus' own label.
          if (label === 'job') continue
          for (const value of values) {
            expect(
              given.some(({ labels }) => labels[label] === value),
              `${metric}{${label}="${value}"}`,
            ).toBe(true)
          }
        }
      }
    },
  )

  test('each says how bad it is and what it means', () => {
    for (const { alert, labels, annotations } of alerts) {
      expect(labels.severity, alert).toMatch(/^(info|warning|critical)$/)
      expect(annotations.summary, alert).toMatch(/[.?]$/)
    }
  })

  test('the questions in the README are about metrics that a worker gives', () => {
    const asked = [...textOf('infra/README.md').matchAll(/`([^`]*pairmill_[^`]*)`/g)].map(
      ([, text = '']) => text,
    )
    expect(asked.length).toBeGreaterThan(5)
    for (const { metric } of asked.flatMap(selectorsOf)) expect(names).toContain(metric)
  })
})
