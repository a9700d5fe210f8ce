import { describe, expect, it } from 'vitest'
import type { Backend, Progress } from '../../../src/backend/backend.js'
import type { BellKind, Bells } from '../../../src/backend/work-queue.js'
import { type Drive, drive } from '../../../src/run/drive.js'
import type { RunSnapshot } from '../../../src/run/run-types.js'
import type { Status } from '../../../src/run/status.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'
import { noProgress } from '../../fixtures/workers/no-progress.js'

/** A run whose state a test moves; rings are written down, and nobody answers. */
function desk(state: Partial<Progress>, over: Partial<Drive> = {}) {
  let progress = { ...noProgress, ...state }
  const rings: [BellKind, readonly string[]][] = []
  const states: string[] = []
  const closed: boolean[] = []
  const finished: boolean[] = []
  const caughtUp: AbortSignal[] = []
  const onRing: ((kind: BellKind) => void)[] = []
  const backend: Partial<Backend> = {
    progress: async () => progress,
    addElapsed: async (_, ms) => {
      progress = { ...progress, elapsedMs: progress.elapsedMs + ms }
    },
    closeBatches: async () => [],
    waitingHosts: async () => (progress.urls > 0 ? ['a.test'] : []),
    openBatches: async () => (progress.batchesOpen > 0 ? ['4'] : []),
    openPlans: async () => (progress.plansOpen > 0 ? [7] : []),
    unplannedParts: async () => [],
    // The file that is filling is not full before it is closed.
    openPageFiles: async (_, closing) => (closing && progress.pageRows > 0 ? [2] : []),
  }
  const bells: Partial<Bells> = {
    ring: async (kind, _, keys) => {
      if (keys.length === 0) return
      rings.push([kind, keys])
      for (const listener of onRing) listener(kind)
    },
    answer: () => ({ close: async (now) => void closed.push(now) }),
  }
  const status: Partial<Status> = {
    state: (name) => void states.push(name),
    trouble: () => {},
    troubles: () => 0,
    update: async (): Promise<RunSnapshot> => snapshotOf(),
  }
  const shard = {
    deps: { backend, bells },
    settings: { run: 'r', shardSize: 10, minShards: 1, seed: 's', format: 'jpg', modelId: null },
  }
  const run = () =>
    drive({
      run: 'r',
      backend: backend as Backend,
      bells: bells as Bells,
      status: status as Status,
      limits: { maxPages: null, maxPairs: null, maxPagesPerHost: null },
      maxTimeMs: null,
      batch: { batchSize: 256, batchAgeMs: 30_000, perHost: 32 },
      shard: shard as unknown as Drive['shard'],
      signals: { drain: new AbortController().signal, abort: new AbortController().signal },
      description: {
        catchUp: async (signal) => void caughtUp.push(signal),
        finish: async (complete) => void finished.push(complete),
      },
      workers: [{ kind: 'session', concurrency: 1, visit: async () => ({ kind: 'done' }) }],
      ...over,
    })
  return {
    run,
    rings,
    states,
    closed,
    finished,
    caughtUp,
    onRing: (listener: (kind: BellKind) => void) => void onRing.push(listener),
    move: (to: Partial<Progress>) => {
      progress = { ...progress, ...to }
    },
  }
}

describe('driving a run', () => {
  it('rings what waits and is held by nobody, and ends when nothing is left', async () => {
    const { run, rings, onRing, move, states, finished, closed } = desk({
      urls: 1,
      batchesOpen: 1,
      plansOpen: 1,
    })
    onRing((kind) => kind === 'plan' && move({ urls: 0, batchesOpen: 0, plansOpen: 0 }))
    expect(await run()).toMatchObject({ kind: 'done' })
    expect(rings).toEqual([
      ['session', ['a.test']],
      ['batch', ['4']],
      ['plan', ['7']],
    ])
    expect(states).toEqual(['running', 'done'])
    expect([finished, closed]).toEqual([[true], [false]])
  })

  it('does not end before the last rows of the page ledger are written', async () => {
    const { run, rings, onRing, move, finished } = desk({ urls: 1, pageRows: 7 })
    onRing((kind) => move(kind === 'plan' ? { pageRows: 0 } : { urls: 0 }))
    expect(await run()).toMatchObject({ kind: 'done' })
    expect(rings).toEqual([
      ['session', ['a.test']],
      ['plan', ['pages/2']],
    ])
    expect(finished).toEqual([true])
  })

  it('begins no page and no batch when its time is over, but ends its plans', async () => {
    const { run, rings, onRing, move, finished } = desk(
      { urls: 3, batchesOpen: 1, plansOpen: 1, elapsedMs: 60_000 },
      { maxTimeMs: 1_000 },
    )
    let plans = 0
    // The first ring for the plan comes to nothing.
    onRing((kind) => kind === 'plan' && ++plans === 2 && move({ plansOpen: 0 }))
    expect(await run()).toMatchObject({ kind: 'limit', limit: 'max-time' })
    expect(rings.filter(([kind]) => kind !== 'plan').length).toBeLessThanOrEqual(2)
    expect(finished).toEqual([false])
  })

  it('stops when it is told to drain, after what is under way, and leaves no description behind its shards', async () => {
    const drain = new AbortController()
    const { run, onRing, states, closed, caughtUp, finished } = desk(
      { urls: 3 },
      { signals: { drain: drain.signal, abort: new AbortController().signal } },
    )
    onRing(() => drain.abort())
    expect(await run()).toMatchObject({ kind: 'interrupted' })
    expect(states).toEqual(['running', 'draining', 'stopped'])
    expect([closed, caughtUp.length, finished]).toEqual([[false], 1, []])
  })

  it('stops at once when it is aborted', async () => {
    const abort = new AbortController()
    const { run, onRing, closed } = desk(
      { urls: 3 },
      { signals: { drain: new AbortController().signal, abort: abort.signal } },
    )
    onRing(() => abort.abort())
    expect(await run()).toMatchObject({ kind: 'interrupted' })
    expect(closed).toEqual([true])
  })
})
