import { hostOf, type Refusal, type scopeVerdict, type VisitOutcome } from '../crawl/index.js'
import type { DecidedPage, LeasedUrl, Permission } from '../records/index.js'
import { permissionOf } from './permission.js'

/** Redirects from page to page, each through the frontier. */
export const maxRedirects = 5
/** Tries of one URL, the first included. */
export const maxTries = 3
/** For people; what a server or a library wrote may be long. */
const maxDetailLength = 200

/** Why a run leaves a page out, beside what a visit ends in and what is not within its scope. */
export const runSkipReasons = ['robots', 'redirects', 'redirect_loop', 'host_stalled', 'host_budget'] as const
export type RunSkipReason = (typeof runSkipReasons)[number]

/** Everything a visit can end in, beside what the visit itself says. */
export type UrlOutcome = (
  | VisitOutcome
  /** `optOut`: the one that forbids it; absent = robots.txt does. */
  | { readonly kind: 'forbidden'; readonly optOut?: string }
  | { readonly kind: 'out'; readonly verdict: Exclude<ReturnType<typeof scopeVerdict>, 'in'> }
  /** A redirect to where it came from, which gives no page however often it is followed. */
  | { readonly kind: 'loop'; readonly to: string; readonly status: number }
  /** Not tried, or given up by us: it goes back as it was. */
  | { readonly kind: 'back' }
) & {
  /** What allowed or forbade it; absent = nobody was asked. */
  readonly permission?: Permission
  /** It came to this without a fetch. */
  readonly unfetched?: true
}

export interface UrlVisited {
  readonly url: LeasedUrl
  readonly outcome: UrlOutcome
  /** When it ended. */
  readonly atMs: number
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
    case 'out':
      return { ...row, reason: outcome.verdict }
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
