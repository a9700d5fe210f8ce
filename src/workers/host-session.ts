import type { Backend, HostLease, SessionCommit, WorkQueue, WorkResult } from '../backend/index.js'
import {
  type Page,
  type PageShape,
  type PageSkipReason,
  scopeVerdict,
  type Turn,
  type VisitDeps,
  type VisitOptions,
  type VisitOutcome,
  visit,
} from '../crawl/index.js'
import { ChainCookies, type Fetch } from '../net/index.js'
import type { LeasedUrl } from '../records/index.js'
import { hostOf } from '../records/index.js'
import { CommitQueue, type CommitSettings, type HostState } from './commit-queue.js'
import {
  type FailingHosts,
  failurePauseMs,
  HostClock,
  HostLoad,
  type LruMap,
  observedFetch,
  type Permit,
  type Permitted,
  refusedBy,
  type Soft404s,
  type Traps,
} from './hosts/index.js'
import type { Known } from './known.js'
import { OutcomeBuffer } from './outcome-buffer.js'
import { followedBack } from './redirect-chain.js'
import type { Rejects } from './rejects.js'
import { RenderLessons } from './render-lessons.js'
import type { PageSeen, Rendering } from './rendering.js'
import { sitemapLinks, withLinks } from './sitemap-links.js'
import type { Tally, UnderWay } from './under-way.js'
import { deathsOf, drainedAs, maxTries, type UrlOutcome } from './url-outcome.js'

export interface CrawlSettings extends CommitSettings {
  readonly visit: VisitOptions
  readonly delayMs: number
  /** Time that one request of a browser counts on its host's clock. */
  readonly requestDelayMs: number
  /** Fetches at once from a host without a delay; with one there is one at a time. */
  readonly hostConcurrency: number
  readonly failing: FailingHosts
  /** Sitemaps that the robots.txt of a seed's host names are crawled too. */
  readonly sitemaps: boolean
}

export interface CrawlDeps {
  readonly backend: Backend
  readonly queue: WorkQueue
  readonly fetch: Fetch
  readonly permit: Permit
  readonly known: Known
  readonly traps: Traps
  /** Those that the redirects to a URL set, for when it is asked for; null = they were sent. Of this process alone, and stored nowhere. */
  readonly cookies: LruMap<ChainCookies | null>
  readonly soft404s: Soft404s
  readonly rejects: Rejects
  /** null = pages are taken as they are fetched. */
  readonly rendering: Rendering | null
  /** Rate-limit groups of a host: its registrable domain and its address. */
  readonly groupsOf: (host: string) => Promise<readonly string[]>
  readonly underWay: UnderWay
  /** Of all long work on pages, whatever their host; absent = each for itself. */
  readonly turn?: Turn
  readonly now: () => number
  readonly random: () => number
}

/** Host that one session holds. */
interface HeldHost {
  readonly host: string
  readonly token: string
  readonly lease: Extract<HostLease, { kind: 'urls' }>
  readonly leaseEndsAtMs: number
  /** Of its pages. */
  readonly tally: Tally
}

/** A session starts no fetch after this. */
export const sessionMs = 10_000
/** Before its lease ends, nothing is begun for so long that the commit would have to wait for. */
const commitMs = 15_000
/** A page for which no browser was free is fetched again after this, as often as pages are tried; then it is taken as it is. */
const rerenderMs = 10_000

type PageVisited = Extract<VisitOutcome, { kind: 'page' }>
type RedirectLoop = Extract<UrlOutcome, { kind: 'loop' }>
type Allowed = Extract<Permitted, { kind: 'allowed' }>

/** Session on one host under its lease: its URLs are fetched in the host's slots, and what they give is committed on the way. */
export class HostSession {
  readonly #deps: CrawlDeps
  readonly #settings: CrawlSettings
  readonly #held: HeldHost
  readonly #drain: AbortSignal
  readonly #abort: AbortSignal
  readonly #clock: HostClock
  readonly #load: HostLoad
  readonly #lessons: RenderLessons
  /** Fetches, and work on what they give, count on the host's load. */
  readonly #visitDeps: VisitDeps
  readonly #queue: LeasedUrl[]
  readonly #outcomes = new OutcomeBuffer()
  readonly #commits: CommitQueue
  /** Time that others need for what decides about the host; 0 = nothing is waited for. */
  #busyMs = 0
  /** Why the host cannot be asked at all; null = nothing says so. */
  #unreachable: SessionCommit['unreachable'] = null

