import type { Backend, BatchShape, Progress, RunLimits, WorkKind, WorkQueue } from '../backend/index.js'
import { isWindowFull, pageFileKey, planParts, type ShardDeps, type ShardSettings } from '../workers/index.js'
import { type Phase, phaseOf } from './phase.js'

/** Run that a scheduler drives on: it notifies workers of what waits, plans what is judged, sees when it is over. */
export interface ScheduledRun {
  readonly run: string
  readonly backend: Backend
  readonly queue: WorkQueue
  readonly limits: RunLimits
  /** Working time over all starts of the run; null = no limit. */
  readonly maxTimeMs: number | null
  readonly batch: BatchShape
  readonly shard: { readonly deps: Pick<ShardDeps, 'backend' | 'queue'>; readonly settings: ShardSettings }
  /** Places of workers for each kind of work. */
  readonly places: (kind: WorkKind) => number
}

/** Items queued at once for each place of a worker: what waits behind them is queued when its turn comes near, and most of it is queued already. */
const itemsPerPlace = 4

/**
 * Looks after the run once. `notify`: what waits and is held by nobody is queued again, for an item can be lost. Any number of
 * processes may do it at the same time: what it decides, the backend decides.
 */
export async function schedule(
  t: ScheduledRun,
  { notify }: { readonly notify: boolean },
): Promise<{ readonly progress: Progress; readonly phase: Phase }> {
  if (notify) await notifyWaiting(t)
  const progress = await t.backend.progress(t.run)
  const phase = phaseOf(progress, t.limits, isTimeOver(progress, t.maxTimeMs))
  if (phase.kind === 'plan' || isWindowFull(progress, t.shard.settings)) {
    await planParts(t.shard.deps, t.shard.settings, phase.kind === 'plan')
  }
  // By then no page is under way; the ledger's last rows settle while the last shards are built.
  if (phase.kind !== 'crawl' && progress.pageRows > 0) await notifyPageFiles(t, true)
  return { progress, phase }
}

export function isTimeOver({ elapsedMs }: Pick<Progress, 'elapsedMs'>, maxTimeMs: number | null): boolean {
  return maxTimeMs !== null && elapsedMs >= maxTimeMs
}

async function notifyWaiting(t: ScheduledRun): Promise<void> {
  const atOnce = (kind: WorkKind) => itemsPerPlace * t.places(kind)
  await t.backend.closeBatches(t.run, { ...t.batch, dry: false })
  await t.queue.notify('session', t.run, await t.backend.waitingHosts(t.run, atOnce('session')))
  await t.queue.notify('batch', t.run, await t.backend.openBatches(t.run, atOnce('batch')))
  await t.queue.notify('plan', t.run, (await t.backend.openPlans(t.run)).map(String))
  await notifyPageFiles(t, false)
}

/** `closing`: no row is to come any more. */
async function notifyPageFiles(t: ScheduledRun, closing: boolean): Promise<void> {
  await t.queue.notify('plan', t.run, (await t.backend.openPageFiles(t.run, closing)).map(pageFileKey))
}
