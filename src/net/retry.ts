import type { FetchFailure } from './outcome.js'

type RetryVerdict = { readonly kind: 'retry'; readonly delayMs: number } | { readonly kind: 'final' }

type FailedTry =
  /** `lasting` as in FetchFailed. */
  | { readonly failure: FetchFailure; readonly lasting?: boolean }
  /** `retryAfter` is the Retry-After field as sent; null = none. */
  | { readonly status: number; readonly retryAfter: string | null }

/** After this many retries every outcome is final; callers may stop sooner. */
export const maxRetries = 5
/** A host that asks for a longer pause than a day is not waited for. */
const maxRetryAfterMs = 24 * 3600 * 1000
const maxBackoffMs = 5 * 60 * 1000
const backoffMs = 1000
/** A host that says it is overloaded, but not for how long, is given more time. */
const overloadBackoffMs = 5000

const passing: ReadonlySet<FetchFailure> = new Set(['dns', 'connection', 'timeout', 'body_cut'])
/** Server errors that say something lasting about the request or the server, not about the moment. */
const lasting: ReadonlySet<number> = new Set([501, 505, 506, 508, 510, 511])
const overload: ReadonlySet<number> = new Set([429, 503])

/**
 * Decides whether a failed try is repeated. `attempt` counts the tries before it (0 = it was the first). Delays double
 * from try to try, are spread over their upper half by `random` (0 <= random < 1), and never undercut a
 * Retry-After. A name that nobody could resolve is tried twice in all: most such names are simply gone.
 */
export function retryOf(
  outcome: FailedTry,
  attempt: number,
  now: number,
  random: () => number,
): RetryVerdict {
  if (attempt >= maxRetries) return { kind: 'final' }
  if ('failure' in outcome) {
    if (outcome.lasting === true || !passing.has(outcome.failure)) return { kind: 'final' }
    if (outcome.failure === 'dns' && attempt >= 1) return { kind: 'final' }
    return { kind: 'retry', delayMs: backoff(backoffMs, attempt, random) }
  }
  if (!mayPass(outcome.status)) return { kind: 'final' }
  const asked = retryAfterMs(outcome.retryAfter, now)
  if (asked !== null && asked > maxRetryAfterMs) return { kind: 'final' }
  const own = backoff(overload.has(outcome.status) ? overloadBackoffMs : backoffMs, attempt, random)
  if (asked === null) return { kind: 'retry', delayMs: own }
  // All who were told the same moment must not come back in the same moment.
  return { kind: 'retry', delayMs: asked + Math.round(random() * Math.min(1000, asked / 10)) }
}

/** Milliseconds from `now` that a Retry-After field asks for (RFC 9110 section 10.2.3); null = none usable. */
export function retryAfterMs(field: string | null, now: number): number | null {
  const text = field?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000)
  // Only what looks like an HTTP date: Date.parse alone takes almost anything, e.g. '-5'.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}

function mayPass(status: number): boolean {
  if (status === 408 || status === 425 || status === 429) return true
  return status >= 500 && status <= 599 && !lasting.has(status)
}

function backoff(baseMs: number, attempt: number, random: () => number): number {
  const fullMs = Math.min(maxBackoffMs, baseMs * 2 ** attempt)
  return Math.round(fullMs * (0.5 + 0.5 * random()))
}
