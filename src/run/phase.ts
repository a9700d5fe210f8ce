import type { Progress, RunLimits } from '../backend/index.js'
import type { RunLimit } from './run-types.js'

/** What a run has still to do, and what will end it. */
export interface Phase {
  /**
   * `crawl`: pages or pairs may still come; `plan`: everything is judged, the rest is to be planned; `shard`: plans are open; `pages`: rows
   * of the page ledger are left to write.
   */
  readonly kind: 'crawl' | 'plan' | 'shard' | 'pages' | 'done'
  /** The limit that ended it, or that it was stopped; null = there was nothing more to do. */
  readonly limit: RunLimit | 'stopped' | null
}

/** Whether the run may begin to judge what waits. Pure. */
export function pairsWithinBudget({ standing, kept }: Progress, { maxPairs }: RunLimits): boolean {
  return standing === 'running' && (maxPairs === null || kept < maxPairs)
}

/** Whether URLs wait, or are under way, that the run may fetch now: its crawl does not wait for filters or the server. Pure. */
export function pagesWithinBudget(progress: Progress, limits: RunLimits): boolean {
  const { urls, pages, crawlWaits } = progress
  const isLimitReached = limits.maxPages !== null && pages >= limits.maxPages
  return pairsWithinBudget(progress, limits) && urls > 0 && !isLimitReached && !crawlWaits
}

/**
 * Where a run stands, by one atomic reading. `closing`: the time is over, so what is not begun is left. Pure.
 *
 * A run is done when no URL within budget is queued or leased, every source is read to its end, no candidate is buffered, no batch is open, nothing committed is
 * unplanned, no plan is open and every row of the page ledger is in the store.
 */
export function phaseOf(progress: Progress, limits: RunLimits, closing: boolean): Phase {
  const pairsReached = limits.maxPairs !== null && progress.kept >= limits.maxPairs
  const pagesReached = limits.maxPages !== null && progress.pages >= limits.maxPages && progress.urls > 0
  const over = progress.standing === 'stopped' ? 'stopped' : closing ? 'max-time' : null
  const limit = pairsReached ? 'max-pairs' : (over ?? (pagesReached ? 'max-pages' : null))
  const underWay = progress.pagesLeased > 0 || progress.batchesLeased > 0
  const waiting =
    progress.sourcesOpen > 0 ||
    progress.buffered > 0 ||
    progress.batchesOpen > 0 ||
    (progress.urls > 0 && !pagesReached)
  const stopped = pairsReached || over !== null
  if (underWay || (waiting && !stopped)) return { kind: 'crawl', limit }
  if (progress.unplannedRows > 0) return { kind: 'plan', limit }
  if (progress.plansOpen > 0) return { kind: 'shard', limit }
  if (progress.pageRows > 0) return { kind: 'pages', limit }
  return { kind: 'done', limit: waiting || (limit !== 'max-time' && limit !== 'stopped') ? limit : null }
}
