import { afterAll, describe, expect, test } from 'vitest'
import { placesOf } from '../../../src/cli/work.js'
import type { WorkRole } from '../../../src/cli/work-role.js'
import { metricNames, samplesOf } from '../../fixtures/fleet/exposition.js'
import { alerts, deployments, scaledObjects, selectorsOf, textOf } from '../../fixtures/infra/manifests.js'
import { serveWorker } from '../../fixtures/infra/worker.js'

const server = await serveWorker()
afterAll(() => server.close())
const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()
const names = metricNames(metrics)
const samples = samplesOf(metrics)

/** Expects that a worker gives every metric that an expression asks for, with each value that a label is compared to. */
function expectGiven(expression: string): void {
  const selectors = selectorsOf(expression)
  expect(selectors.length + (/\bup\{/.test(expression) ? 1 : 0), expression).toBeGreaterThan(0)
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
}

describe('alerts', () => {
  test.each(alerts.map(({ alert, expr }): [string, string] => [alert, expr]))(
    '%s asks for metrics and labels that a worker gives',
    (_, expr) => expectGiven(expr),
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

describe('autoscalers', () => {
  test.each(scaledObjects.map(({ spec }): [string, typeof spec] => [spec.scaleTargetRef.name, spec]))(
    'that of %s goes by places that have work, and keeps what there is where nobody knows',
    (target, { triggers, minReplicaCount, maxReplicaCount }) => {
      const { spec } = deployments.find(({ metadata }) => metadata.name === target)
      const [, role, ...words]: string[] = spec.template.spec.containers[0].args
      const concurrency = words[0] === '--concurrency' ? Number(words[1]) : null
      const [[kind, places]] = Object.entries(placesOf(role as WorkRole, concurrency)) as [[string, number]]
      const [{ type, metadata }, ...more] = triggers
      expect([type, more]).toEqual(['prometheus', []])
      expectGiven(metadata.query)
      expect(metadata.query).toBe(`max(pairmill_useful_places{kind="${kind}"})`)
      expect(metadata.ignoreNullValues).toBe('false')
      // Of crawl pods less than the share above which hosts that are due count.
      const most = kind === 'session' ? 0.8 * places : places
      expect(Number(metadata.threshold)).toBeLessThanOrEqual(most)
      expect(Number(metadata.threshold)).toBeGreaterThan(places / 2)
      expect(minReplicaCount).toBeGreaterThanOrEqual(role === 'shard' ? 2 : 1)
      expect(maxReplicaCount).toBeGreaterThan(minReplicaCount)
    },
  )

  test('there is one for each kind of worker', () => {
    expect(scaledObjects.map(({ spec }) => spec.scaleTargetRef.name).sort()).toEqual(
      deployments.map(({ metadata }) => metadata.name).sort(),
    )
  })
})
