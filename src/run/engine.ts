import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { Backend, Consumer, Hub, WorkKind } from '../backend/index.js'
import type { Renderer } from '../crawl/index.js'
import { createDevelopThreads, type DevelopThreads } from '../filter/index.js'
import type { RunOptions } from '../options/index.js'
import { messageOf } from '../records/index.js'
import type { Store } from '../shard/index.js'
import { createSemaphore, sleep } from '../timing/index.js'
import { type Scoring, UnderWay } from '../workers/index.js'
import type { Observe, WorkEvent } from './observe/events.js'
import { observedBackend } from './observe/observed.js'
import type { Claim } from './output-claim.js'
import { type OpenPipeline, Pipelines } from './pipelines.js'
import { openNet } from './resources.js'
import type { RunSignals } from './run-types.js'
import { openShardWork } from './schedule.js'
import { Scheduler } from './scheduler.js'
import { takeOne, type Visit } from './slot.js'

/** What one process does: the only one of a folder's run, or one of a fleet's. */
interface WorkOptions {
  /** Visits of each kind at once; a kind that is left out is not answered. Who carries out plans looks after the runs too. */
  readonly places: Partial<Record<WorkKind, number>>
  /** Images in decoding at once. */
  readonly decodes: number
  /** End when every run has ended. */
  readonly untilDone: boolean
  /** How often the runs are looked after. */
  readonly roundMs: number
  /** How often, at most, workers are notified of what waits and the time is counted; 0 = in every round. */
  readonly notifyMs: number
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
  readonly claim: Claim
  /** Runs whose place is in order already: reconciled, and swept of what nobody names. */
  readonly inOrder: readonly string[]
  /**
   * Whether no other process works on these runs. Then whoever started the run tells how it stands; in a fleet the holder of the duty
   * does. And a run that this process cannot work on goes on nowhere: the work ends with why.
   */
  readonly isAlone: boolean
  readonly observe: Observe
  /** What of this process's work is on its way to a commit, for who shows it; absent = nobody does. */
  readonly underWay?: UnderWay
  readonly now: () => number
  readonly random: () => number
}

/** What a worker process tells of itself at any moment. */
interface Vitals {
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
  /** Resolves when the process drained, or every run ended; rejects where the model broke, or a process that is alone cannot work on a run. */
  readonly ended: Promise<void>
}

const beatMs = 2_000
/** A worker that said nothing for so long is not listed. */
const ttlMs = 15_000
/** How often the server is asked how it stands, and an item that cannot be worked on now is looked at again. */
const lookMs = 5_000
/** Open batches of which a slot takes the first that nobody took meanwhile. */
const mostOffered = 16
/** An item whose run this process cannot work on is left to another. */
const elsewhereMs = 2_000

/** Works on the hub's runs until `signals` say so. Any number of such processes share the work. */
export function work(options: WorkOptions, deps: WorkDeps, signals: RunSignals): Working {
  const engine = new Engine(options, deps, signals)
  return { vitals: () => engine.vitals(), ended: engine.run() }
}

class Engine {
  readonly #options: WorkOptions
  readonly #deps: WorkDeps
  readonly #worker = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  /** Aborted when the model breaks, or when the only process that there is cannot work on a run. */
  readonly #lost = new AbortController()
  /** Aborted when every run has ended. */
  readonly #over = new AbortController()
  readonly #abort: AbortSignal
  readonly #drain: AbortSignal
  readonly #backend: Backend
  readonly #pipelines: Pipelines
  readonly #scheduler: Scheduler
  readonly #developing: DevelopThreads
  readonly #startedAtMs: number
  #consumedAtMs: number
  #active = 0
  readonly #visits: Record<WorkKind, number> = { session: 0, batch: 0, plan: 0 }
  /** Why this process cannot work on a run, by run. */
  readonly #problems = new Map<string, string>()
  #browsers: Promise<Renderer | null> | null = null

