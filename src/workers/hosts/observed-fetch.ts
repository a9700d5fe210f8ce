import { hostOf } from '../../crawl/index.js'
import { type Fetch, type FetchOutcome, type FetchRequest, retryAfterMs } from '../../net/index.js'

/** What one fetch says about its host. */
export type HostEvent =
  /** `latencyMs`: until its head was there. How long a body takes is the matter of its size, and of the line. */
  | { readonly kind: 'answered'; readonly latencyMs: number }
  /** It is asked too often, or can do no more; `askedMs`: when it wants to be asked again, null = it does not say. */
  | { readonly kind: 'overloaded'; readonly askedMs: number | null }
  | { readonly kind: 'dead' }

/** The fetch, with what it says of its host told to `onEvent` before its caller learns of it. */
export function observedFetch(
  fetch: Fetch,
  now: () => number,
  onEvent: (host: string, event: HostEvent) => void,
): Fetch {
  return async (request, signal) => {
    const startedAt = now()
    let headAt: number | null = null
    const onHead: FetchRequest['onHead'] = (head) => {
      headAt = now()
      return request.onHead?.(head) ?? 'read'
    }
    const outcome = await fetch({ ...request, onHead }, signal)
    const event = hostEventOf(outcome, startedAt, headAt ?? now())
    if (event !== null) onEvent(hostOf(request.url), event)
    return outcome
  }
}

/** null = nothing is said about the host: we gave up, or the URL is no good. Pure. */
export function hostEventOf(outcome: FetchOutcome, startedAt: number, now: number): HostEvent | null {
  if (outcome.kind === 'failed') return deadReasons.has(outcome.reason) ? { kind: 'dead' } : null
  const { status, headers } = outcome.head
  if (status === 429 || status === 503) {
    return { kind: 'overloaded', askedMs: retryAfterMs(headers['retry-after'] ?? null, now) }
  }
  return status >= 500 ? { kind: 'dead' } : { kind: 'answered', latencyMs: Math.max(now - startedAt, 0) }
}

const deadReasons: ReadonlySet<string> = new Set(['connection', 'timeout', 'dns', 'tls'])
