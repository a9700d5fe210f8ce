import { setImmediate } from 'node:timers/promises'
import type { Backend, RunEntry, RunModel, WorkQueue, WorkResult } from '../backend/index.js'
import type { Renderer } from '../crawl/index.js'
import type { Develop } from '../filter/index.js'
import type { Net } from '../net/index.js'
import type { RunOptions } from '../options/index.js'
import { messageOf } from '../records/index.js'
import { changeText, changeUnderWay, type Store } from '../shard/index.js'
import type { Semaphore } from '../timing/index.js'
import { createPipeline, openRejects, type Pipeline, type Scoring, type UnderWay } from '../workers/index.js'
import { optionsOf } from './launch.js'
import { type ManifestWriter, manifestWriterFor } from './manifest-writer.js'
import type { Observe } from './observe/events.js'
import { observedScoring } from './observe/observed.js'
import type { Claim } from './output-claim.js'

/** Why this process cannot work on a run. */
interface Unavailable {
  readonly message: string
}

interface PipelinesDeps {
  readonly backend: Backend
  readonly queue: WorkQueue
  readonly decoding: Semaphore
  readonly develop: Develop
  readonly openNet: (options: RunOptions) => Net
  /** Asked by each pipeline that is opened; the caller closes what it opened. */
  readonly openStore: (url: string) => Promise<Store | { readonly message: string }>
  readonly openScoring: (options: RunOptions) => Promise<Scoring | Unavailable>
  readonly claim: Claim
  /** The browsers of this process; null = it has none. */
  readonly renderer: () => Promise<Renderer | null>
  readonly observe: Observe
  readonly underWay: UnderWay
  readonly settleMs: number
  /** Whether no other process works on these runs. */
  readonly isAlone: boolean
  /** The process stops at once. */
  readonly abort: AbortSignal
  readonly now: () => number
  readonly random: () => number
}

