import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Backend, Progress } from '../../../src/backend/backend.js'
import type { Hub } from '../../../src/backend/hub.js'
import { ServerMonitor } from '../../../src/backend/redis/server-monitor.js'
import type { ServerMemory } from '../../../src/backend/redis/server-state.js'
import type { WorkKind, WorkQueue } from '../../../src/backend/work-queue.js'
import { type WorkDeps, work } from '../../../src/run/engine.js'
import type { WorkEvent } from '../../../src/run/observe/events.js'
import type { RunSignals } from '../../../src/run/run-types.js'
import { folderStore, type Manifest, readGenerations, writeGeneration } from '../../../src/shard/index.js'
import { entry } from '../../fixtures/fleet/fleet-values.js'
import { runOptions } from '../../fixtures/options/run-options.js'
import { tempFolder } from '../../fixtures/run/pairmill.js'
import { writeHoledShard } from '../../fixtures/shard/taken-back.js'
import { noProgress } from '../../fixtures/workers/no-progress.js'

/** A run whose state a test moves; notified are written down, and nobody answers. */
function desk(
  state: Partial<Progress>,
  maxTimeMs: number | null = null,
  over: Partial<RunSignals> = {},
  openStore: WorkDeps['openStore'] = async (place) => folderStore(place),
  memory: ServerMemory | null = null,
) {
  const out = tempFolder()
  let progress = { ...noProgress, ...state }
  let ended: string | null = null
  let note: string | null = null
  const notified: [WorkKind, readonly string[]][] = []
  const closed: boolean[] = []
  const marks: number[] = []
  const onMark: ((mark: number) => void)[] = []
  const events: WorkEvent[] = []
  const onNotify: ((kind: WorkKind) => void)[] = []
  const backend: Partial<Backend> = {
    runs: async () => [
      entry('r', {
        standing: progress.standing,
        note,
        ended,
      }),
    ],
    options: async () => ({ ...runOptions({ out, maxTimeMs, model: 'none' }) }),
    createdMs: async () => entry('r', {}).createdMs,
    workers: async () => [],
    beat: async () => {},
    removeWorker: async () => {},
    claimDuty: async () => true,
    dropDuty: async () => {},
    adoptPageFiles: async () => {},
    liveParts: async () => [],
    progress: async () => progress,
    addElapsed: async (_, ms) => {
      progress = { ...progress, elapsedMs: progress.elapsedMs + ms }
    },
    setBacklogMark: async (_, mark) => {
      progress = { ...progress, backlogMark: mark }
      marks.push(mark)
      for (const listener of onMark) listener(mark)
    },
    setStanding: async (_, standing, why) => {
      progress = { ...progress, standing }
      note = why
      return true
    },
    endRun: async ({ as }) => {
      ended = as
      return true
    },
    closeBatches: async () => [],
    waitingHosts: async () => (progress.urls > 0 && progress.standing === 'running' ? ['a.test'] : []),
    openBatches: async () => (progress.batchesOpen > 0 && progress.standing === 'running' ? ['4'] : []),
    openPlans: async () => (progress.plansOpen > 0 ? [7] : []),
    unplannedParts: async () => [],
    // The file that is filling is not full before it is closed.
    openPageFiles: async (_, closing) => (closing && progress.pageRows > 0 ? [2] : []),
  }
  const queue: Partial<WorkQueue> = {
    notify: async (kind, _, keys) => {
      if (keys.length === 0) return
      notified.push([kind, keys])
      for (const listener of onNotify) listener(kind)
    },
    size: async () => 0,
    consume: () => ({ close: async (now) => void closed.push(now) }),
  }
  const hub: Hub = {
    backend: backend as Backend,
    queue: queue as WorkQueue,
    warnings: [],
    connected: () => true,
    server: new ServerMonitor(async () => ({ refusal: null, memory })),
    explain: async () => null,
    onReconnect: () => {},
    close: async () => {},
  }
  const never = new AbortController().signal
  const run = () =>
    work(
      {
        places: { session: 1, plan: 1 },
        decodes: 1,
        untilDone: true,
        roundMs: 1,
        notifyMs: 0,
        settleMs: 0,
      },
      {
        hub,
        openStore,
        openScoring: async () => ({ message: 'none' }),
        renderer: async () => null,
        claim: async () => null,
        inOrder: [],
        isAlone: true,
        observe: (event) => events.push(event),
        now: Date.now,
        random: Math.random,
      },
      { drain: never, abort: never, ...over },
    ).ended
  const manifest = (): Manifest | null => {
    const path = join(out, 'manifest.json')
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
  }
  /** Whether the manifest calls the dataset complete; null = there is none. */
  const complete = (): boolean | null => manifest()?.complete ?? null
  return {
    run,
    store: folderStore(out),
    manifest,
    notified,
    closed,
    marks,
    onMark: (listener: (mark: number) => void) => void onMark.push(listener),
    events,
    complete,
    ended: () => ended,
    progress: () => progress,
    onNotify: (listener: (kind: WorkKind) => void) => void onNotify.push(listener),
    move: (to: Partial<Progress>) => {
      progress = { ...progress, ...to }
    },
  }
}