  constructor(options: WorkOptions, deps: WorkDeps, signals: RunSignals) {
    const { hub, now } = deps
    this.#options = options
    this.#deps = deps
    this.#abort = AbortSignal.any([signals.abort, this.#lost.signal])
    this.#drain = AbortSignal.any([signals.drain, this.#abort, this.#over.signal])
    this.#startedAtMs = now()
    this.#consumedAtMs = this.#startedAtMs
    const observe = (event: WorkEvent) => this.#observe(event)
    const backend = observedBackend(hub.backend, observe)
    this.#backend = backend
    this.#developing = createDevelopThreads({ atOnce: options.decodes })
    this.#pipelines = new Pipelines({
      backend,
      queue: hub.queue,
      decoding: createSemaphore(options.decodes),
      develop: this.#developing.develop,
      openNet,
      openStore: deps.openStore,
      openScoring: (run) => deps.openScoring(run, this.#lost, this.#abort),
      renderer: () => this.#renderer(),
      claim: deps.claim,
      observe,
      underWay: deps.underWay ?? new UnderWay(now),
      settleMs: options.settleMs,
      isAlone: deps.isAlone,
      abort: this.#abort,
      now,
      random: deps.random,
    })
    this.#scheduler = new Scheduler({
      backend,
      queue: hub.queue,
      server: hub.server,
      pipelines: this.#pipelines,
      observe,
      worker: this.#worker,
      notifyMs: options.notifyMs,
      inOrder: deps.inOrder,
      publishes: !deps.isAlone,
      now,
    })
    hub.onReconnect(() => {
      observe({ kind: 'reconnected' })
      this.#pipelines.distrust()
      this.#scheduler.distrust()
    })
    hub.server.onChange(({ state, text }) => observe({ kind: 'server', state: state.kind, message: text }))
  }

  vitals(): Vitals {
    return {
      worker: this.#worker,
      startedAtMs: this.#startedAtMs,
      active: this.#active,
      consumedAtMs: this.#consumedAtMs,
      connected: this.#deps.hub.connected(),
    }
  }

  async run(): Promise<void> {
    const { hub } = this.#deps
    const { places, roundMs } = this.#options
    const answering = (Object.entries(places) as [WorkKind, number][]).map((place) => this.#consume(...place))
    try {
      await Promise.all([
        this.#every(lookMs, () => hub.server.look()),
        this.#every(beatMs, () => this.#beat()),
        this.#every(roundMs, () => this.#round()),
      ])
    } finally {
      await Promise.all(answering.map((one) => one.close(this.#abort.aborted)))
      // The server may be what was lost; then its leases end by themselves.
      await Promise.allSettled([this.#scheduler.close(this.#abort), hub.backend.removeWorker(this.#worker)])
      await this.#pipelines.close()
      await this.#developing.close()
    }
    this.#lost.signal.throwIfAborted()
  }

  async #every(ms: number, act: () => Promise<unknown>): Promise<void> {
    while (!this.#drain.aborted) {
      await act().catch((error: unknown) => this.#trouble(error))
      await sleep(ms, this.#drain)
    }
  }

  async #round(): Promise<void> {
    const { hub } = this.#deps
    if (!hub.server.takesWork) this.#scheduler.rest()
    else if (this.#options.places.plan !== undefined) await this.#scheduler.round(this.#drain)
    if (this.#options.untilDone && (await isAllDone(hub))) this.#over.abort()
  }

  #beat(): Promise<void> {
    return this.#deps.hub.backend.beat({
      worker: this.#worker,
      ttlMs,
      body: {
        v: 1,
        host: hostname(),
        pid: process.pid,
        startedAtMs: this.#startedAtMs,
        places: this.#options.places,
        active: this.#active,
        visits: this.#visits,
        problems: Object.fromEntries(this.#problems),
      },
    })
  }

  #consume(kind: WorkKind, places: number): Consumer {
    const { hub, now } = this.#deps
    return hub.queue.consume(
      kind,
      places,
      async ({ run, key }) => {
        if (!hub.server.takesWork) return { kind: 'again', inMs: lookMs }
        const began = now()
        this.#active++
        try {
          const visited = await this.#visit(kind, run, key)
          const { result } = visited
          const again = result.kind === 'again'
          this.#observe({ kind: 'visited', work: kind, run, key: visited.key, ms: now() - began, again })
          this.#visits[kind]++
          return result
        } catch (error) {
          this.#trouble(error, run, key)
          throw error
        } finally {
          this.#active--
          this.#consumedAtMs = now()
        }
      },
      // What a visit failed with was told above; what else goes wrong with a queue is told by the connection.
      () => {},
    )
  }

  async #visit(kind: WorkKind, run: string, key: string): Promise<Visit> {
    const pipeline = await this.#pipelines.of(run)
    // An item of a run that was forgotten.
    if (pipeline === null) {
      this.#problems.delete(run)
      return { key, result: { kind: 'done' } }
    }
    if ('message' in pipeline) {
      this.#observe({ kind: 'problem', run, message: pipeline.message })
      return { key, result: { kind: 'again', inMs: elsewhereMs } }
    }
    // The run opened, so its last problem is over; the pipeline tells it again if it persists.
    this.#problems.delete(run)
    // From here on: while the work is looked for, the pipeline may be retired.
    return await pipeline.visit(() => this.#visitIn(pipeline, kind, run, key))
  }

  async #visitIn(pipeline: OpenPipeline, kind: WorkKind, run: string, key: string): Promise<Visit> {
    const resting = this.#deps.hub.server.resting
    switch (kind) {
      case 'session':
        return {
          key,
          result: await pipeline.crawlHost(key, AbortSignal.any([this.#drain, resting]), this.#abort),
        }
      case 'batch':
        return await takeOne(
          key,
          (await this.#backend.openBatches(run, mostOffered)).map((batch) => ({
            key: batch,
            take: () => pipeline.judgeBatch(batch, this.#drain, this.#abort),
          })),
        )
      case 'plan':
        return await takeOne(
          key,
          (await openShardWork(this.#backend, run, false)).map((work) =>
            work.kind === 'plan'
              ? { key: String(work.plan), take: () => pipeline.buildShards(work.plan, this.#abort) }
              : { key: `pages/${work.file}`, take: () => pipeline.writePages(work.file, this.#abort) },
          ),
        )
    }
  }

  /** Looked for when the first run is there that may need one. */
  #renderer(): Promise<Renderer | null> {
    const crawls = this.#options.places.session !== undefined
    this.#browsers ??= crawls ? this.#deps.renderer() : Promise.resolve(null)
    return this.#browsers
  }

  #observe(event: WorkEvent): void {
    if (event.kind === 'problem') {
      if (this.#problems.get(event.run) === event.message) return
      this.#problems.set(event.run, event.message)
      if (this.#deps.isAlone) this.#lost.abort(new Error(event.message))
    }
    this.#deps.observe(event)
  }

  #trouble(error: unknown, run: string | null = null, key: string | null = null): void {
    if (this.#abort.aborted) return
    const message = messageOf(error)
    // The state of the server is told once, not with every call that it refuses.
    const kind = this.#deps.hub.server.met(message) === null ? 'trouble' : 'refused'
    this.#observe({ kind, run, key, message })
  }
}

/** No run goes on. A paused one does: somebody will resume it. */
async function isAllDone({ backend }: Pick<Hub, 'backend'>): Promise<boolean> {
  return (await backend.runs()).every(({ ended, standing }) => ended !== null || standing === 'failed')
}