  constructor(
    deps: CrawlDeps,
    settings: CrawlSettings,
    held: HeldHost,
    drain: AbortSignal,
    abort: AbortSignal,
  ) {
    this.#deps = deps
    this.#settings = settings
    this.#held = held
    this.#drain = drain
    this.#abort = abort
    const { urls, delayMs, rendered } = held.lease
    const startedAtMs = deps.now()
    this.#queue = [...urls]
    this.#clock = new HostClock(deps.now, {
      startedAtMs,
      delayMs,
      reservedUntilMs: startedAtMs + urls.length * delayMs,
      endsAtMs: startedAtMs + sessionMs,
    })
    this.#load = new HostLoad(settings.delayMs)
    this.#lessons = new RenderLessons(rendered)
    this.#visitDeps = {
      ...deps,
      fetch: observedFetch(deps.fetch, deps.now, (_, event) => {
        const relief = this.#load.observe(event, this.#clock.delayMs)
        if (relief !== null) this.#clock.slowDown(relief.throttleMs)
      }),
      worked: this.#worked,
    }
    this.#commits = new CommitQueue(
      deps,
      settings,
      {
        host: held.host,
        token: held.token,
        outcomes: this.#outcomes,
        lessons: this.#lessons,
        tally: held.tally,
        stateOf: (health) => this.#stateOf(health),
        worked: this.#worked,
      },
      abort,
    )
  }

  /** Comes to its end by the last URL, the last slot, or a signal. */
  async run(): Promise<WorkResult> {
    // The first URL goes alone: it may have to fetch robots.txt, which decides about the others.
    await this.#visitNext()
    const lanes = this.#clock.delayMs > 0 ? 1 : this.#settings.hostConcurrency
    await Promise.all(Array.from({ length: lanes }, () => this.#visitAll()))
    await this.#commits.settle()
    if (this.#abort.aborted) return { kind: 'done' }
    const committed = await this.#commits.commitRest()
    if (committed.kind === 'lost') return { kind: 'again', inMs: 0 }
    return committed.moreInMs === null || this.#drain.aborted
      ? { kind: 'done' }
      : { kind: 'again', inMs: committed.moreInMs }
  }

  async #visitAll(): Promise<void> {
    while (this.#queue.length > 0 && !this.#commits.isBroken) await this.#visitNext()
  }

  async #visitNext(): Promise<void> {
    const url = this.#queue.shift()
    if (url === undefined) return
    const outcome = await this.#outcomeOf(url)
    if (outcome.kind === 'page') this.#held.tally.count('pages')
    this.#outcomes.add({ url, outcome, atMs: this.#deps.now() })
    if (this.#queue.length > 0) this.#commits.commitFull()
  }

  /** Whether the host is to be asked nothing more in this session. */
  get #isOver(): boolean {
    return (
      this.#drain.aborted ||
      this.#unreachable !== null ||
      this.#busyMs > 0 ||
      this.#load.pauseMs > 0 ||
      this.#commits.crawlWaits
    )
  }

  readonly #takeSlot = (): Promise<boolean> => {
    const wait = { for: 'page_delay', host: this.#held.host, lengthMs: this.#clock.delayMs } as const
    return this.#deps.underWay.during(wait, () => this.#clock.takeSlot(this.#drain))
  }

  readonly #worked = (ms: number): void => this.#load.worked(ms)

  async #outcomeOf(url: LeasedUrl): Promise<UrlOutcome> {
    const { permit, soft404s, rejects } = this.#deps
    const by = (await rejects.current(this.#abort)).ofUrls([url.url])
    if (by !== null) return { kind: 'refused', by }
    const verdict = scopeVerdict(url, this.#settings.scope)
    if (verdict !== 'in') return { kind: 'out', verdict }
    const deaths = deathsOf(url)
    if (deaths !== null) return { kind: 'skipped', reason: 'commit_failed', detail: deaths, unfetched: true }
    if (this.#isOver) return { kind: 'back' }
    const permitted = await permit(url.url, this.#takeSlot, this.#abort)
    if (permitted.kind !== 'allowed') return this.#withoutPermission(permitted)
    this.#clock.slowDown(permitted.crawlDelayMs)
    const absent = await soft404s.absentPage(url.url, this.#takeSlot, this.#abort)
    if (absent.kind === 'busy') return this.#comeBackIn(absent.inMs)
    if (!(await this.#takeSlot())) return { kind: 'back' }
    return this.#fetch(url, permitted, absent.shape)
  }

  #withoutPermission(permitted: Exclude<Permitted, Allowed>): UrlOutcome {
    if (permitted.kind === 'busy') return this.#comeBackIn(permitted.inMs)
    const { permission } = permitted
    if (permitted.kind === 'unreachable') {
      this.#unreachable = permission
      return { kind: 'back' }
    }
    if (permitted.kind === 'hopeless') {
      const { reason, detail } = permitted
      return { kind: 'skipped', reason, detail, permission, unfetched: true }
    }
    this.#clock.slowDown(permitted.crawlDelayMs)
    return refusedBy(permission) === 'robots'
      ? { kind: 'forbidden', permission }
      : { kind: 'forbidden', optOut: permission.rule, permission }
  }

  #comeBackIn(ms: number): UrlOutcome {
    this.#busyMs = Math.max(ms, 1)
    return { kind: 'back' }
  }

  async #fetch(url: LeasedUrl, permitted: Allowed, absent: PageShape | null): Promise<UrlOutcome> {
    const { permission } = permitted
    const isNamed = url.depth === 0 || sitemapLinks(permitted.sitemaps, url.url).includes(url.url)
    const visited = await this.#visit(url, { shape: absent !== null, isNamed })
    if (visited.kind !== 'page') return { ...visited, permission }
    const seen = await this.#see(url, visited)
    const { status } = seen.page
    if (seen.mayBeSeenLater && url.attempts + 1 < maxTries) {
      const detail = 'no browser was free'
      return { kind: 'retry', reason: 'cancelled', delayMs: rerenderMs, detail, status, permission }
    }
    const useless = this.#uselessness(url, seen.page, absent)
    if (useless !== null) return { kind: 'skipped', ...useless, status, permission }
    const { page, movedTo } = seen
    const named = this.#settings.sitemaps && url.depth === 0 ? permitted.sitemaps : undefined
    return { kind: 'page', page: withLinks(page, sitemapLinks(named, url.url)), movedTo, permission }
  }

  /** One hop; where that leads back into its chain, those behind it too. */
  async #visit(
    url: LeasedUrl,
    expected: Pick<VisitOptions, 'shape' | 'isNamed'>,
  ): Promise<VisitOutcome | RedirectLoop> {
    const { traps, cookies: remembered } = this.#deps
    const known = remembered.get(url.url) ?? null
    if (known !== null) remembered.set(url.url, null)
    const cookies = known ?? new ChainCookies()
    const options = { ...this.#settings.visit, ...expected, cookies }
    const cookie = cookies.valueFor(url.url)
    const visited = await visit(this.#visitDeps, url, options, this.#abort)
    if (visited.kind !== 'redirect') return visited
    if (!traps.leadsBack(url.url, visited.to)) {
      if (cookies.valueFor(visited.to) !== null) remembered.set(visited.to, cookies)
      return visited
    }
    const start = { url: url.url, cookie, to: visited.to }
    const followed = await followedBack(start, cookies, async (to) => {
      if (!(await this.#mayFollow({ ...url, url: to }))) return null
      return visit(this.#visitDeps, { ...url, url: to }, options, this.#abort)
    })
    return followed ?? { ...visited, kind: 'loop' }
  }

  /** Whether a URL that a chain of redirects leads back to may be asked for at once. */
  async #mayFollow(url: LeasedUrl): Promise<boolean> {
    if (hostOf(url.url) !== this.#held.host || scopeVerdict(url, this.#settings.scope) !== 'in') return false
    if ((await this.#deps.rejects.current(this.#abort)).ofUrls([url.url]) !== null) return false
    const permitted = await this.#deps.permit(url.url, this.#takeSlot, this.#abort)
    return permitted.kind === 'allowed' && (await this.#takeSlot())
  }

  async #see(
    url: LeasedUrl,
    { page, source }: PageVisited,
  ): Promise<Pick<PageSeen, 'page' | 'movedTo' | 'mayBeSeenLater'>> {
    const { rendering } = this.#deps
    if (rendering === null || source === undefined) return { page, movedTo: null, mayBeSeenLater: false }
    const { evidence } = this.#lessons
    const untilMs = this.#held.leaseEndsAtMs - commitMs
    const seen = await rendering(url, page, source, evidence, untilMs, this.#abort, this.#worked)
    this.#lessons.add(seen)
    this.#clock.charge(seen.ownRequests, this.#settings.requestDelayMs)
    return seen
  }

  /** Why a page that came is none of the host's own pages; null = it is one. */
  #uselessness(
    url: LeasedUrl,
    page: Page,
    absent: PageShape | null,
  ): { reason: PageSkipReason; detail: string } | null {
    if (this.#deps.traps.isCopy(url.url, page.digest)) {
      return { reason: 'copy', detail: 'the host gave the same page under other URLs' }
    }
    return this.#deps.soft404s.isAbsent(page, absent)
      ? { reason: 'soft_404', detail: 'the host shows it for pages that it has not' }
      : null
  }

  #stateOf(health: SessionCommit['health']): HostState {
    const { lease } = this.#held
    const { firstPauseMs, maxFailures, maxFailingMs } = this.#settings.failing
    const isUnreachable = this.#unreachable !== null
    const isFailing = health === 'bad' || isUnreachable
    return {
      health: isUnreachable && health !== 'ok' ? 'bad' : health,
      unreachable: this.#unreachable,
      drainedAs: drainedAs(this.#unreachable),
      delayMs: this.#clock.delayMs,
      reservedMs: lease.reservedMs,
      lastFetchAgoMs: this.#clock.lastFetchAgoMs,
      pauseMs: Math.max(
        this.#busyMs,
        this.#load.pauseMs,
        this.#clock.owedMs,
        isFailing ? failurePauseMs(lease.failures, firstPauseMs) : 0,
      ),
      throttleMs: this.#load.throttleMs,
      maxFailures,
      maxFailingMs,
    }
  }
}
