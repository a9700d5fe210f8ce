import {
  type Backend,
  type BatchShape,
  type SessionCommit,
  type SessionCommitted,
  slotKeys,
  type WorkQueue,
} from '../backend/index.js'
import { inSlices, type ScopeRules, type Turn } from '../crawl/index.js'
import { createTextJudge, type TextOptions } from '../filter/index.js'
import type { Traps } from './hosts/index.js'
import type { Known } from './known.js'
import type { OutcomeBuffer } from './outcome-buffer.js'
import type { Rejects } from './rejects.js'
import type { NewLessons, RenderLessons } from './render-lessons.js'
import { sessionCommitOf } from './session-commit.js'
import type { Tally } from './under-way.js'
import { type UrlVisited, uncommitted } from './url-outcome.js'

interface CommitDeps {
  readonly backend: Pick<Backend, 'commitSession'>
  readonly queue: Pick<WorkQueue, 'notify' | 'hint'>
  readonly known: Known
  readonly traps: Pick<Traps, 'linkVerdict'>
  readonly rejects: Rejects
  /** See CrawlDeps. */
  readonly turn?: Turn
}

export interface CommitSettings {
  readonly run: string
  readonly scope: ScopeRules
  readonly texts: TextOptions
  readonly batch: BatchShape
}

/** Part of a commit that is about the host, whatever its URLs gave. */
export type HostState = Pick<
  SessionCommit,
  | 'health'
  | 'unreachable'
  | 'drainedAs'
  | 'delayMs'
  | 'reservedMs'
  | 'lastFetchAgoMs'
  | 'pauseMs'
  | 'throttleMs'
  | 'maxFailures'
  | 'maxFailingMs'
>

interface CommittingSession {
  readonly host: string
  readonly token: string
  readonly outcomes: OutcomeBuffer
  readonly lessons: RenderLessons
  /** Of the session's pages. */
  readonly tally: Tally
  /** State of the host by now; `health`: what the outcomes of the commit say. */
  readonly stateOf: (health: SessionCommit['health']) => HostState
  /** Is told how long this process worked on a commit, in milliseconds. */
  readonly worked: (ms: number) => void
}

type Committed = Exclude<SessionCommitted, { kind: 'refused' }>

/** Commits of one session: one at a time, in order; the fetches go on beside them. */
export class CommitQueue {
  readonly #deps: CommitDeps
  readonly #settings: CommitSettings
  readonly #session: CommittingSession
  readonly #abort: AbortSignal
  #last: Promise<unknown> = Promise.resolve()
  #isBroken = false
  #crawlWaits = false

  constructor(deps: CommitDeps, settings: CommitSettings, session: CommittingSession, abort: AbortSignal) {
    this.#deps = deps
    this.#settings = settings
    this.#session = session
    this.#abort = abort
  }

  /** Whether the lease is another's by now, or a commit failed: nothing further can be committed. */
  get isBroken(): boolean {
    return this.#isBroken
  }

  /** Whether the crawl waits for the filters, as of the last commit. */
  get crawlWaits(): boolean {
    return this.#crawlWaits
  }

  /** Begins to commit what there is, once that is much, and does not wait for it. */
  commitFull(): void {
    const { outcomes } = this.#session
    if (!outcomes.isFull) return
    const some = outcomes.takeAll()
    this.#last = this.#last.then(() => this.#commit(some, true))
    // Awaited by settle(); a failure until then is not unhandled.
    this.#last.catch(() => {
      this.#isBroken = true
    })
  }

  /** Waits for what was begun. Throws what it failed with. */
  async settle(): Promise<void> {
    await this.#last
  }

  /** Commits what is left, and with it the end of the session. */
  async commitRest(): Promise<Committed> {
    const { outcomes } = this.#session
    if (this.#isBroken) return { kind: 'lost' }
    for (let one = outcomes.takeOfLarge(); one !== null; one = outcomes.takeOfLarge()) {
      const committed = await this.#commit([one], true)
      if (committed.kind === 'lost') return committed
    }
    return this.#commit(outcomes.takeAll(), false)
  }

  async #commit(
    some: readonly UrlVisited[],
    partial: boolean,
    lessons: NewLessons = this.#session.lessons.take(),
  ): Promise<Committed> {
    const { backend, queue, known } = this.#deps
    const { run } = this.#settings
    const commit = await this.#commitOf(some, partial, lessons)
    this.#session.tally.commit({ pages: commit.counters.pages ?? 0 })
    const committed = await backend.commitSession(commit)
    if (committed.kind === 'refused') return this.#commitApart(some, partial, lessons, committed.detail)
    if (committed.kind === 'lost') {
      this.#isBroken = true
      return committed
    }
    this.#crawlWaits = committed.crawlWaits
    for (const { url } of commit.offers) known.add(url)
    for (const { key } of commit.candidates) known.add(key)
    const woken = committed.hosts.filter((other) => other !== this.#session.host)
    await queue.hint('session', run, woken)
    if (committed.batches.length > 0) await queue.notify('batch', run, slotKeys(1))
    return committed
  }

  /**
   * Commits URL by URL what the backend refused together, so that nothing is lost beside the one that is to blame. That one is blamed by a
   * commit of its own, without what it gave: a server that takes not even that is in trouble itself.
   */
  async #commitApart(
    some: readonly UrlVisited[],
    partial: boolean,
    lessons: NewLessons,
    detail: string,
  ): Promise<Committed> {
    const last = some.at(-1)
    if (last === undefined) throw new Error(detail)
    if (some.length === 1) {
      const { kind } = last.outcome
      if (kind === 'uncommitted' || kind === 'back') throw new Error(detail)
      return this.#commit([uncommitted(last, detail)], partial, lessons)
    }
    let untold = lessons
    for (const one of some.slice(0, -1)) {
      const committed = await this.#commit([one], true, untold)
      if (committed.kind === 'lost') return committed
      untold = this.#session.lessons.take()
    }
    return this.#commit([last], partial, untold)
  }

  async #commitOf(
    some: readonly UrlVisited[],
    partial: boolean,
    lessons: NewLessons,
  ): Promise<SessionCommit> {
    const { run, scope, texts, batch } = this.#settings
    const { host, token, stateOf, worked } = this.#session
    const { known, traps, rejects } = this.#deps
    const refusals = await rejects.current(this.#abort)
    const judge = await createTextJudge(texts)
    const steps = sessionCommitOf(some, scope, traps.linkVerdict, judge, refusals)
    const given = await inSlices(steps, { ...this.#deps, worked }, this.#abort)
    return {
      ...given,
      ...batch,
      ...stateOf(given.health),
      run,
      host,
      token,
      partial,
      offers: given.offers.filter(({ url }) => !known.has(url)),
      candidates: given.candidates.filter(({ key }) => !known.has(key)),
      counters: { ...given.counters, ...lessons.counters },
      rendered: lessons.rendered,
    }
  }
}
