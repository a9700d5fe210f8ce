import type { Refusal, scopeVerdict, VisitOutcome } from '../crawl/index.js'
import type { DecidedPage, LeasedUrl, Permission } from '../records/index.js'
import { hostOf, type Refusals, type RefusedBy } from '../records/index.js'
import { maxRedirects, permissionOf } from './hosts/index.js'

/** Counter of seeds that a redirect leads on to another host. */
export const seedsMoved = 'seeds_moved'
/** Tries of one URL, the first included. */
export const maxTries = 3
/** A page whose commit was refused so often, with nothing else in it, is left out. */
const maxRefusedCommits = 2
/**
 * A death proves nothing: whoever stops a process takes the pages with it that it happened to hold. A page that was there when two workers
 * died is leased alone, and tried on; but so many did not die of something else one after the other.
 */
const maxDeaths = 20
/** For people; what a server or a library wrote may be long. */
const maxDetailLength = 200

/** Why a run leaves a page out, beside what a visit ends in and what is not within its scope. */
export const runSkipReasons = [
  'robots',
  'redirects',
  'redirect_loop',
  'host_stalled',
  'tdm_unreachable',
  'ai_txt_unreachable',
  'host_budget',
  'listed',
  'retracted',
] as const
export type RunSkipReason = (typeof runSkipReasons)[number]

/** Everything a visit can end in, beside what the visit itself says. */
export type UrlOutcome = (
  | VisitOutcome
  /** `optOut`: the one that forbids it; absent = robots.txt does. */
  | { readonly kind: 'forbidden'; readonly optOut?: string }
  /** A list of the run forbids it, or it was taken back from the dataset: then nothing names it any more. */
  | { readonly kind: 'refused'; readonly by: RefusedBy }
  | { readonly kind: 'out'; readonly verdict: Exclude<ReturnType<typeof scopeVerdict>, 'in'> }
  /** A redirect to where it came from, which gives no page however often it is followed. */
  | { readonly kind: 'loop'; readonly to: string; readonly status: number }
  /** Not tried, or given up by us: it goes back as it was. */
  | { readonly kind: 'back' }
  /** The backend could not take what came of it, and takes this. */
  | { readonly kind: 'uncommitted'; readonly detail: string; readonly status?: number }
) & {
  /** Record of what allowed or forbade it; absent = nobody was asked. */
  readonly permission?: Permission
  /** The URL came to this without a fetch. */
  readonly unfetched?: true
}

export interface UrlVisited {
  readonly url: LeasedUrl
  readonly outcome: UrlOutcome
  /** When it ended. */
  readonly atMs: number
}

/** Whether a refusal of the URL's commit is the last one that it may have. Pure. */
export function isLastRefusal({ refusedCommits = 0 }: LeasedUrl): boolean {
  return refusedCommits + 1 >= maxRefusedCommits
}

/** Why a URL is not tried once more; null = it may be. Pure. */
export function deathsOf({ deaths = 0 }: LeasedUrl): string | null {
  return deaths >= maxDeaths ? `${deaths} workers died while they held it` : null
}

/** Reason of the URLs of a host that is drained. `unreachable`: on whose word it was not asked; null = nothing says so. Pure. */
export function drainedAs(unreachable: Permission | null): RunSkipReason {
  if (unreachable?.rule === 'tdm:unreachable') return 'tdm_unreachable'
  return unreachable?.rule === 'ai-txt:unreachable' ? 'ai_txt_unreachable' : 'host_stalled'
}

/** Outcome of a URL whose commit was refused. Pure. */
export function uncommitted({ url, outcome, atMs }: UrlVisited, detail: string): UrlVisited {
  const status =
    outcome.kind === 'page' ? outcome.page.status : 'status' in outcome ? outcome.status : undefined
  return {
    url,
    outcome: {
      kind: 'uncommitted',
      detail,
      ...(status === undefined ? {} : { status }),
      ...(outcome.permission === undefined ? {} : { permission: outcome.permission }),
    },
    atMs,
  }
}

/** A URL that was taken back, or that leads to one, comes to nothing more, whatever it gave. Pure. */
export function unlessRetracted(visited: UrlVisited, refusals: Refusals): UrlVisited {
  const { url, outcome } = visited
  const ledTo = outcome.kind === 'page' ? outcome.page.url : 'to' in outcome ? outcome.to : null
  if (refusals.ofUrls([url.url, ledTo]) !== 'retracted') return visited
  return outcome.kind === 'back' || outcome.kind === 'retry'
    ? visited
    : { ...visited, outcome: { kind: 'refused', by: 'retracted' } }
}

/** The row of the page ledger; null = nothing is decided yet: it will be tried again. Pure. */
export function pageRowOf({ url, outcome, atMs }: UrlVisited): DecidedPage | null {
  const said = (refusal: Refusal | null): Permission | null =>
    refusal === null ? null : permissionOf(refusal, atMs)
  const row: DecidedPage = {
    url: url.url,
    host: hostOf(url.url),
    outcome: 'left_out',
    reason: null,
    detail: null,
    httpStatus: null,
    depth: url.depth,
    tries: url.attempts,
    redirectTo: null,
    candidates: null,
    permission: outcome.permission ?? null,
    imagesRefusal: null,
  }
  const fetched = outcome.unfetched === true ? row : { ...row, tries: url.attempts + 1 }
  switch (outcome.kind) {
    case 'page':
      return {
        ...fetched,
        outcome: 'read',
        httpStatus: outcome.page.status,
        candidates: outcome.page.candidates.length,
        // Read where its redirect led with the cookies that were set on the way.
        redirectTo: outcome.page.url === url.url ? null : outcome.page.url,
        imagesRefusal: said(outcome.page.refusal),
      }
    case 'redirect': {
      const isOver = url.redirects >= maxRedirects
      return {
        ...fetched,
        outcome: isOver ? 'skipped' : 'redirected',
        reason: isOver ? 'redirects' : null,
        httpStatus: outcome.status,
        redirectTo: outcome.to,
      }
    }
    case 'loop':
      return {
        ...fetched,
        outcome: 'skipped',
        reason: 'redirect_loop',
        httpStatus: outcome.status,
        redirectTo: outcome.to,
      }
    case 'retry':
      if (url.attempts + 1 < maxTries) return null
      return { ...fetched, outcome: 'given_up', reason: outcome.reason, ...answerOf(outcome) }
    case 'skipped': {
      const skipped = { ...fetched, reason: outcome.reason, ...answerOf(outcome) }
      if (outcome.refusal === undefined) return { ...skipped, outcome: 'skipped' }
      return { ...skipped, outcome: 'refused', detail: null, permission: said(outcome.refusal) }
    }
    case 'forbidden':
      return { ...row, outcome: 'refused', reason: outcome.optOut === undefined ? 'robots' : 'opt_out' }
    case 'refused':
      return outcome.by === 'retracted' ? null : { ...row, outcome: 'refused', reason: outcome.by }
    case 'out':
      return { ...row, reason: outcome.verdict }
    case 'uncommitted':
      if (!isLastRefusal(url)) return null
      return { ...fetched, outcome: 'skipped', reason: 'commit_failed', ...answerOf(outcome) }
    case 'back':
      return null
  }
}

/** A status says all that a detail like `HTTP 404` would. */
function answerOf({ status, detail }: { readonly status?: number; readonly detail: string }) {
  return {
    httpStatus: status ?? null,
    detail: detail === '' || detail === `HTTP ${status}` ? null : detail.slice(0, maxDetailLength),
  }
}
