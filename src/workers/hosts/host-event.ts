import type { PageSkipReason } from '../../crawl/index.js'
import { type FetchFailure, type FetchOutcome, retryAfterMs } from '../../net/index.js'

/** Word of one fetch about its host. */
export type HostEvent =
  /** `latencyMs`: until its head was there. How long a body takes is the matter of its size, and of the line. */
  | { readonly kind: 'answered'; readonly latencyMs: number }
  /** The host is asked too often, or can do no more; `askedMs`: when it wants to be asked again, null = it does not say. */
  | { readonly kind: 'overloaded'; readonly askedMs: number | null }
  | { readonly kind: 'dead' }

/** Failures by which a host did not answer; the others are ours, or the URL's, or make an answer useless. */
const deadFailures: readonly FetchFailure[] = ['connection', 'timeout', 'dns', 'tls']

const deadInFetches: ReadonlySet<FetchFailure> = new Set(deadFailures)

/** Reasons of pages name statuses by class; to a fetch a 429 or 503 is `overloaded` and another 5xx `dead`, and none of them an answer. */
const deadInPages: ReadonlySet<PageSkipReason> = new Set([...deadFailures, 'http_5xx', 'http_429'])

/** Event of a fetch that came to `outcome`; null = nothing is said about the host: we gave up, or the URL is no good. Pure. */
export function hostEventOf(outcome: FetchOutcome, startedAt: number, now: number): HostEvent | null {
  if (outcome.kind === 'failed') return deadInFetches.has(outcome.reason) ? { kind: 'dead' } : null
  const { status, headers } = outcome.head
  if (status === 429 || status === 503) {
    return { kind: 'overloaded', askedMs: retryAfterMs(headers['retry-after'] ?? null, now) }
  }
  return status >= 500 ? { kind: 'dead' } : { kind: 'answered', latencyMs: Math.max(now - startedAt, 0) }
}

/**
 * Whether the host of a page that ended with `reason` did answer. Pages and fetches differ where nothing speaks against the host, as with a
 * body too large: for a fetch nothing speaks for it either (`hostEventOf` gives null), while a page that ended so counts as answered. Pure.
 */
export function isAnswered(reason: PageSkipReason): boolean {
  return !deadInPages.has(reason)
}
