import type { Progress, ServerMemory } from '../backend/index.js'
import type { CrawlWait } from './run-types.js'

/** Candidates that may wait for each place of a filter: 64 batches of 256. */
const waitingPerPlace = 256 * 64
const leastMark = 20_000
const mostMark = 500_000
/** Part of its memory from which on a server is nearly full, and below which it is no more. */
const nearlyFullShare = 0.9
const roomShare = 0.85

/**
 * Backlog above which the crawl waits for the filters. -1 = it waits whatever the backlog: the server is nearly full, and what is judged,
 * planned and written frees it. `filterPlaces`: of the workers that live. Pure.
 */
export function backlogMark(filterPlaces: number, isServerNearlyFull: boolean): number {
  if (isServerNearlyFull) return -1
  return Math.min(Math.max(waitingPerPlace * filterPlaces, leastMark), mostMark)
}

/** `memory` null = the server does not say. `was`: then it needs some room first, or the crawl would begin and end with every batch. Pure. */
export function isNearlyFull(memory: ServerMemory | null, was: boolean): boolean {
  if (memory === null || memory.maxBytes === null) return false
  return memory.usedBytes >= memory.maxBytes * (was ? roomShare : nearlyFullShare)
}

/** Why the crawl of a run waits; null = it does not. Pure. */
export function crawlWaitOf(
  progress: Pick<Progress, 'crawlWaits' | 'backlog' | 'backlogMark'>,
): CrawlWait | null {
  if (!progress.crawlWaits) return null
  const { backlog, backlogMark: mark } = progress
  return mark < 0 ? { for: 'server' } : { for: 'filters', backlog, goesOnAt: Math.floor(mark / 2) }
}
