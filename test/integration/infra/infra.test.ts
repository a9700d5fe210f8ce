import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { workKinds } from '../../../src/backend/work-queue.js'
import { type Commands, runProgram } from '../../../src/cli/program.js'
import type { WorkCall } from '../../../src/cli/work.js'
import { pageSkipReasons } from '../../../src/crawl/index.js'
import { rejectReasons } from '../../../src/records/index.js'
import { createMetrics } from '../../../src/run/observe/metrics.js'
import { serveVitals } from '../../../src/run/observe/observe-server.js'
import { paper } from '../../fixtures/cli/output.js'
import { metricNames, samplesOf } from '../../fixtures/fleet/exposition.js'
import { entry, progress } from '../../fixtures/fleet/fleet-values.js'
import {
  alerts,
  compose,
  deployments,
  infraFiles,
  kustomization,
  manifests,
  root,
  selectorsOf,
  type Tree,
  textOf,
  workerCalls,
  yamlOf,
} from '../../fixtures/infra/manifests.js'

/** A worker's /metrics after everything that can happen happened once, and what else it serves. */
const server = await (async () => {
  const { registry, observe } = createMetrics()
  for (const work of workKinds) {
    observe({ kind: 'visited', work, run: 'r', key: 'k', ms: 1, again: false })
    observe({ kind: 'lease_lost', work, run: 'r', key: 'k' })
  }
  const counters = [
    ...pageSkipReasons.map((reason) => `page_skipped:${reason}`),
    ...Object.values(rejectReasons)
      .flat()
      .map((reason) => `rejected:${reason}`),
    ...['pages', 'kept', 'shards', 'score:0.30', 'tagged:logo', 'image_skipped:svg', 'link_skipped:excluded'],
  ]
  observe({ kind: 'counted', run: 'r', counters: Object.fromEntries(counters.map((name) => [name, 1])) })
  observe({ kind: 'scored', run: 'r', pairs: 1, ms: 1 })
  observe({ kind: 'trouble', run: 'r', key: null, message: '' })
  observe({ kind: 'problem', run: 'r', message: '' })
  observe({ kind: 'run_ended', run: 'r', as: 'done' })
  observe({ kind: 'swept', run: 'r', files: 1 })
  observe({ kind: 'refused', run: 'r', key: null, message: '' })
  const served = await serveVitals({ port: 0, host: null }, registry)
  if ('message' in served) throw new Error(served.message)
  served.watch({
    kinds: ['session'],
    now: () => 0,
    working: {
      vitals: () => ({ worker: 'w', startedAtMs: 0, active: 0, consumedAtMs: 0, connected: true }),
    },
    fleet: {
      connected: () => true,
      server: { state: { kind: 'ok' }, memory: { usedBytes: 1, maxBytes: 2 }, takesWork: true },
      backend: {
        runs: async () => [entry('r'), entry('paused', { standing: 'paused' })],
        progress: async (run) => progress({ crawlWaits: true, backlogMark: run === 'paused' ? -1 : 1 }),
        workers: async () => [],
        hostCounts: async () => ({ held: 0, due: 0 }),
        waitingHosts: async () => [],
        openBatches: async () => [],
        openPlans: async () => [],
      },
    },
  })
  return served
})()
afterAll(() => server.close())
const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`)
const metrics = await (await get('/metrics')).text()

/** What a call of the command line comes to: the exit code, and what `work` was called with. */
async function typed(
  words: readonly string[],
): Promise<{ code: number; said: string; work: WorkCall | null }> {
  const calls: WorkCall[] = []
  const said = paper()
  const done = async () => 0 as const
  const commands: Commands = {
    run: done,
    verify: done,
    status: done,
    permissions: done,
    demo: done,
    images: done,
    warc: done,
    classify: done,
    crawl: done,
    order: done,
    forget: done,
    work: async (call) => {
      calls.push(call)
      return 0
    },
  }
  const code = await runProgram(words, { commands, version: '0', stdout: paper(), stderr: said })
  return { code, said: said.text(), work: calls[0] ?? null }
}

test.each(infraFiles.filter((name) => /\.ya?ml$/.test(name)))('%s is YAML', (name) => {
  expect(yamlOf(`infra/${name}`).every((document) => document !== null)).toBe(true)
})

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

describe('calls of pairmill', () => {
  test.each(workerCalls())('$where: one that the command line takes', async ({ words }) => {
    const { code, said } = await typed(words)
    expect(said).toBe('')
    expect(code).toBe(0)
  })

  test('those of the README are taken', async () => {
    const lines = textOf('infra/README.md').split('\n')
    const calls = lines.flatMap((line) => {
      const found = /^ {4}.*(?:run --rm cli|-- pairmill) (.*)$/.exec(line)
      return found === null ? [] : [found[1]!.split(' ')]
    })
    expect(calls.length).toBeGreaterThan(3)
    for (const words of calls)
      expect(await typed(words), words.join(' ')).toMatchObject({ code: 0, said: '' })
  })

  test('every role is played, and all roles serve their metrics where others can ask', async () => {
    const working = workerCalls().filter(({ words }) => words[0] === 'work')
    for (const place of ['compose', 'kubernetes']) {
      const calls = working.filter(({ where }) => where.startsWith(place))
      expect(calls.map(({ words }) => words[1]).sort()).toEqual(['crawl', 'filter', 'shard'])
    }
    for (const { words } of working) {
      expect(words.slice(words.indexOf('--metrics-port'))).toEqual([
        '--metrics-port',
        '9464',
        '--metrics-host',
        '0.0.0.0',
      ])
    }
  })
})

describe('ports and paths agree', () => {
  const metricsPort = 9464

  test('in Kubernetes: the container’s, the annotation’s, and those that are probed', async () => {
    for (const { spec } of deployments) {
      const pod = spec.template
      const [container] = pod.spec.containers
      expect(container.ports).toEqual([{ name: 'metrics', containerPort: metricsPort }])
      expect(pod.metadata.annotations['prometheus.io/port']).toBe(String(metricsPort))
      for (const probe of [container.livenessProbe, container.readinessProbe]) {
        expect(probe.httpGet.port).toBe('metrics')
        expect((await get(probe.httpGet.path)).status).not.toBe(404)
      }
      expect((await get(pod.metadata.annotations['prometheus.io/path'])).status).toBe(200)
    }
  })

  test('in compose: the health check’s, Prometheus’ targets, Redis and the store', async () => {
    const { services } = compose
    const url = new URL(/https?:\/\/[^']*/.exec(services.crawl.healthcheck.test.join(' '))![0])
    expect(Number(url.port)).toBe(metricsPort)
    expect((await get(url.pathname)).status).not.toBe(404)
    const [scraped] = yamlOf('infra/prometheus/prometheus.yml')[0].scrape_configs
    const [{ names, port }] = scraped.dns_sd_configs
    expect(port).toBe(metricsPort)
    for (const name of names) expect(services[name].command).toContain('--metrics-port')
    const { PAIRMILL_BACKEND, AWS_ENDPOINT_URL } = services.crawl.environment
    expect(Object.keys(services)).toContain(new URL(PAIRMILL_BACKEND).hostname)
    const store = new URL(AWS_ENDPOINT_URL)
    expect(services[store.hostname].command).toContain(`-s3.port=${store.port}`)
    expect(services[store.hostname].environment.AWS_SECRET_ACCESS_KEY).toBe(
      services.crawl.environment.AWS_SECRET_ACCESS_KEY,
    )
  })

  test('the image tells of the port', () => {
    expect(textOf('infra/Dockerfile')).toMatch(new RegExp(`^EXPOSE ${metricsPort}$`, 'm'))
  })
})

describe('the manifests of Kubernetes', () => {
  const byKind = (kind: string) => manifests.filter((one) => one.kind === kind)

  test('are all applied', () => {
    const files = infraFiles.filter((name) => name.startsWith('kubernetes/') && name.endsWith('.yaml'))
    const applied = ['kustomization.yaml', ...kustomization.resources].map((name) => `kubernetes/${name}`)
    expect([...files].sort()).toEqual(applied.sort())
  })

  test('name settings, secrets and targets that are there', () => {
    const names = (kind: string) => byKind(kind).map(({ metadata }) => metadata.name)
    for (const { spec, metadata } of [...deployments, ...byKind('StatefulSet')]) {
      expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels)
      for (const from of spec.template.spec.containers[0].envFrom ?? []) {
        if (from.configMapRef) expect(names('ConfigMap')).toContain(from.configMapRef.name)
        if (from.secretRef) expect(names('Secret')).toContain(from.secretRef.name)
      }
      const { containers, volumes = [] } = spec.template.spec
      const claims = (spec.volumeClaimTemplates ?? []).map((claim: Tree) => claim.metadata.name)
      const mounted = containers[0].volumeMounts.map(({ name }: Tree) => name).sort()
      expect(mounted, metadata.name).toEqual([...volumes.map(({ name }: Tree) => name), ...claims].sort())
    }
    for (const { spec } of byKind('HorizontalPodAutoscaler')) {
      const target = deployments.find(({ metadata }) => metadata.name === spec.scaleTargetRef.name)
      expect(target.spec.template.spec.containers[0].resources.requests.cpu).toBeDefined()
      // A number here would undo the autoscaler's at every apply.
      expect(target.spec.replicas).toBeUndefined()
    }
    const [{ data }] = byKind('ConfigMap')
    expect(byKind('Service').map(({ metadata }) => metadata.name)).toContain(
      new URL(data.PAIRMILL_BACKEND).hostname,
    )
  })

  test('run nothing as root, and leave workers time to finish what is under way', () => {
    for (const { spec } of [...deployments, ...byKind('StatefulSet')]) {
      const pod = spec.template.spec
      expect(pod.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(pod.containers[0].securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60)
    }
    for (const { metadata, spec } of deployments) {
      const seconds = Number.parseInt(compose.services[metadata.name].stop_grace_period, 10)
      expect(spec.template.spec.terminationGracePeriodSeconds).toBe(seconds)
    }
  })
})

const hasKubectl = (() => {
  try {
    execFileSync('kubectl', ['version', '--client'], { stdio: 'ignore', timeout: 10_000 })
    return true
  } catch {
    return false
  }
})()

test.skipIf(!hasKubectl)(
  `kustomize builds the manifests, with the image’s name put in${hasKubectl ? '' : ' (skipped: there is no kubectl here)'}`,
  () => {
    const built = execFileSync('kubectl', ['kustomize', join(root, 'infra/kubernetes')], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect(built).toContain('image: registry.example.com/pairmill:0.1.0')
    expect(built.match(/namespace: pairmill/g)!.length).toBeGreaterThanOrEqual(manifests.length - 1)
  },
)
