import type { RunSnapshot } from '../run/index.js'
import { type Waiting, waitingOf } from './waiting.js'
import { type Counts, countsOf, elapsedOf, type Rates, ratesOf, type Watched } from './watched.js'

export interface ProgressLimits {
  readonly maxPages: number | null
  readonly maxPairs: number | null
  readonly maxTimeMs: number | null
}

/** How far a run is: what every kind of progress is made of. */
export interface Progress {
  readonly snapshot: RunSnapshot
  readonly limits: ProgressLimits
  readonly counts: Counts
  readonly rates: Rates
  readonly elapsedMs: number
  /** See RunActivity. */
  readonly readShare: number | null
  /** null = not to be told: the whole is not known, or the rate is not yet. */
  readonly leftMs: number | null
  readonly waiting: Waiting | null
}

/** Rates look back this far. */
const rateMs = 10_000
/** What is left is not told by the rate of less. */
const leftLeastMs = 5_000
/** Nor by less of a list: the rest of it may be otherwise. */
const leastShare = 0.01

/** How far the run is. Pure. */
export function progressOf(watched: Watched, limits: ProgressLimits, nowMs: number): Progress {
  return {
    snapshot: watched.snapshot,
    limits,
    counts: countsOf(watched),
    rates: ratesOf(watched.moments, rateMs),
    elapsedMs: elapsedOf(watched, nowMs),
    readShare: watched.activity.readShare,
    leftMs: leftOf(watched),
    waiting: waitingOf(watched, nowMs),
  }
}

/**
 * Each candidate is to be fetched and judged. Both count, as images come one by one and verdicts a batch at a time. The whole is what was
 * found, once no page waits; while a list is read, what it will have given by its end if it goes on so.
 */
function leftOf({ snapshot, activity, moments }: Watched): number | null {
  const { readShare } = activity
  if (snapshot.state !== 'running' || snapshot.queues.urls > 0) return null
  if (readShare === null || readShare < leastShare) return null
  const done = moments.map(({ atMs, counts }) => ({ atMs, steps: counts.images + counts.judged }))
  // Counted from when it began to move: a rate over the crawl before it would be too low.
  const first = done.findLast(({ steps }) => steps === done[0]?.steps)
  const last = moments.at(-1)
  if (first === undefined || last === undefined || last.atMs - first.atMs < leftLeastMs) return null
  const { images, judged, candidates } = last.counts
  const perMs = (images + judged - first.steps) / (last.atMs - first.atMs)
  const left = (2 * candidates) / readShare - images - judged
  return left > 0 && perMs > 0 ? left / perMs : null
}
