import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { ServerMemory, ServerState } from '../../../../src/backend/redis/server-state.js'
import type { WorkKind } from '../../../../src/backend/work-queue.js'
import { createMetrics } from '../../../../src/run/observe/metrics.js'
import {
  serveVitals,
  type VitalsDeps,
  type VitalsServer,
} from '../../../../src/run/observe/observe-server.js'
import { createWatch } from '../../../../src/run/observe/watch.js'
import { samplesNamed, sampleValue } from '../../../fixtures/fleet/exposition.js'
import { entry, progress } from '../../../fixtures/fleet/fleet-values.js'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  vi.useRealTimers()
})

/** A process and its backend, as somebody who looks at them from outside would change them. */
function world(kinds: readonly WorkKind[] = ['session']) {
  const state = {
    nowMs: 0,
    connected: true,
    server: { kind: 'ok' } as ServerState,
    memory: null as ServerMemory | null,
    /** What the backend does with a question. */
    backend: 'answers' as 'answers' | 'fails' | 'hangs',
    waiting: [] as string[],
    held: 40,
    active: 0,
    consumedAtMs: 1_000,
    asked: 0,
  }
  const asked = async <T>(value: () => T): Promise<T> => {
    state.asked++
    if (state.backend === 'hangs') await new Promise(() => {})
    if (state.backend === 'fails') throw new Error('it is loading its dataset')
    return value()
  }
  const deps: VitalsDeps = {
    working: {
      vitals: () => ({
        worker: 'w',
        startedAtMs: 0,
        active: state.active,
        consumedAtMs: state.consumedAtMs,
        connected: state.connected,
      }),
    },
    fleet: {
      connected: () => state.connected,
      server: {
        get state() {
          return state.server
        },
        get memory() {
          return state.memory
        },
        get takesWork() {
          return state.server.kind === 'ok'
        },
      },
      backend: {
        runs: () => asked(() => [entry('birds'), entry('old', { ended: 'done' })]),
        progress: () => asked(() => progress({ urls: 5, batchesOpen: 2 })),
        workers: () =>
          asked(() => [
            { worker: 'w', agoMs: 1, body: { places: { session: 32 } } },
            { worker: 'x', agoMs: 1, body: { places: { session: 8, plan: 1 } } },
          ]),
        hostCounts: (_, withinMs) =>
          asked(() => ({ held: state.held, due: withinMs === 0 ? state.waiting.length : 7 })),
        openBatches: () => asked(() => []),
        openPlans: () => asked(() => []),
      },
    },
    kinds,
    now: () => state.nowMs,
  }
  return { state, deps }
}

/** `deps` null = the process has no backend yet. */
async function serve(deps: VitalsDeps | null) {
  const metrics = createMetrics()
  const server = await serveVitals({ port: 0, host: null }, metrics.registry)
  if ('message' in server) throw new Error(server.message)
  if (deps !== null) server.watch(deps)
  closers.push(server.close)
  const get = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  return { server, metrics, get }
}

