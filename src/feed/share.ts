/** Part of a job that reads: one of its ranks, and one of that rank's workers. */
export interface Reader {
  /** From 0. */
  readonly rank: number
  /** Ranks, 1 or more. */
  readonly world: number
  /** From 0. */
  readonly worker: number
  /** Workers of a rank, 1 or more. They hand in whole batches in turn, as a DataLoader takes them. */
  readonly workers: number
  /** Samples that a worker hands in at a time; of no account with one worker. */
  readonly batchSize: number
}

export const alone: Reader = { rank: 0, world: 1, worker: 0, workers: 1, batchSize: 1 }

/** What is wrong with a reader, for people; null = nothing. Pure. */
export function readerProblem({ rank, world, worker, workers, batchSize }: Reader): string | null {
  const counts = { world, workers, batchSize }
  for (const [name, count] of Object.entries(counts))
    if (!Number.isInteger(count) || count < 1) return `${name} is a whole number from 1 on, got ${count}`
  if (!Number.isInteger(rank) || rank < 0 || rank >= world)
    return `rank is a whole number from 0 to world - 1 (${world - 1}), got ${rank}`
  if (!Number.isInteger(worker) || worker < 0 || worker >= workers)
    return `worker is a whole number from 0 to workers - 1 (${workers - 1}), got ${worker}`
  return null
}

/**
 * Whether the sample that comes `turn`-th since a job was started (from 0, over all of its ranks) is this reader's. Ranks take turns, so that
 * the samples of a step of all ranks are the next ones in order, however many ranks they are dealt to. Pure.
 */
export function isShareOf({ rank, world, worker, workers, batchSize }: Reader, turn: number): boolean {
  if (turn % world !== rank) return false
  return Math.floor(Math.floor(turn / world) / batchSize) % workers === worker
}
