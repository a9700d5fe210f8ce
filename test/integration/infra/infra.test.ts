import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { queuePrefixOf } from '../../../src/backend/redis/keys.js'
import { workKinds } from '../../../src/backend/work-queue.js'
import { type Commands, runProgram } from '../../../src/cli/program.js'
import type { WorkCall } from '../../../src/cli/work.js'
import { paper } from '../../fixtures/cli/output.js'
import {
  alerts,
  compose,
  deployments,
  infraFiles,
  textOf,
  workerCalls,
  yamlOf,
} from '../../fixtures/infra/manifests.js'
import { serveWorker } from '../../fixtures/infra/worker.js'

const server = await serveWorker()
afterAll(() => server.close())
const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`)

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
    query: done,
    stats: done,
    report: done,
    show: done,
    permissions: done,
    retract: done,
    explore: done,
    inspect: done,
    demo: done,
    curate: done,
    feed: done,
    feedServe: done,
    feedPython: done,
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

  test('the queues of the README are those that a fleet has', () => {
    const line = /^`\[(.*?)\]\.map.*prefix: '([^']*)'/m.exec(textOf('infra/README.md'))!
    expect(line[1]!.split(', ')).toEqual(workKinds.map((kind) => `'${kind}'`))
    expect(line[2]).toBe(queuePrefixOf('pairmill'))
  })

  test('those of the page for operators are taken, and its alerts, Deployments and links are there', async () => {
    const page = textOf('docs/fleet.md')
    const calls = [...page.matchAll(/^ {4}pairmill (.*)$/gm)].map(([, words = '']) => words.split(' '))
    expect(calls.length).toBeGreaterThan(5)
    for (const words of calls)
      expect(await typed(words), words.join(' ')).toMatchObject({ code: 0, said: '' })
    const rows = [...page.matchAll(/^\| `(Pairmill\w+)` \| /gm)].map(([, name]) => name)
    expect(rows.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted())
    const asked = [...page.matchAll(/deploy\/(\w+)/g)].map(([, name]) => name)
    expect(new Set(asked)).toEqual(new Set(deployments.map(({ metadata }) => metadata.name)))
    for (const [, file = '', heading = ''] of page.matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)) {
      const path = file === '' ? 'docs/fleet.md' : join('docs', file)
      const headings = [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
        text
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      )
      if (heading !== '') expect(headings, path).toContain(heading)
    }
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
