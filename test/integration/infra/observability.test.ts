import { afterAll, describe, expect, test } from 'vitest'
import { placesOf } from '../../../src/cli/work.js'
import type { WorkRole } from '../../../src/cli/work-role.js'
import { metricNames, samplesOf } from '../../fixtures/fleet/exposition.js'
import {
  alerts,
  dashboard,
  deployments,
  scaledObjects,
  selectorsOf,
  type Tree,
  textOf,
} from '../../fixtures/infra/manifests.js'
import { serveWorker } from '../../fixtures/infra/worker.js'

const server = await serveWorker()
afterAll(() => server.close())
const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()
const names = metricNames(metrics)
const samples = samplesOf(metrics)

const ofPrometheus = new Set(['job', 'instance'])

/** Expects that a worker gives every metric that an expression asks for, with each value that a label is compared to. */
function expectGiven(expression: string): void {
  const selectors = selectorsOf(expression)
  expect(selectors.length + (/\bup\{/.test(expression) ? 1 : 0), expression).toBeGreaterThan(0)
  for (const { metric, labels } of selectors) {
    expect(names, metric).toContain(metric)
    const given = samples.filter(({ name }) => name === metric)
    for (const [label, values] of Object.entries(labels)) {
      if (ofPrometheus.has(label)) continue
      // A dashboard's variable, and the label that it is compared to.
      if (values.some((value) => value.startsWith('$'))) {
        expect(
          given.some(({ labels }) => label in labels),
          `${metric}{${label}}`,
        ).toBe(true)
        continue
      }
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

describe('the dashboard', () => {
  const panels: Tree[] = dashboard.panels.filter(({ type }: Tree) => type !== 'row')
  const queries: [string, string, string][] = panels.flatMap(({ title, targets }) =>
    targets.map(({ expr, legendFormat }: Tree) => [title, expr, legendFormat]),
  )
  const labelsIn = (text: string, pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].flatMap(([, labels = '']) => labels.split(/\s*,\s*/))

  test.each(queries)('%s: %s', (_, expr, legend) => {
    expectGiven(expr)
    const asked = selectorsOf(expr).map(({ metric }) => metric)
    const given = new Set(
      samples.filter(({ name }) => asked.includes(name)).flatMap(({ labels }) => Object.keys(labels)),
    )
    const grouped = labelsIn(expr, /\bby \(([^)]*)\)/g)
    for (const label of grouped) expect(given, `by (${label})`).toContain(label)
    const shown = labelsIn(legend, /\{\{(\w+)\}\}/g)
    const left = /\b(sum|max|min|avg|count|histogram_quantile)\b/.test(expr)
      ? grouped
      : [...given, ...ofPrometheus]
    for (const label of shown) expect(left, legend).toContain(label)
    for (const [variable] of expr.matchAll(/\$\w+/g)) {
      expect(['$__rate_interval', ...variables.map(({ name }) => `$${name}`)]).toContain(variable)
    }
  })

  const variables: Tree[] = dashboard.templating.list
  test('offers the runs that workers name, and asks the Prometheus that is chosen', () => {
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(variables[1].query.query)!
    expect(samples.some(({ name, labels }) => name === metric && label in labels)).toBe(true)
    expect(variables.map(({ name }) => name)).toEqual(['datasource', 'run'])
    for (const { datasource } of [...panels, variables[1]]) {
      expect(datasource).toEqual({ type: 'prometheus', uid: `\${${variables[0].name}}` })
    }
  })

  test('lays its panels side by side, each under a number of its own', () => {
    const places: Tree[] = dashboard.panels.map(({ gridPos }: Tree) => gridPos)
    expect(new Set(dashboard.panels.map(({ id }: Tree) => id)).size).toBe(places.length)
    for (const [i, a] of places.entries()) {
      expect(a.x + a.w).toBeLessThanOrEqual(24)
      for (const b of places.slice(i + 1)) {
        expect(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true)
      }
    }
  })

  test('shows every kind of thing that an alert is about', () => {
    const shown = new Set(queries.flatMap(([, expr]) => selectorsOf(expr).map(({ metric }) => metric)))
    // Said by others that are shown: states and sums of the same.
    const said = ['pairmill_backend_connected', 'pairmill_run_state']
    for (const { metric } of alerts.flatMap(({ expr }) => selectorsOf(expr))) {
      expect([...shown, ...said], metric).toContain(metric)
    }
  })
})
