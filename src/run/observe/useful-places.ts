import type { HostCounts, Progress, RunLimits, WorkKind } from '../../backend/index.js'
import { pagesWithinBudget, pairsWithinBudget } from '../phase.js'

/** A run that goes on, as far as it says how many places it has work for. */
interface RunDemand {
  readonly progress: Progress
  readonly limits: RunLimits
  readonly hosts: HostCounts
}

/** Where a larger share of the places has work, hosts that wait may wait for a place. */
const fullShare = 0.9

/**
 * Places for which the fleet has work now, by kind: what an autoscaler should aim at. `places`: those that it has. Pure.
 *
 * A host whose time has come counts only while next to no place is free: what free places leave alone, such as the thousandth host of one
 * domain, more places would leave alone as well. Where hosts only rest, or images only wait for their hosts, it is 1, so that somebody is there
 * when they are ready. Nothing can be begun in a run that is paused, stopped, or at its limits, and no page in one whose crawl waits; plans are carried
 * out all the same.
 */
export function usefulPlaces(
  runs: readonly RunDemand[],
  places: Readonly<Record<WorkKind, number>>,
): Record<WorkKind, number> {
  const open = runs.filter(({ progress }) => progress.standing !== 'failed')
  const crawling = open.filter(({ progress, limits }) => pagesWithinBudget(progress, limits))
  const judging = open.filter(({ progress, limits }) => pairsWithinBudget(progress, limits))
  const held = sum(open, ({ hosts }) => hosts.held)
  const due = held >= fullShare * places.session ? sum(crawling, ({ hosts }) => hosts.due) : 0
  const batches = sum(open, (run) =>
    judging.includes(run) ? run.progress.batchesOpen : run.progress.batchesLeased,
  )
  const buffered = judging.some(({ progress }) => progress.buffered > 0)
  return {
    session: atLeast(crawling.length > 0, held + due),
    batch: atLeast(buffered, batches),
    // Who carries out plans looks after the runs too.
    plan: atLeast(
      open.length > 0,
      sum(open, ({ progress }) => progress.plansOpen),
    ),
  }
}

function atLeast(one: boolean, n: number): number {
  return one ? Math.max(n, 1) : n
}

function sum(runs: readonly RunDemand[], n: (run: RunDemand) => number): number {
  return runs.reduce((total, run) => total + n(run), 0)
}
