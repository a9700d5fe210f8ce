import { randomBytes } from 'node:crypto'
import {
  type Backend,
  type BatchShape,
  type Bells,
  busyFor,
  type HostLease,
  type SessionCommit,
  type SessionCommitted,
  type Visited,
} from '../backend/index.js'
import {
  canonicalUrl,
  inSlices,
  noEvidence,
  type Page,
  type PageSource,
  pageSize,
  renderPauseMs,
  type ScopeRules,
  scopeVerdict,
  type Turn,
  type VisitOptions,
  visit,
  withLesson,
} from '../crawl/index.js'
import type { Fetch } from '../net/index.js'
import type { LeasedUrl } from '../records/index.js'
import { pause } from '../timing/index.js'
import {
  type FailingHosts,
  failurePauseMs,
  HostLoad,
  hostsPerGroup,
  observedFetch,
  type Permit,
  type Permitted,
  refusedBy,
  type Soft404s,
  type Traps,
} from './hosts/index.js'
import type { KnownUrls } from './known-urls.js'
import type { PageSeen, Rendering } from './rendering.js'
import { sessionCommitOf } from './session-commit.js'
import { deathsOf, maxTries, type UrlOutcome, type UrlVisited, uncommitted } from './url-outcome.js'

export interface CrawlSettings {
  readonly run: string
  readonly scope: ScopeRules
  readonly visit: VisitOptions
  readonly delayMs: number
  /** What one request of a browser counts on its host's clock. */
  readonly requestDelayMs: number
  readonly batch: BatchShape
  readonly failing: FailingHosts
  /** Sitemaps that the robots.txt of a seed's host names are crawled too. */
  readonly sitemaps: boolean
}

export interface CrawlDeps {
  readonly backend: Backend
  readonly bells: Bells
  readonly fetch: Fetch
  readonly permit: Permit
  readonly known: KnownUrls
  readonly traps: Traps
  readonly soft404s: Soft404s
  /** null = pages are taken as they are fetched. */
  readonly rendering: Rendering | null
  /** What a host shares with others, such as its address, in so many words. */
  readonly groupsOf: (host: string) => Promise<readonly string[]>
  /** Of all long work on pages, whatever their host; absent = each for itself. */
  readonly turn?: Turn
  readonly now: () => number
  readonly random: () => number
}

/** Most URLs of one session. */
const maxUrls = 200
/** A session commits what it has after so many, and fetches on meanwhile. */
const urlsPerCommit = 50
/** Or after pages that gave so much: a page gives some 24 MB at most, which no other is to wait for. */
const bytesPerCommit = 4 * 1024 * 1024
/** A session starts no fetch after this. */
const sessionMs = 10_000
/** Longer than a session with its last fetch and its commit can take. */
const leaseMs = 90_000
/** Before its end nothing is begun that the commit would have to wait for. */
const commitMs = 15_000
/** A host whose session came to nothing, without a word against its pages, is left alone for so long. */
const troubledMs = 30_000
/** A page for which no browser was free is fetched again after this, as often as pages are tried; then it is taken as it is. */
const rerenderMs = 10_000
/** Fetches at once from a host that asked for no delay (--delay-ms 0); with a delay there is one. */
const undelayedFetches = 4
/** So many of one robots.txt are more than a real one names. */
const maxSitemaps = 1_000

/** What robots.txt names, as if the page linked to it: the same rules decide whether it is crawled. */
function sitemapLinks(named: readonly string[] = [], url: string): string[] {
  return named.slice(0, maxSitemaps).flatMap((raw) => canonicalUrl(raw, url) ?? [])
}

const sizeOf = (outcome: UrlOutcome): number => (outcome.kind === 'page' ? pageSize(outcome.page) : 0)

function withLinks(page: Page, links: readonly string[]): Page {
  return { ...page, links: [...new Set([...page.links, ...links])] }
}

/**
 * One session on one host: leases URLs, fetches them no faster than allowed, and commits everything they gave at once. `drain` ends
 * it early and in order; `abort` drops it, and its lease frees its URLs. Where it fails without a page being to blame, the host is given
 * back at once: a lease that runs out would count as a death.
 */
