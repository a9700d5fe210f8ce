import type { Backend } from '../backend/index.js'
import {
  type Ask,
  canonicalUrl,
  type GuardReport,
  inSlices,
  joinRendered,
  type Page,
  type PageSource,
  type RenderEvidence,
  type Renderer,
  type RenderLesson,
  type RenderMode,
  renderDecision,
  type ScopeRules,
  scopeVerdict,
  type Turn,
  type VisitOptions,
} from '../crawl/index.js'
import type { Dial } from '../net/index.js'
import type { LeasedUrl, Permission } from '../records/index.js'
import { hostOf } from '../records/index.js'
import { sleep } from '../timing/index.js'
import { createSlots, hostsPerGroup, type Permit, refusedBy } from './hosts/index.js'

interface RenderingDeps {
  readonly backend: Pick<Backend, 'reserve'>
  readonly renderer: Renderer
  readonly permit: Permit
  readonly dial: Dial
  /** See CrawlDeps. */
  readonly groupsOf: (host: string) => Promise<readonly string[]>
  /** See CrawlDeps. */
  readonly turn?: Turn
  readonly now: () => number
  readonly random: () => number
}

interface RenderingSettings {
  readonly mode: RenderMode
  readonly scope: ScopeRules
  readonly visit: VisitOptions
  readonly userAgent: string
  /** Time that one request of a browser counts on its host's clock. */
  readonly requestDelayMs: number
}

/** Page after a browser looked at it, or did not. */
export interface PageSeen {
  readonly page: Page
  /** Where a script would have gone from it, canonical; null = nowhere. */
  readonly movedTo: string | null
  readonly counters: Readonly<Record<string, number>>
  /** Lesson for the host's evidence; null = none. */
  readonly learned: RenderLesson | null
  /** No browser was free, or it was lost: another time the page may be rendered. */
  readonly mayBeSeenLater: boolean
  /** Requests that the browser sent to the page's own host. */
  readonly ownRequests: number
}

export type Rendering = (
  url: LeasedUrl,
  page: Page,
  source: PageSource,
  evidence: RenderEvidence,
  /** End of the time that the caller has, by `now`. */
  untilMs: number,
  signal: AbortSignal,
  /** Is told how long this process worked on what the browser made, in milliseconds. */
  worked?: (ms: number) => void,
) => Promise<PageSeen>

/** Longest wait for a browser. */
const maxWaitMs = 20_000
/** A render, with the closing of its page, takes no longer. */
const renderMs = 20_000
/** Longest wait for what decides about a request of a page. */
const askMs = 4_000
/** Slots of other hosts, for their robots.txt, begin within this. */
const slotWindowMs = 2_000
/** A host whose next slot is farther away than this is left alone by browsers too. */
const putOffMs = 60_000
const guardMs = 100

/** Failures that say something about the page; all others are this machine's own. */
const taught: ReadonlySet<string> = new Set(['crash', 'timeout', 'too_large'])

/** Failures that say nothing about the next try. */
const passing: ReadonlySet<string> = new Set(['busy', 'browser'])

/** Decides about each page that was fetched well, renders it where that pays, and joins what was found. A render that fails costs nothing that the page had. */
export function createRendering(deps: RenderingDeps, settings: RenderingSettings): Rendering {
  const { mode, scope, visit } = settings
  return async (url, page, source, evidence, untilMs, signal, worked) => {
    const unchanged: PageSeen = {
      page,
      movedTo: null,
      counters: {},
      learned: null,
      mayBeSeenLater: false,
      ownRequests: 0,
    }
    // A page that forbids its images gives no pair, whatever a browser makes of it.
    const decision =
      page.refusal === null
        ? renderDecision(mode, source.signs, evidence, deps.random())
        : ({ kind: 'static' } as const)
    if (decision.kind === 'static') return unchanged
    const asking = createAsk(deps, settings, hostOf(url.url), signal)
    const waitMs = Math.min(maxWaitMs, untilMs - deps.now() - renderMs)
    const job = { url: page.url, html: source.html, headers: source.headers, userAgent: settings.userAgent }
    const outcome = await deps.renderer.render(job, { dial: deps.dial, ask: asking.ask }, waitMs, signal)
    const { report } = outcome
    const ownRequests = await asking.settle(report)
    const counters = countersOf(report)
    if (outcome.kind === 'failed') {
      counters[`render_failed:${outcome.reason}`] = 1
      const learned = taught.has(outcome.reason) ? { of: decision.of, paid: false } : null
      return { ...unchanged, counters, learned, mayBeSeenLater: passing.has(outcome.reason), ownRequests }
    }
    const isInScope = (to: string) =>
      scopeVerdict({ url: to, depth: url.depth + 1, anchor: url.anchor, redirects: 0 }, scope) === 'in'
    const shown = [page.url, ...outcome.frames.flatMap(({ url: at }) => at ?? [])]
    const ruleOf = await visit.rules?.rulesFor(shown)
    const reading = ruleOf === undefined ? visit : { ...visit, ruleOf }
    const joining = joinRendered(page, outcome, source.headers, reading, isInScope)
    const joined = await inSlices(joining, { ...deps, worked }, signal)
    counters.pages_rendered = 1
    counters[`rendered:${decision.trial ? 'trial' : decision.of}`] = 1
    if (joined.hasPaid) counters.renders_paid = 1
    if (joined.candidates > 0) counters.render_candidates = joined.candidates
    return {
      page: { ...joined.page, candidates: joined.page.candidates.map(asking.withPermission) },
      movedTo: outcome.movedTo,
      counters,
      learned: { of: decision.of, paid: joined.hasPaid },
      mayBeSeenLater: false,
      ownRequests,
    }
  }
}