/** One run, as this process works on it. */
export class OpenPipeline
  implements Pick<Pipeline, 'crawlHost' | 'judgeBatch' | 'buildShards' | 'writePages'>
{
  readonly #line: Pipeline
  readonly #net: Pick<Net, 'close'>
  #visits = 0
  #isRetired = false
  #isClosed = false

  /** `key`: of the run and the version of its options that it was opened with. */
  constructor(
    readonly key: string,
    readonly options: RunOptions,
    readonly store: Store,
    readonly manifest: ManifestWriter,
    line: Pipeline,
    net: Pick<Net, 'close'>,
  ) {
    this.#line = line
    this.#net = net
  }

  get batch(): Pipeline['batch'] {
    return this.#line.batch
  }

  get shard(): Pipeline['shard'] {
    return this.#line.shard
  }

  crawlHost(host: string, drain: AbortSignal, abort: AbortSignal): Promise<WorkResult> {
    return this.visit(() => this.#line.crawlHost(host, drain, abort))
  }

  judgeBatch(batch: string, drain: AbortSignal, abort: AbortSignal): Promise<WorkResult | null> {
    return this.visit(() => this.#line.judgeBatch(batch, drain, abort))
  }

  buildShards(plan: number, abort: AbortSignal): Promise<WorkResult | null> {
    return this.visit(() => this.#line.buildShards(plan, abort))
  }

  writePages(file: number, abort: AbortSignal): Promise<WorkResult | null> {
    return this.visit(() => this.#line.writePages(file, abort))
  }

  /** Another one takes its place: its connections are closed when its last visit has ended. */
  async retire(): Promise<void> {
    this.#isRetired = true
    if (this.#visits === 0) await this.close()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#net.close()
  }

  /** Keeps its connections open until the visit has ended, whatever takes its place meanwhile. */
  async visit<Result>(visit: () => Promise<Result>): Promise<Result> {
    this.#visits++
    try {
      return await visit()
    } finally {
      this.#visits--
      if (this.#isRetired && this.#visits === 0) await this.close()
    }
  }
}

/** The pipelines of all runs of a hub, each opened when it is first asked for. */
export class Pipelines {
  readonly #deps: PipelinesDeps
  #entries = new Map<string, RunEntry>()
  /** Those that are opened and not retired, by run. */
  readonly #current = new Map<string, Promise<OpenPipeline | Unavailable>>()
  /** Those that may have connections open. */
  readonly #opened = new Set<OpenPipeline>()

  constructor(deps: PipelinesDeps) {
    this.#deps = deps
  }

  /** What the backend lists, read anew. */
  async refresh(): Promise<readonly RunEntry[]> {
    const listed = await this.#deps.backend.runs()
    this.#entries = new Map(listed.map((entry) => [entry.run, entry]))
    for (const run of this.#current.keys()) if (!this.#entries.has(run)) this.#drop(run)
    return listed
  }

  /** null = there is no such run, or no more. */
  async of(run: string): Promise<OpenPipeline | Unavailable | null> {
    const entry = await this.#entryOf(run)
    if (entry === null) {
      this.#drop(run)
      return null
    }
    const earlier = this.#current.get(run)
    // Nothing is awaited where there is none: who asks at the same moment finds the one that is being opened.
    const known = earlier === undefined ? undefined : await earlier
    // Options that may change while a run goes on, its delay for one, take a pipeline of their own.
    if (known !== undefined && !('message' in known) && known.key === keyOf(entry)) return known
    // Another one opens it anew already.
    if (this.#current.get(run) !== earlier) return await this.of(run)
    const opening = this.#open(entry).catch((error: unknown) => ({ message: messageOf(error) }))
    this.#current.set(run, opening)
    if (earlier !== undefined) void this.#retire(earlier)
    const opened = await opening
    if ('message' in opened && this.#current.get(run) === opening) this.#current.delete(run)
    return opened
  }

  /**
   * The backend may have forgotten its last moments: what this process believes it to know is thrown away. A pipeline remembers which URLs it
   * offered; one that the backend lost must be offered again.
   */
  distrust(): void {
    for (const earlier of this.#current.values()) void this.#retire(earlier)
    this.#current.clear()
  }

  async close(): Promise<void> {
    for (const opened of this.#opened) await opened.close()
  }

  /** The run that has the name now: it may have been forgotten, and another one made under its name. */
  async #entryOf(run: string): Promise<RunEntry | null> {
    const createdMs = await this.#deps.backend.createdMs(run)
    if (createdMs === null) return null
    if (this.#entries.get(run)?.createdMs !== createdMs) await this.refresh()
    return this.#entries.get(run) ?? null
  }

  async #modelOf(run: string): Promise<RunModel | null> {
    const known = this.#entries.get(run)?.model ?? null
    if (known !== null) return known
    await this.refresh()
    return this.#entries.get(run)?.model ?? null
  }

  async #scoringOf(run: string, options: RunOptions): Promise<Scoring | Unavailable> {
    const { backend, observe, now, openScoring } = this.#deps
    const scoring = await openScoring(options)
    if ('message' in scoring) return scoring
    const adopted = await backend.adoptModel(run, scoring.model)
    if (adopted.id === scoring.model.id) return observedScoring(scoring, run, observe, now)
    return {
      message: `the run is scored with ${adopted.id}, and --model ${options.model} is ${scoring.model.id} here`,
    }
  }

  async #open(entry: RunEntry): Promise<OpenPipeline | Unavailable> {
    const { backend, queue, decoding, develop, observe, underWay, settleMs, isAlone, now, random, ...deps } =
      this.#deps
    const { run } = entry
    const stored = await backend.options(run)
    if (stored === null) return { message: `there is no run ${run} any more` }
    const options = optionsOf(stored)
    const store = await deps.openStore(options.out)
    if ('message' in store) return store
    const taken = await deps.claim(store, entry, options, deps.abort)
    if (taken !== null) return { message: taken }
    const change = await changeUnderWay(store, deps.abort)
    if (change !== null) return { message: `${options.out}: ${changeText(change)}` }
    const onTrouble = (error: unknown) =>
      observe({ kind: 'trouble', run, key: null, message: messageOf(error) })
    const lists = options.reject.map(({ sha256 }) => sha256)
    const rejects = await openRejects({ store, lists, onTrouble, now }, deps.abort)
    const renderer = options.render === 'never' ? null : await deps.renderer()
    const net = deps.openNet(options)
    const model = () => this.#modelOf(run)
    const manifest = manifestWriterFor({ run, options, store, model, isAlone, onTrouble, now })
    let scoring: Promise<Scoring | Unavailable> | null = null
    const line = createPipeline({
      run,
      options,
      backend,
      queue,
      store,
      rejects,
      fetch: net.fetch,
      placeOf: net.placeOf,
      dial: net.dial,
      renderer,
      underWay,
      decoding,
      develop,
      scoring: async () => {
        scoring ??= this.#scoringOf(run, options)
        const opened = await scoring.catch((error: unknown) => ({ message: messageOf(error) }))
        if ('message' in opened) scoring = null
        return opened
      },
      model,
      onProblem: (message) => observe({ kind: 'problem', run, message }),
      onTrouble,
      settleMs,
      now,
      random,
    })
    const opened = new OpenPipeline(keyOf(entry), options, store, manifest, line, {
      close: async () => {
        this.#opened.delete(opened)
        await net.close()
      },
    })
    this.#opened.add(opened)
    return opened
  }

  async #retire(earlier: Promise<OpenPipeline | Unavailable>): Promise<void> {
    const opened = await earlier
    // Who is given the pipeline at this moment begins its visit first.
    await setImmediate()
    if ('message' in opened) return
    await opened.retire().catch((error: unknown) => {
      this.#deps.observe({ kind: 'trouble', run: null, key: null, message: messageOf(error) })
    })
  }

  #drop(run: string): void {
    const earlier = this.#current.get(run)
    this.#current.delete(run)
    if (earlier !== undefined) void this.#retire(earlier)
  }
}

function keyOf({ createdMs, optionsVersion }: RunEntry): string {
  return `${createdMs} ${optionsVersion}`
}