export async function visitHost(
  deps: CrawlDeps,
  settings: CrawlSettings,
  host: string,
  drain: AbortSignal,
  abort: AbortSignal,
): Promise<Visited> {
  if (drain.aborted) return { kind: 'done' }
  const token = randomBytes(12).toString('hex')
  // Where no delay is asked for, the hosts are the user's own.
  const groups = settings.delayMs > 0 ? await deps.groupsOf(host) : []
  const lease = await deps.backend.leaseHost({
    run: settings.run,
    host,
    token,
    max: maxUrls,
    delayMs: settings.delayMs,
    windowMs: sessionMs,
    leaseMs,
    groups,
    perGroup: hostsPerGroup,
  })
  if (lease.kind === 'none') return { kind: 'done' }
  if (lease.kind !== 'urls') {
    return lease.kind === 'busy' ? busyFor(lease.inMs) : { kind: 'again', inMs: lease.inMs }
  }
  try {
    return await visitLeased(deps, settings, { host, token, lease }, drain, abort)
  } catch (error) {
    // Work in slices ends so.
    if (abort.aborted && error === abort.reason) return { kind: 'done' }
    if (!abort.aborted) {
      await deps.backend
        .releaseHost({ run: settings.run, host, token, pauseMs: troubledMs })
        // The backend is away: the lease runs out by itself. What is thrown says why.
        .catch(() => undefined)
    }
    throw error
  }
}

interface HeldHost {
  readonly host: string
  readonly token: string
  readonly lease: Extract<HostLease, { kind: 'urls' }>
}

