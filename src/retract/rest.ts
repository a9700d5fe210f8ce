import type { Progress, RunEntry } from '../backend/index.js'

/** What a run has still to write, or to judge; null = it is at rest: it ended, or was stopped between two batches. Pure. */
export function unrestOf(
  { ended }: Pick<RunEntry, 'ended'>,
  progress: Pick<Progress, 'batchesOpen' | 'batchesLeased' | 'pagesLeased' | 'unplannedRows' | 'plansOpen'>,
): string | null {
  const { batchesOpen, batchesLeased, pagesLeased, unplannedRows, plansOpen } = progress
  const left = [
    [pagesLeased, 'pages under way'],
    // A run that ended leaves those that it may not begin.
    [ended === null ? batchesOpen : batchesLeased, 'batches to judge'],
    [unplannedRows, 'rows that no plan has'],
    [plansOpen, 'plans to carry out'],
  ] as const
  const named = left.filter(([count]) => count > 0).map(([count, what]) => `${what} (${count})`)
  return named.length === 0 ? null : named.join(', ')
}

/** What a run in a folder is told that is not at rest. Pure. */
export function folderUnrest(place: string, left: string): string {
  return `${place}: its run is not at rest, it has ${left}: let the command that began it go on to its end, or end it soon by the same command with --max-time 1s`
}

/** The same of a run of a fleet. Pure. */
export function fleetUnrest(run: string, left: string): string {
  return `the run ${run} is not at rest, it has ${left}: pairmill stop ${run}, and begin when status says that it has ended`
}
