import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Hub } from '../../../src/backend/hub.js'
import { openRedisHub } from '../../../src/backend/redis/redis-hub.js'
import type { WorkKind } from '../../../src/backend/work-queue.js'
import { workInFleet } from '../../../src/run/fleet-worker.js'
import { launchRun } from '../../../src/run/launch.js'
import type { WorkEvent } from '../../../src/run/observe/events.js'
import { createLog } from '../../../src/run/observe/log.js'
import { createMetrics } from '../../../src/run/observe/metrics.js'
import { serveVitals } from '../../../src/run/observe/observe-server.js'
import { folderStore } from '../../../src/shard/index.js'
import { samplesNamed, sampleValue } from '../../fixtures/fleet/exposition.js'
import { runOptions } from '../../fixtures/options/run-options.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { tempFolder } from '../../fixtures/run/pairmill.js'
import { serveTree } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const smallModel = resolve(import.meta.dirname, '../../../models/demo-drawings')
const pages = 12

/** What one process tells of a whole run: its metrics, its log, its health, and what the backend counted. */
describe.skipIf(serverCommand === null)(`a process that does all the work of a run${whyNoServer}`, () => {
  let server: RedisServer
  let web: TestWeb
  let fleet: Hub
  const lines: Record<string, unknown>[] = []
  const events: WorkEvent[] = []
  const seen = { metrics: '', healthz: 0, readyz: 0, counters: {} as Record<string, number>, last: '' }

  beforeAll(async () => {
    server = await startRedis()
    web = await startTestWeb()
    await serveTree(web, 'tree.test', pages, 70_000)
    const opened = await openRedisHub(server.url, () => {})
    if ('message' in opened) throw new Error(opened.message)
    fleet = opened

    const out = tempFolder()
    const options = runOptions({
      seeds: ['http://tree.test/'],
      out,
      model: smallModel,
      threshold: -1,
      delayMs: 0,
      imageDelayMs: 0,
      minSide: 1,
      minBytes: 0,
      dedupe: 'off',
      connectTo: [`::127.0.0.1:${web.port}`],
      allowPrivate: ['127.0.0.0/8'],
      batchSize: 8,
    })
    const places: Record<WorkKind, number> = { session: 4, batch: 2, plan: 1 }
    const { observe, registry } = createMetrics()
    const log = createLog({
      level: 'debug',
      write: (line) => lines.push(JSON.parse(line)),
      now: () => performance.now(),
    })
    const running = new AbortController()
    const drain = new AbortController()
    const working = workInFleet(
      { places, threads: 1, provider: 'cpu', decodes: 2, untilDone: false },
      {
        hub: fleet,
        environment: {
          hubUrl: '',
          hubToken: null,
          cacheDir: '',
          s3: { endpoint: null, region: null, pathStyle: null },
          browser: { path: '', named: null },
        },
        openStore: async (place) => folderStore(place),
        observe: (event) => {
          events.push(event)
          observe(event)
          log(event)
          if (event.kind === 'run_ended') running.abort()
        },
        now: Date.now,
        random: Math.random,
      },
      { drain: drain.signal, abort: new AbortController().signal },
    )
    const vitals = await serveVitals({ port: 0, host: null }, registry)
    if ('message' in vitals) throw new Error(vitals.message)
    vitals.watch({
      working,
      fleet,
      kinds: Object.keys(places) as WorkKind[],
      now: () => performance.now(),
    })
    await launchRun(fleet, { run: 'birds', options, given: new Set() })
    await new Promise((ended) => running.signal.addEventListener('abort', ended))
    const get = (path: string) => fetch(`http://127.0.0.1:${vitals.port}${path}`)
    seen.metrics = await (await get('/metrics')).text()
    seen.healthz = (await get('/healthz')).status
    seen.readyz = (await get('/readyz')).status
    seen.counters = await fleet.backend.counters('birds')
    drain.abort()
    await working.ended
    seen.last = await registry.metrics()
    await vitals.close()
  }, 180_000)
  afterAll(async () => {
    await fleet?.close()
    await web?.close()
    await server?.close()
  })

  test('counts in its metrics what the backend counted for the run, and leaves no counter without a metric', () => {
    const { metrics, counters } = seen
    const of = (name: string, labels: Record<string, string> = {}) =>
      sampleValue(metrics, name, { run: 'birds', ...labels }) ?? 0
    expect(counters.pages).toBe(pages)
    const plain = {
      pages: 'pairmill_pages_total',
      page_bytes: 'pairmill_page_bytes_total',
      images_seen: 'pairmill_images_seen_total',
      images_fetched: 'pairmill_images_fetched_total',
      image_bytes: 'pairmill_image_bytes_total',
      kept: 'pairmill_pairs_kept_total',
      pairs_written: 'pairmill_pairs_written_total',
      shards: 'pairmill_shards_total',
      shard_bytes: 'pairmill_shard_bytes_total',
    }
    for (const [counter, name] of Object.entries(plain)) expect(of(name), counter).toBe(counters[counter])
    const scored = Object.entries(counters).flatMap(([name, n]) => (name.startsWith('score:') ? [n] : []))
    expect(scored.length).toBeGreaterThan(0)
    expect(of('pairmill_clip_score_count')).toBe(scored.reduce((sum, n) => sum + n, 0))
    expect(sampleValue(metrics, 'pairmill_unnamed_counters_total')).toBe(0)
    expect(metrics).not.toContain('"other"')
  })

  test('times its visits and its model, by what it was told', () => {
    for (const kind of ['session', 'batch', 'plan']) {
      const visits = events.filter((event) => event.kind === 'visited' && event.work === kind).length
      expect(visits).toBeGreaterThan(0)
      const name = 'pairmill_visit_duration_seconds_count'
      expect(sampleValue(seen.last, name, { run: 'birds', kind })).toBe(visits)
    }
    expect(sampleValue(seen.metrics, 'pairmill_inference_pairs_total', { run: 'birds' })).toBe(
      sampleValue(seen.metrics, 'pairmill_clip_score_count', { run: 'birds' }),
    )
  })

  test('shows the run as done, with nothing that waits, and its own places', () => {
    expect(sampleValue(seen.metrics, 'pairmill_runs', { state: 'done' })).toBe(1)
    expect(samplesNamed(seen.metrics, 'pairmill_queue_depth')).toEqual([])
    expect(sampleValue(seen.metrics, 'pairmill_fleet_places', { kind: 'session' })).toBe(4)
    expect(sampleValue(seen.metrics, 'pairmill_runs_ended_total', { as: 'done' })).toBe(1)
    expect([seen.healthz, seen.readyz]).toEqual([200, 200])
  })

  test('logs the run’s end, and every visit with its run and its host, batch or plan', () => {
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'info', kind: 'run_ended', run: 'birds', as: 'done' }),
    )
    const visits = lines.filter(({ kind }) => kind === 'visited')
    expect(visits.length).toBeGreaterThan(2)
    for (const line of visits) {
      expect(line).toMatchObject({ level: 'debug', run: 'birds', ms: expect.any(Number) })
      expect(line.host ?? line.batch ?? line.plan).toEqual(expect.any(String))
    }
  })
})