async function visitLeased(
  deps: CrawlDeps,
  settings: CrawlSettings,
  { host, token, lease }: HeldHost,
  drain: AbortSignal,
  abort: AbortSignal,
): Promise<Visited> {
  const startedAt = deps.now()
  const outcomes: UrlVisited[] = []
  let outcomesBytes = 0
  const queue = [...lease.urls]
  // Slots were reserved for so many fetches; what does not begin within them would come near the next holder's.
  const reservedUntil = startedAt + lease.urls.length * lease.delayMs
  let delayMs = lease.delayMs
  let nextAt = startedAt
  let lastFetchAt: number | null = null
  let evidence = lease.rendered
  // Since the last commit.
  let lessons = noEvidence
  let renderCounters: Record<string, number> = {}
  // What the browser's requests cost the host beyond the delay after a fetch.
  let owedUntil = startedAt
  let unreachable: Extract<Permitted, { kind: 'unreachable' }> | null = null
  // Until others are done with what decides about the host.
  let busyMs = 0
  let lost = false

  const load = new HostLoad(settings.delayMs)
  const fetch = observedFetch(deps.fetch, deps.now, (_, event) => {
    delayMs = Math.max(delayMs, load.observe(event, delayMs)?.throttleMs ?? 0)
  })
  const worked = (ms: number) => load.worked(ms)

  const claimSlot = async (): Promise<boolean> => {
    const at = Math.max(nextAt, deps.now())
    nextAt = at + delayMs
    // What would be begun too late need not be waited for.
    if (at - startedAt > sessionMs) return false
    await pause(at - deps.now(), drain)
    const now = deps.now()
    if (drain.aborted || now - startedAt > sessionMs) return false
    if (delayMs > 0 && now > reservedUntil) return false
    nextAt = Math.max(nextAt, now + delayMs)
    lastFetchAt = now
    return true
  }

  const see = async (
    rendering: Rendering,
    url: LeasedUrl,
    page: Page,
    source: PageSource,
  ): Promise<PageSeen> => {
    const untilMs = startedAt + leaseMs - commitMs
    const seen = await rendering(url, page, source, evidence, untilMs, abort, worked)
    const { learned, ownRequests, counters } = seen
    for (const [name, n] of Object.entries(counters)) renderCounters[name] = (renderCounters[name] ?? 0) + n
    if (learned !== null) {
      evidence = withLesson(evidence, learned)
      lessons = withLesson(lessons, learned)
    }
    if (ownRequests > 0) {
      const now = deps.now()
      lastFetchAt = now
      owedUntil = Math.max(owedUntil, now + renderPauseMs(ownRequests, settings.requestDelayMs, delayMs))
      nextAt = Math.max(nextAt, owedUntil)
    }
    return seen
  }

  const handle = async (url: LeasedUrl): Promise<UrlOutcome> => {
    const verdict = scopeVerdict(url, settings.scope)
    if (verdict !== 'in') return { kind: 'out', verdict }
    const deaths = deathsOf(url)
    if (deaths !== null) return { kind: 'skipped', reason: 'commit_failed', detail: deaths, unfetched: true }
    if (drain.aborted || unreachable !== null || busyMs > 0 || load.pauseMs > 0) return { kind: 'back' }
    const permitted = await deps.permit(url.url, claimSlot, abort)
    if (permitted.kind === 'busy') {
      busyMs = Math.max(permitted.inMs, 1)
      return { kind: 'back' }
    }
    if (permitted.kind === 'unreachable') {
      unreachable = permitted
      return { kind: 'back' }
    }
    const { permission } = permitted
    if (permitted.kind === 'hopeless') {
      const { reason, detail } = permitted
      return { kind: 'skipped', reason, detail, permission, unfetched: true }
    }
    delayMs = Math.max(delayMs, permitted.crawlDelayMs)
    if (permitted.kind === 'forbidden') {
      return refusedBy(permission) === 'robots'
        ? { kind: 'forbidden', permission }
        : { kind: 'forbidden', optOut: permission.rule, permission }
    }
    const absent = await deps.soft404s.absentPage(url.url, claimSlot, abort)
    if (absent.kind === 'busy') {
      busyMs = Math.max(absent.inMs, 1)
      return { kind: 'back' }
    }
    if (!(await claimSlot())) return { kind: 'back' }
    const visitOptions = { ...settings.visit, shape: absent.shape !== null }
    const visited = await visit({ ...deps, fetch, worked }, url, visitOptions, abort)
    if (visited.kind === 'redirect' && deps.traps.leadsBack(url.url, visited.to)) {
      return { ...visited, kind: 'loop', permission }
    }
    if (visited.kind !== 'page') return { ...visited, permission }
    const { source } = visited
    const seen =
      deps.rendering === null || source === undefined
        ? { page: visited.page, movedTo: null, mayBeSeenLater: false }
        : await see(deps.rendering, url, visited.page, source)
    const { page, movedTo } = seen
    const { status } = page
    if (seen.mayBeSeenLater && url.attempts + 1 < maxTries) {
      const detail = 'no browser was free'
      return { kind: 'retry', reason: 'cancelled', delayMs: rerenderMs, detail, status, permission }
    }
    if (deps.traps.isCopy(url.url, page.digest)) {
      const detail = 'the host gave the same page under other URLs'
      return { kind: 'skipped', reason: 'copy', detail, status, permission }
    }
    if (deps.soft404s.isAbsent(page, absent.shape)) {
      const detail = 'the host shows it for pages that it has not'
      return { kind: 'skipped', reason: 'soft_404', detail, status, permission }
    }
    const named = settings.sitemaps && url.depth === 0 ? sitemapLinks(permitted.sitemaps, url.url) : []
    return { kind: 'page', page: named.length === 0 ? page : withLinks(page, named), movedTo, permission }
  }

  const takeRendered = () => {
    const taken = { lessons, counters: renderCounters }
    lessons = noEvidence
    renderCounters = {}
    return taken
  }
  const commitOf = async (
    some: readonly UrlVisited[],
    partial: boolean,
    rendered: ReturnType<typeof takeRendered>,
  ): Promise<SessionCommit> => {
    const steps = sessionCommitOf(some, settings.scope, deps.traps.linkVerdict)
    const harvest = await inSlices(steps, { ...deps, worked }, abort)
    const health = unreachable !== null && harvest.health !== 'ok' ? 'bad' : harvest.health
    return {
      ...harvest,
      offers: harvest.offers.filter((offer) => !deps.known.has(offer.url)),
      ...settings.batch,
      health,
      partial,
      unreachable: unreachable?.permission ?? null,
      run: settings.run,
      host,
      token,
      delayMs,
      reservedMs: lease.reservedMs,
      lastFetchAgoMs: lastFetchAt === null ? null : Math.max(Math.round(deps.now() - lastFetchAt), 0),
      pauseMs: Math.max(
        busyMs,
        load.pauseMs,
        owedUntil - deps.now(),
        health === 'bad' || unreachable !== null
          ? failurePauseMs(lease.failures, settings.failing.firstPauseMs)
          : 0,
      ),
      rendered: rendered.lessons,
      counters: { ...harvest.counters, ...rendered.counters },
      throttleMs: load.throttleMs,
      maxFailures: settings.failing.maxFailures,
      maxFailingMs: settings.failing.maxFailingMs,
    }
  }
  const commit = async (
    some: readonly UrlVisited[],
    partial: boolean,
    rendered = takeRendered(),
  ): Promise<Exclude<SessionCommitted, { kind: 'refused' }>> => {
    const wanted = await commitOf(some, partial, rendered)
    const committed = await deps.backend.commitSession(wanted)
    if (committed.kind === 'refused') return commitRefused(some, partial, rendered, committed.detail)
    if (committed.kind === 'lost') {
      lost = true
      return committed
    }
    for (const offer of wanted.offers) deps.known.add(offer.url)
    const woken = committed.hosts.filter((other) => other !== host)
    await deps.bells.ring('session', settings.run, woken)
    await deps.bells.ring('batch', settings.run, committed.batches)
    return committed
  }
  /**
   * What could not be committed together is committed URL by URL, so that nothing is lost beside the one that is to blame. That one is
   * blamed by a commit of its own, without what it gave: a server that takes not even that is in trouble itself.
   */
  const commitRefused = async (
    some: readonly UrlVisited[],
    partial: boolean,
    rendered: ReturnType<typeof takeRendered>,
    detail: string,
  ): ReturnType<typeof commit> => {
    const last = some.at(-1)
    if (last === undefined) throw new Error(detail)
    if (some.length === 1) {
      const { kind } = last.outcome
      if (kind === 'uncommitted' || kind === 'back') throw new Error(detail)
      return commit([uncommitted(last, detail)], partial, rendered)
    }
    let of = rendered
    for (const one of some.slice(0, -1)) {
      const committed = await commit([one], true, of)
      if (committed.kind === 'lost') return committed
      of = takeRendered()
    }
    return commit([last], partial, of)
  }
  // One commit at a time, in order; the fetches go on beside it.
  let commits: Promise<unknown> = Promise.resolve()
  const visitUrl = async (url: LeasedUrl): Promise<void> => {
    const outcome = await handle(url)
    outcomes.push({ url, outcome, atMs: deps.now() })
    outcomesBytes += sizeOf(outcome)
    if (queue.length === 0 || (outcomes.length < urlsPerCommit && outcomesBytes < bytesPerCommit)) return
    const some = outcomes.splice(0)
    outcomesBytes = 0
    commits = commits.then(() => commit(some, true))
    // Awaited below; a failure until then is not unhandled.
    commits.catch(() => {
      lost = true
    })
  }
  const lane = async () => {
    for (let url = queue.shift(); url !== undefined && !lost; url = queue.shift()) await visitUrl(url)
  }
  const lanes = lease.delayMs > 0 ? 1 : undelayedFetches
  // The first URL goes alone: it may have to fetch robots.txt, which decides about the others.
  const first = queue.shift()
  if (first !== undefined) await visitUrl(first)
  if (delayMs > lease.delayMs) await lane()
  else await Promise.all(Array.from({ length: lanes }, lane))
  await commits
  if (abort.aborted) return { kind: 'done' }
  if (lost) return { kind: 'again', inMs: 0 }
  for (let one = outcomes[0]; outcomesBytes >= bytesPerCommit && outcomes.length > 1; one = outcomes[0]) {
    if (one === undefined || (await commit([one], true)).kind === 'lost') return { kind: 'again', inMs: 0 }
    outcomes.shift()
    outcomesBytes -= sizeOf(one.outcome)
  }
  const committed = await commit(outcomes, false)
  if (committed.kind === 'lost') return { kind: 'again', inMs: 0 }
  return committed.moreInMs === null || drain.aborted
    ? { kind: 'done' }
    : { kind: 'again', inMs: committed.moreInMs }
}
