import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Answering, BellKind, Hub, RunEntry, Visited } from '../backend/index.js'
import type { Renderer } from '../crawl/index.js'
import { prepareImageLibrary } from '../filter/index.js'
import { messageOf } from '../records/index.js'
import type { Store } from '../shard/index.js'
import { createGate, pause } from '../timing/index.js'
import type { RunOptions, Scoring } from '../workers/index.js'
import type { Observe, WorkEvent } from './observe/events.js'
import { observedBackend } from './observe/observed.js'
import { createLines } from './pipelines.js'
import { openNet } from './resources.js'
import type { RunSignals } from './run-types.js'
import { createSteward } from './scheduler.js'

/** What one process does: the only one of a folder's run, or one of a fleet's. */
export interface WorkOptions {
  /** Visits of each kind at once; a kind that is left out is not answered. Who carries out plans looks after the runs too. */
  readonly places: Partial<Record<BellKind, number>>
  /** Images in decoding at once. */
  readonly decodes: number
  /** End when every run has ended. */
  readonly untilDone: boolean
  /** How often the runs are looked after. */
  readonly roundMs: number
  /** How often, at most, what waits is rung and the time is counted; 0 = in every round. */
  readonly ringMs: number
  /** A part is planned so long after its commit, when nothing can take the commit back any more. */
  readonly settleMs: number
}

export interface WorkDeps {
  readonly hub: Hub
  /** Whoever opens stores, models and browsers closes them, when the work has ended. */
  readonly openStore: (url: string) => Promise<Store | { readonly message: string }>
  /** `lost` is aborted when the model breaks later: then the process ends. */
  readonly openScoring: (
    options: RunOptions,
    lost: AbortController,
    signal: AbortSignal,
  ) => Promise<Scoring | { readonly message: string }>
  /** The browsers of this process; null = it has none. */
  readonly renderer: () => Promise<Renderer | null>
  /** Binds a store to a run. Answers why it cannot be used; null = it is the run's. */
  readonly claim: (store: Store, entry: RunEntry, signal: AbortSignal) => Promise<string | null>
  /** Runs whose place is in order already: reconciled, and swept of what nobody names. */
  readonly inOrder: readonly string[]
  /** Whether the state of a run is to be written beside its dataset. */
  readonly publishes: boolean
  readonly observe: Observe
  readonly now: () => number
  readonly random: () => number
}

/** What a worker process tells of itself at any moment. */
export interface Vitals {
  readonly worker: string
  readonly startedAtMs: number
  /** Visits under way. */
  readonly active: number
  /** When a visit last ended, or the process began. */
  readonly consumedAtMs: number
  readonly connected: boolean
}

export interface Working {
  vitals(): Vitals
  /** Resolves when the process drained, or every run ended; rejects where the model broke. */
  readonly ended: Promise<void>
}

