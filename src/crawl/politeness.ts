/** A host is never asked faster than this many of its own answers take to begin, as far as `maxLatencyDelayMs`. */
const latencyFactor = 1
const maxLatencyDelayMs = 30_000
/** Longest delay for the time that this process works on a host's answers. */
const maxWorkDelayMs = 30_000
/** Working time that one page may cost on a host for which no delay was asked: many times that of a large one. */
const undelayedWorkMs = 2_000
/** Delay of a host that answered 429 or 503, at least and at most. */
const minOverloadDelayMs = 250
const maxOverloadDelayMs = 60_000
/** A host that asks for a longer pause is asked again after this, with as little as one fetch. */
const maxPauseMs = 5 * 60_000

/**
 * The least time between two fetches for a host that takes `latencyMs` to answer, where `wantedMs` was asked for anyway; 0 = no more
 * than that. Where no delay was asked for at all, how fast a host answers is no reason for one. Pure.
 */
export function latencyDelayMs(wantedMs: number, latencyMs: number): number {
  const slowMs = Math.ceil(Math.min(latencyMs * latencyFactor, maxLatencyDelayMs))
  return wantedMs === 0 || slowMs <= wantedMs ? 0 : slowMs
}

/**
 * The least time between two fetches for a host whose answers, pages, cost this process `workMs` each, where `wantedMs` was asked for
 * anyway; 0 = no more than that. Where no delay was asked for, what usual answers cost is no reason for one. Pure.
 */
export function workDelayMs(wantedMs: number, workMs: number): number {
  const costMs = Math.ceil(Math.min(workMs, maxWorkDelayMs))
  return costMs <= (wantedMs === 0 ? undelayedWorkMs : wantedMs) ? 0 : costMs
}

/** The delay after one more 429 or 503, where it was `delayMs`: twice that. Pure. */
export function overloadDelayMs(delayMs: number): number {
  return Math.max(delayMs, Math.min(Math.max(2 * delayMs, minOverloadDelayMs), maxOverloadDelayMs))
}

/** How long to leave a whole host alone that told one fetch to come again so much later; null = it did not say. Pure. */
export function askedPauseMs(askedMs: number | null): number {
  return Math.min(Math.max(askedMs ?? 0, 0), maxPauseMs)
}

/** A render counts as no more than so many pages, whatever it asked for. */
const maxRenderPages = 10

/**
 * How long a host is left alone after a render that sent it so many requests: each counts as an image does. A browser sends them at once; what
 * comes after them waits. Pure.
 */
export function renderPauseMs(requests: number, requestDelayMs: number, delayMs: number): number {
  return requests === 0 ? 0 : Math.max(delayMs, Math.min(requests * requestDelayMs, maxRenderPages * delayMs))
}
