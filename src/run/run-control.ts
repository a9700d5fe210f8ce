import type { Hub, RunEntry, WishedStanding } from '../backend/index.js'

/** What people tell a run of a fleet. */
export type Order = 'pause' | 'resume' | 'stop'

type Ordered =
  | { readonly kind: 'done'; readonly was: RunEntry }
  /** It is so already, or it ended: there is nothing to pause or stop. */
  | { readonly kind: 'nothing'; readonly was: RunEntry }
  | { readonly kind: 'forgetting' }
  | { readonly kind: 'unknown'; readonly runs: readonly string[] }

const standings: Record<Order, WishedStanding> = { pause: 'paused', resume: 'running', stop: 'stopped' }

/**
 * Pauses, resumes or stops a run. What is under way is finished and committed. A stopped run's kept pairs are written to shards; it
 * can be resumed all the same, and so can one that failed or reached a limit.
 */
export async function orderRun(
  { backend }: Pick<Hub, 'backend'>,
  run: string,
  order: Order,
): Promise<Ordered> {
  const runs = await backend.runs()
  const was = runs.find((entry) => entry.run === run)
  if (was === undefined) return { kind: 'unknown', runs: runs.map((entry) => entry.run) }
  if (was.standing === 'forgetting') return { kind: 'forgetting' }
  const over = was.ended !== null
  const standing = standings[order]
  if (order === 'resume' ? was.standing === 'running' && !over : over || was.standing === standing) {
    return { kind: 'nothing', was }
  }
  await backend.setStanding(run, standing, null)
  return { kind: 'done', was }
}
