import type { S3Fault } from './fault.js'

/** How long a request may take and how often it is tried. */
export interface S3Pace {
  /** One try of one request, its body included: a piece of 16 MiB must get through in this time. */
  readonly requestMs: number
  /** Joining the pieces of an upload: a store may copy all of it then. */
  readonly completeMs: number
  /** Tries in all. */
  readonly tries: number
  /** Before the second try; doubles from try to try. */
  readonly backoffMs: number
  readonly maxBackoffMs: number
}

/** Eight tries wait about 25 seconds in between, 70 where the store asks to slow down. */
export const defaultPace: S3Pace = {
  requestMs: 120_000,
  completeMs: 300_000,
  tries: 8,
  backoffMs: 200,
  maxBackoffMs: 20_000,
}

const slowCodes: ReadonlySet<string> = new Set(['SlowDown', 'ServiceUnavailable', 'TooManyRequests'])
/** A store that is overloaded is given more time. */
const slowFactor = 5

/**
 * Milliseconds before the next try; null = there is none. `tried`: tries so far, at least 1. Delays are spread over their
 * upper half by `random` (0 <= random < 1), so that many who failed together do not come back together.
 */
export function pauseBefore(
  fault: S3Fault,
  tried: number,
  pace: S3Pace,
  random: () => number,
): number | null {
  if (fault.kind !== 'passing' || tried >= pace.tries) return null
  const isSlow = fault.status === 503 || fault.status === 429 || slowCodes.has(fault.code)
  const fullMs = Math.min(pace.maxBackoffMs, pace.backoffMs * (isSlow ? slowFactor : 1) * 2 ** (tried - 1))
  return Math.round(fullMs * (0.5 + 0.5 * random()))
}