const beatMs = 2_000
/** A worker that said nothing for so long is not listed. */
const ttlMs = 15_000
/** How often the server is asked how it stands, and a ring that it cannot be answered now is looked at again. */
const lookMs = 5_000
/** A ring whose run this process cannot work on is left to another. */
const elsewhereMs = 2_000
/** Answers the rings of the hub's runs until `signals` say so. Any number of such processes share the work. */
export function work(options: WorkOptions, deps: WorkDeps, signals: RunSignals): Working {
  prepareImageLibrary()
  const { hub, now } = deps
  const worker = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  const lost = new AbortController()
  const over = new AbortController()
  const abort = AbortSignal.any([signals.abort, lost.signal])
  const drain = AbortSignal.any([signals.drain, abort, over.signal])
  const startedAtMs = now()
  let active = 0
  let consumedAtMs = startedAtMs
  const visits: Record<BellKind, number> = { session: 0, batch: 0, plan: 0 }
  const problems = new Map<string, string>()

  const observe = (event: WorkEvent): void => {
    if (event.kind === 'problem') {
      if (problems.get(event.run) === event.message) return
      problems.set(event.run, event.message)
    }
    deps.observe(event)
  }
  const trouble = (error: unknown, run: string | null = null, key: string | null = null): void => {
    if (abort.aborted) return
    const message = messageOf(error)
    // The state of the server is told once, not with every call that it refuses.
    const kind = hub.server.met(message) === null ? 'trouble' : 'refused'
    observe({ kind, run, key, message })
  }
  const backend = observedBackend(hub.backend, observe)
  const lines = createLines({
    backend,
    bells: hub.bells,
    decoding: createGate(options.decodes),
    openNet,
    openStore: deps.openStore,
    openScoring: (run) => deps.openScoring(run, lost, abort),
    // Looked for when the first run is there that may need one.
    renderer: () => {
      browsers ??= options.places.session === undefined ? Promise.resolve(null) : deps.renderer()
      return browsers
    },
    claim: deps.claim,
    observe,
    settleMs: options.settleMs,
    abort,
    now,
    random: deps.random,
  })
  let browsers: Promise<Renderer | null> | null = null
  const steward = createSteward({
    backend,
    bells: hub.bells,
    lines,
    observe,
    worker,
    ringMs: options.ringMs,
    inOrder: deps.inOrder,
    publishes: deps.publishes,
    now,
  })
  hub.onReconnect(() => {
    observe({ kind: 'reconnected' })
    lines.distrust()
    steward.distrust()
  })

  hub.server.onChange(({ state, text }) => observe({ kind: 'server', state: state.kind, message: text }))

  const visit = async (kind: BellKind, run: string, key: string): Promise<Visited> => {
    const line = await lines.of(run)
    // A ring for what was forgotten.
    if (line === null) {
      problems.delete(run)
      return { kind: 'done' }
    }
    if ('message' in line) {
      observe({ kind: 'problem', run, message: line.message })
      return { kind: 'again', inMs: elsewhereMs }
    }
    // The run opened, so its last problem is cleared; the visit reports it again if it persists.
    problems.delete(run)
    switch (kind) {
      case 'session':
        return await line.visitSession(key, AbortSignal.any([drain, hub.server.resting]), abort)
      case 'batch':
        return await line.visitBatch(key, drain, abort)
      case 'plan':
        return await line.visitPlan(key, abort)
    }
  }
  const answer = ([kind, places]: [BellKind, number]): Answering =>
    hub.bells.answer(
      kind,
      places,
      async ({ run, key }) => {
        if (!hub.server.takesWork) return { kind: 'again', inMs: lookMs }
        const began = now()
        active++
        try {
          const visited = await visit(kind, run, key)
          observe({
            kind: 'visited',
            bell: kind,
            run,
            key,
            ms: now() - began,
            again: visited.kind === 'again',
          })
          visits[kind]++
          return visited
        } catch (error) {
          trouble(error, run, key)
          throw error
        } finally {
          active--
          consumedAtMs = now()
        }
      },
      // What a visit failed with was told above; what else goes wrong with a queue is told by the connection.
      () => {},
    )

  const beat = () =>
    hub.backend.beat({
      worker,
      ttlMs,
      body: {
        v: 1,
        host: hostname(),
        pid: process.pid,
        startedAtMs,
        places: options.places,
        active,
        visits,
        problems: Object.fromEntries(problems),
      },
    })
  const every = async (ms: number, act: () => Promise<unknown>): Promise<void> => {
    while (!drain.aborted) {
      await act().catch((error: unknown) => trouble(error))
      await pause(ms, drain)
    }
  }

  const live = async (): Promise<void> => {
    const answering = (Object.entries(options.places) as [BellKind, number][]).map(answer)
    const tends = options.places.plan !== undefined
    try {
      await Promise.all([
        every(lookMs, () => hub.server.look()),
        every(beatMs, beat),
        every(options.roundMs, async () => {
          if (!hub.server.takesWork) steward.rest()
          else if (tends) await steward.round(drain)
          if (options.untilDone && (await isAllDone(hub))) over.abort()
        }),
      ])
    } finally {
      await Promise.all(answering.map((one) => one.close(abort.aborted)))
      // What stays behind its shards now would stay so until the next start.
      await lines.catchUp(abort).catch((error: unknown) => trouble(error))
      // The server may be what was lost; then its leases end by themselves.
      await Promise.allSettled([steward.close(), hub.backend.removeWorker(worker)])
      await lines.close()
    }
    lost.signal.throwIfAborted()
  }
  return {
    vitals: () => ({ worker, startedAtMs, active, consumedAtMs, connected: hub.connected() }),
    ended: live(),
  }
}

/** No run goes on. A paused one does: somebody will resume it. */
async function isAllDone({ backend }: Pick<Hub, 'backend'>): Promise<boolean> {
  return (await backend.runs()).every(({ ended, standing }) => ended !== null || standing === 'failed')
}