describe('/healthz and /readyz', () => {
  test('tell a worker that is alive and does not consume from one that does', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] })
    const { state, deps } = world()
    const { get } = await serve(deps)
    const pass = async (looks: number) => {
      for (let i = 0; i < looks; i++) {
        state.nowMs += 5_000
        const before = state.asked
        await vi.advanceTimersByTimeAsync(5_000)
        await vi.waitFor(() => expect(state.asked).toBeGreaterThan(before))
      }
    }
    state.waiting = ['a.test']
    await pass(5)
    expect((await get('/healthz')).status).toBe(200)
    await pass(10)
    const stalled = await get('/healthz')
    expect(stalled.status).toBe(503)
    expect(JSON.parse(stalled.text)).toEqual({
      ok: false,
      reasons: [expect.stringMatching(/^consumed no work for \d+ s while session work waits$/)],
    })
    expect((await get('/readyz')).status).toBe(200)
    expect(sampleValue((await get('/metrics')).text, 'pairmill_healthy')).toBe(0)
    state.consumedAtMs = 2_000
    await pass(1)
    expect((await get('/healthz')).status).toBe(200)
  })

  test('a process without its backend is healthy for a while and not ready at once', async () => {
    const { state, deps } = world()
    const { get } = await serve(deps)
    await vi.waitFor(async () => expect((await get('/readyz')).status).toBe(200))
    state.connected = false
    expect(JSON.parse((await get('/readyz')).text)).toEqual({
      ok: false,
      reasons: ['not connected to the backend'],
    })
    expect((await get('/healthz')).status).toBe(200)
  })

  test('a process that waits for its backend is well and not ready', async () => {
    const { get } = await serve(null)
    expect((await get('/healthz')).status).toBe(200)
    const ready = await get('/readyz')
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      503,
      { ok: false, reasons: ['not connected to the backend'] },
    ])
    const { text } = await get('/metrics')
    expect(sampleValue(text, 'pairmill_backend_connected')).toBe(0)
    expect(sampleValue(text, 'pairmill_backend_state', { state: 'away' })).toBe(1)
  })

  test('a process whose server is full is well however long it answers nothing, and not ready', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] })
    const { state, deps } = world()
    const { get } = await serve(deps)
    state.waiting = ['a.test']
    state.server = { kind: 'full', memory: { usedBytes: 90, maxBytes: 100 } }
    state.memory = { usedBytes: 90, maxBytes: 100 }
    for (let i = 0; i < 30; i++) {
      state.nowMs += 5_000
      const before = state.asked
      await vi.advanceTimersByTimeAsync(5_000)
      await vi.waitFor(() => expect(state.asked).toBeGreaterThan(before))
    }
    expect((await get('/healthz')).status).toBe(200)
    expect((await get('/readyz')).status).toBe(503)
    const { text } = await get('/metrics')
    expect(sampleValue(text, 'pairmill_backend_state', { state: 'full' })).toBe(1)
    expect(sampleValue(text, 'pairmill_backend_state', { state: 'ok' })).toBe(0)
    expect(sampleValue(text, 'pairmill_backend_memory_bytes')).toBe(90)
    expect(sampleValue(text, 'pairmill_backend_memory_max_bytes')).toBe(100)
    state.memory = { usedBytes: 90, maxBytes: null }
    expect(samplesNamed((await get('/metrics')).text, 'pairmill_backend_memory_max_bytes')).toEqual([])
  })
})

describe('/metrics', () => {
  test('tells what waits in the runs that go on, and the places of the whole fleet', async () => {
    const { get } = await serve(world().deps)
    const { status, headers, text } = await get('/metrics')
    expect([status, headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^text\/plain; version=0/),
    ])
    expect(sampleValue(text, 'pairmill_queue_depth', { run: 'birds', queue: 'urls' })).toBe(5)
    expect(sampleValue(text, 'pairmill_queue_depth', { run: 'birds', queue: 'batches' })).toBe(2)
    expect(samplesNamed(text, 'pairmill_queue_depth').some(({ labels }) => labels.run === 'old')).toBe(false)
    expect(sampleValue(text, 'pairmill_runs', { state: 'running' })).toBe(1)
    expect(sampleValue(text, 'pairmill_runs', { state: 'done' })).toBe(1)
    expect(sampleValue(text, 'pairmill_fleet_places', { kind: 'session' })).toBe(40)
    expect(sampleValue(text, 'pairmill_fleet_places', { kind: 'batch' })).toBe(0)
    expect(sampleValue(text, 'pairmill_useful_places', { kind: 'session' })).toBe(47)
    expect(sampleValue(text, 'pairmill_useful_places', { kind: 'batch' })).toBe(2)
    expect(sampleValue(text, 'pairmill_run_pages_within_budget', { run: 'birds' })).toBe(1)
    expect(sampleValue(text, 'pairmill_last_visit_end_timestamp_seconds')).toBe(1)
  })

  test.each(['fails', 'hangs', 'is not connected'] as const)(
    'leaves out what waits where the backend %s, counts that, and tells the rest',
    async (how) => {
      const { state, deps } = world()
      const { get, metrics } = await serve(deps)
      await get('/metrics')
      metrics.observe({ kind: 'counted', run: 'birds', counters: { pages: 3 } })
      if (how === 'is not connected') state.connected = false
      else state.backend = how
      const { status, text } = await get('/metrics')
      expect(status).toBe(200)
      expect(samplesNamed(text, 'pairmill_queue_depth')).toEqual([])
      expect(samplesNamed(text, 'pairmill_runs')).toEqual([])
      expect(samplesNamed(text, 'pairmill_useful_places')).toEqual([])
      expect(sampleValue(text, 'pairmill_unread_scrapes_total')).toBe(1)
      expect(sampleValue(text, 'pairmill_pages_total', { run: 'birds' })).toBe(3)
      expect(sampleValue(text, 'pairmill_backend_connected')).toBe(how === 'is not connected' ? 0 : 1)
    },
  )
})