describe('the engine', () => {
  it('notified what waits and is held by nobody, and ends when nothing is left', async () => {
    const { run, notified, onNotify, move, events, complete, closed, ended } = desk({
      urls: 1,
      batchesOpen: 1,
      plansOpen: 1,
    })
    onNotify((kind) => kind === 'plan' && move({ urls: 0, batchesOpen: 0, plansOpen: 0 }))
    await run()
    expect(notified).toEqual([
      ['session', ['a.test']],
      ['batch', ['0']],
      ['plan', ['0']],
    ])
    expect(events).toEqual([{ kind: 'run_ended', run: 'r', as: 'done' }])
    expect([ended(), complete(), closed]).toEqual(['done', true, [false, false]])
  })

  it('describes shards as they come, although their plan is open', async () => {
    const { run, store, manifest, move, ended } = desk({ nextShard: 4, plansOpen: 1 })
    await writeHoledShard(store, 0, 1, [])
    const over = run()
    await expect.poll(() => manifest()?.shards.length, { timeout: 20_000 }).toBe(1)
    await writeHoledShard(store, 1, 1, [])
    await expect.poll(() => manifest()?.shards.length, { timeout: 20_000 }).toBe(2)
    expect([manifest()?.complete, manifest()?.generation, ended()]).toEqual([false, 2, null])
    move({ plansOpen: 0 })
    await over
    expect(manifest()).toMatchObject({ complete: true, generation: 2 })
    const [first] = await readGenerations(store, 1, new AbortController().signal)
    expect(first).toMatchObject({ command: 'run', added: { from: 0, to: 0 } })
  })

  it('describes before it goes what its last plan has written', async () => {
    const drain = new AbortController()
    const { run, store, manifest, onNotify } = desk({ urls: 1, nextShard: 0 }, null, { drain: drain.signal })
    onNotify(() => drain.abort())
    await writeHoledShard(store, 0, 1, [])
    await run()
    expect(manifest()).toMatchObject({ complete: false, shards: [{ shard: 0 }] })
  })

  it('leaves a dataset alone whose files somebody is rewriting, and says who ends that', async () => {
    const { run, store, manifest, notified } = desk({ urls: 1 })
    await writeGeneration(
      store,
      {
        ...{ v: 1, generation: 1, at: '2026-01-02T03:04:05.000Z', command: 'retract', reason: null },
        ...{ added: null, rewritten: [], files: [{ name: '00000.tar', before: null, after: null }] },
      },
      new AbortController().signal,
    )
    await expect(run()).rejects.toThrow('generation 1, retract, is under way: the same command ends it')
    expect([manifest(), notified]).toEqual([null, []])
  })

  it('does not end before the last rows of the page ledger are written', async () => {
    const { run, notified, onNotify, move, ended, complete } = desk({ urls: 1, pageRows: 7 })
    onNotify((kind) => move(kind === 'plan' ? { pageRows: 0 } : { urls: 0 }))
    await run()
    expect(notified).toEqual([
      ['session', ['a.test']],
      ['plan', ['0']],
    ])
    expect([ended(), complete()]).toEqual(['done', true])
  })

  it('begins no page and no batch when its time is over, but ends its plans', async () => {
    const { run, notified, onNotify, move, complete, ended } = desk(
      { urls: 3, batchesOpen: 1, plansOpen: 1, elapsedMs: 60_000 },
      1_000,
    )
    let plans = 0
    // The first item for the plan comes to nothing.
    onNotify((kind) => kind === 'plan' && ++plans === 2 && move({ plansOpen: 0 }))
    await run()
    expect(notified.filter(([kind]) => kind !== 'plan').length).toBeLessThanOrEqual(2)
    expect([ended(), complete()]).toEqual(['max-time', false])
  })

  it('has the crawl wait while the server is nearly full, and time does not count then', async () => {
    const memory = { usedBytes: 91, maxBytes: 100 }
    const { run, marks, onMark, move, ended } = desk({ urls: 1 }, null, {}, undefined, memory)
    onMark((mark) => mark < 0 && move({ urls: 0 }))
    await run()
    expect([marks, ended()]).toEqual([[-1], 'done'])
  })

  it('counts no time while the crawl waits for the filters', async () => {
    const { run, onNotify, move, progress } = desk({ urls: 1, crawlWaits: true })
    let rounds = 0
    onNotify(() => ++rounds === 20 && move({ urls: 0 }))
    await run()
    // The first round does not know yet, and has no time to count either.
    expect(progress().elapsedMs).toBe(0)
  })

  it('stops when it is told to drain, after what is under way, and the run goes on', async () => {
    const drain = new AbortController()
    const { run, onNotify, closed, ended } = desk({ urls: 3 }, null, { drain: drain.signal })
    onNotify(() => drain.abort())
    await run()
    expect([closed, ended()]).toEqual([[false, false], null])
  })

  it('stops at once when it is aborted', async () => {
    const abort = new AbortController()
    const { run, onNotify, closed, ended } = desk({ urls: 3 }, null, { abort: abort.signal })
    onNotify(() => abort.abort())
    await run()
    expect([closed, ended()]).toEqual([[true, true], null])
  })

  it('ends with the reason where it is alone and cannot work on its run: nobody else will', async () => {
    const { run, ended, events } = desk({ urls: 3 }, null, {}, async () => ({ message: 'the place is gone' }))
    await expect(run()).rejects.toThrow('the place is gone')
    expect(ended()).toBeNull()
    expect(events).toEqual([{ kind: 'problem', run: 'r', message: 'the place is gone' }])
  })
})