/** Whether the requests of one page may go out, and what they cost their hosts. */
function createAsk(
  deps: RenderingDeps,
  { requestDelayMs }: RenderingSettings,
  ownHost: string,
  signal: AbortSignal,
) {
  const slots = createSlots(deps, requestDelayMs, slotWindowMs)
  const permissions = new Map<string, Permission>()
  const putOff = new Map<string, Promise<boolean>>()
  let ownFiles = 0

  /** The page's own host is held by who renders it. */
  const takeSlot = async (host: string): Promise<boolean> => {
    if (host === ownHost) {
      ownFiles++
      return true
    }
    return (await slots.take(host, signal)).kind === 'go'
  }
  const reserve = async (host: string, want: number): Promise<boolean> => {
    // Its own clock alone: the page's host holds the place of both in their groups.
    const wanted = [{ host, want, groups: [] }]
    const wish = {
      slots: wanted,
      perGroup: hostsPerGroup,
      delayMs: requestDelayMs,
      windowMs: putOffMs,
      guardMs,
    }
    const [slot] = await deps.backend.reserve(wish)
    return (slot?.granted ?? 0) > 0
  }
  const isPutOff = (host: string): Promise<boolean> => {
    const known =
      putOff.get(host) ?? (host === ownHost ? Promise.resolve(false) : reserve(host, 1).then((has) => !has))
    putOff.set(host, known)
    return known
  }
  const ask: Ask = async (text) => {
    const url = canonicalUrl(text)
    if (url === null) return 'bad_url'
    const until = deps.now() + askMs
    for (;;) {
      const permitted = await deps.permit(url, takeSlot, signal)
      if (permitted.kind === 'busy') {
        // Somebody fetches what decides; who cannot wait for it does without.
        if (signal.aborted || deps.now() + permitted.inMs > until) return 'unreachable'
        await sleep(Math.max(permitted.inMs, 50), signal)
        continue
      }
      if (permitted.kind === 'forbidden') return refusedBy(permitted.permission)
      if (permitted.kind !== 'allowed') return 'unreachable'
      permissions.set(url, permitted.permission)
      return (await isPutOff(hostOf(url))) ? 'put_off' : 'allowed'
    }
  }
  return {
    ask,
    /** Pays afterwards for the requests beyond each host's first. Gives the number of those to the page's own host. */
    settle: async ({ requests }: GuardReport): Promise<number> => {
      for (const [host, n] of requests) if (host !== ownHost && n > 1) await reserve(host, n - 1)
      return (requests.get(ownHost) ?? 0) + ownFiles
    },
    withPermission: <C extends { readonly pageUrl: string | null }>(candidate: C): C => {
      const permission = candidate.pageUrl === null ? undefined : permissions.get(candidate.pageUrl)
      return permission === undefined ? candidate : { ...candidate, pagePermission: permission }
    },
  }
}

function countersOf({ requests, bytes, refused }: GuardReport): Record<string, number> {
  const counters: Record<string, number> = {}
  const sent = [...requests.values()].reduce((a, b) => a + b, 0)
  if (sent > 0) counters.render_requests = sent
  if (bytes > 0) counters.render_bytes = bytes
  for (const [reason, n] of Object.entries(refused)) counters[`render_refused:${reason}`] = n
  return counters
}