test('anything else is not found, and nothing can be sent', async () => {
  const { get } = await serve(world().deps)
  expect((await get('/')).status).toBe(404)
  expect((await get('/healthz?verbose')).status).toBe(200)
  expect((await get('/metrics', { method: 'POST' })).status).toBe(405)
})

test('it listens on this machine alone unless it is told otherwise', async () => {
  const { deps } = world()
  const { server } = await serve(deps)
  const other = await serveVitals({ port: 0, host: '0.0.0.0' }, createMetrics().registry)
  closers.push((other as VitalsServer).close)
  await expect(fetch(`http://127.0.0.2:${server.port}/healthz`)).rejects.toThrow()
  expect((await fetch(`http://127.0.0.2:${(other as VitalsServer).port}/healthz`)).status).toBe(200)
})

test('a port that is taken is said, with what to do, and nothing breaks', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const refused = await serveVitals({ port, host: null }, createMetrics().registry)
  holder.close()
  expect(refused).toEqual({
    message: expect.stringMatching(
      new RegExp(`^--metrics-port ${port}: cannot listen on 127.0.0.1: .*EADDRINUSE.* Choose another`),
    ),
  })
})

describe('a look', () => {
  test('finds the kinds of work that wait, of this process’s kinds alone, in runs that go on', async () => {
    const { state, deps } = world(['session', 'plan'])
    state.waiting = ['a.test']
    const watch = createWatch(deps)
    await watch.look()
    expect(watch.watched().waiting).toEqual(['session'])
    const filter = createWatch({ ...deps, kinds: ['batch'] })
    await filter.look()
    expect(filter.watched().waiting).toEqual([])
    const ended = createWatch({
      ...deps,
      fleet: {
        ...deps.fleet,
        backend: {
          ...deps.fleet.backend,
          runs: async () => [entry('old', { ended: 'done' }), entry('bad', { standing: 'failed' })],
        },
      },
    })
    await ended.look()
    expect(ended.watched().waiting).toEqual([])
  })

  test('finds hosts of which a worker was notified a moment ago, where nobody took them', async () => {
    const { state, deps } = world(['session'])
    const watch = createWatch(deps)
    await watch.look()
    expect(watch.watched().waiting).toEqual([])
    state.held = 0
    await watch.look()
    expect(watch.watched().waiting).toEqual(['session'])
  })

  test('at a backend that hangs ends, and no second one begins before', async () => {
    const { state, deps } = world()
    state.backend = 'hangs'
    const watch = createWatch(deps)
    await Promise.all([watch.look(), watch.look(), watch.look()])
    expect(state.asked).toBe(1)
    expect(watch.watched()).toMatchObject({ waiting: null, contactAtMs: 0 })
  })
})
