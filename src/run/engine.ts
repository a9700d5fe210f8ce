import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Answering, BellKind, Fleet, Visited } from '../backend/index.js'
import type { Renderer } from '../crawl/index.js'
import { type Provider, prepareImageLibrary } from '../filter/index.js'
import { messageOf } from '../records/index.js'
import type { Store } from '../shard/index.js'
import { createGate, pause } from '../timing/index.js'
import type { RunOptions } from '../workers/index.js'
import type { Observe, WorkEvent } from './observe/events.js'
import { observedBackend } from './observe/observed.js'
import { createLines } from './pipelines.js'
import { openNet, openRenderer, openScoring } from './resources.js'
import type { Environment, RunSignals } from './run-types.js'
import { createSteward } from './scheduler.js'

/** What one process of a fleet does. */
export interface WorkOptions {
  /** Visits of each kind at once; a kind that is left out is not answered. Who carries out plans looks after the runs too. */
  readonly places: Partial<Record<BellKind, number>>
  /** Threads of the model's session. */
  readonly threads: number
  readonly provider: Provider
  /** Images in decoding at once. */
  readonly decodes: number
  /** End when every run has ended. */
  readonly untilDone: boolean
}

export interface WorkDeps {
  readonly fleet: Fleet
  readonly environment: Environment
  readonly openStore: (url: string) => Promise<Store | { readonly message: string }>
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
const roundMs = 500
/** How often the server is asked how it stands, and a ring that it cannot be answered now is looked at again. */
const lookMs = 5_000
/** A ring whose run this process cannot work on is left to another. */
const elsewhereMs = 2_000
/**
 * A part is planned so long after its commit: more than a server with AOF everysec can lose when its power is cut, so that no plan is
 * made of what might not have been.
 */
const settleMs = 4_000

/** Answers the rings of every run of the fleet until `signals` say so. Any number of such processes share the work. */
export function work(options: WorkOptions, deps: WorkDeps, signals: RunSignals): Working {
  prepareImageLibrary()
  const { fleet, now } = deps
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
    const kind = fleet.server.met(message) === null ? 'trouble' : 'refused'
    observe({ kind, run, key, message })
  }
  const backend = observedBackend(fleet.backend, observe)
  const lines = createLines({
    backend,
    bells: fleet.bells,
    decoding: createGate(options.decodes),
    openNet,
    openStore: deps.openStore,
    openScoring: (run: RunOptions) =>
      openScoring(
        { ...run, threads: run.threads ?? options.threads, provider: options.provider },
        deps.environment,
        lost,
        () => {},
        abort,
      ),
    renderer: () => {
      browsers ??= openBrowsers()
      return browsers
    },
    observe,
    settleMs,
    abort,
    now,
    random: deps.random,
  })
  let browsers: Promise<Renderer | null> | null = null
  /** Looked for when the first run is there that may need one, and told once. */
  const openBrowsers = async (): Promise<Renderer | null> => {
    if (options.places.session === undefined) return null
    const opened = await openRenderer(deps.environment.browser, (message) => trouble(new Error(message)))
    if (opened.note !== null) observe({ kind: 'notice', message: opened.note })
    return opened.renderer
  }
  const steward = createSteward({ backend, bells: fleet.bells, lines, observe, worker, now })
  fleet.onReconnect(() => {
    observe({ kind: 'reconnected' })
    lines.distrust()
    steward.distrust()
  })

  fleet.server.onChange(({ state, text }) => observe({ kind: 'server', state: state.kind, message: text }))

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
    // What hindered it has passed; what still does is told again by the visit.
    problems.delete(run)
    switch (kind) {
      case 'session':
        return await line.visitSession(key, AbortSignal.any([drain, fleet.server.resting]), abort)
      case 'batch':
        return await line.visitBatch(key, drain, abort)
      case 'plan':
        return await line.visitPlan(key, abort)
    }
  }
  const answer = ([kind, places]: [BellKind, number]): Answering =>
    fleet.bells.answer(
      kind,
      places,
      async ({ run, key }) => {
        if (!fleet.server.takesWork) return { kind: 'again', inMs: lookMs }
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
    fleet.backend.beat({
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
        every(lookMs, () => fleet.server.look()),
        every(beatMs, beat),
        every(roundMs, async () => {
          if (!fleet.server.takesWork) steward.rest()
          else if (tends) await steward.round(drain)
          if (options.untilDone && (await isAllDone(fleet))) over.abort()
        }),
      ])
    } finally {
      await Promise.all(answering.map((one) => one.close(abort.aborted)))
      // The server may be what was lost; then its leases end by themselves.
      await Promise.allSettled([steward.close(), fleet.backend.removeWorker(worker)])
      await lines.close()
      await (await browsers)?.close()
    }
    lost.signal.throwIfAborted()
  }
  return {
    vitals: () => ({ worker, startedAtMs, active, consumedAtMs, connected: fleet.connected() }),
    ended: live(),
  }
}

/** No run goes on. A paused one does: somebody will resume it. */
async function isAllDone({ backend }: Pick<Fleet, 'backend'>): Promise<boolean> {
  return (await backend.runs()).every(({ ended, standing }) => ended !== null || standing === 'failed')
}
