import {
  type Backend,
  type BatchShape,
  type Progress,
  type RunLimits,
  slotKeys,
  type WorkKind,
  type WorkQueue,
} from '../backend/index.js'
import { isWindowFull, planParts, type ShardDeps, type ShardSettings } from '../workers/index.js'
import { type Phase, phaseOf } from './phase.js'

/** Run that a scheduler drives on: it notifies workers of what waits, plans what is judged, sees when it is over. */
interface ScheduledRun {
  readonly run: string
  readonly backend: Backend
  readonly queue: WorkQueue
  readonly limits: RunLimits
  /** Working time over all starts of the run; null = no limit. */
  readonly maxTimeMs: number | null
  readonly batch: BatchShape
  readonly shard: { readonly deps: Pick<ShardDeps, 'backend' | 'queue'>; readonly settings: ShardSettings }
  /** Runs that go on, this one among them. */
  readonly runs: number
  /** Places of workers for each kind of work. */
  readonly places: (kind: WorkKind) => number
}

/** Hosts queued for each place of a worker: what waits behind them is queued when its turn comes near. */
const itemsPerPlace = 4
/** A host that was queued, and is not visited, is queued again after this: its item may be lost. */
export const restMs = 5_000

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
    await planParts(t.shard.deps, t.shard.settings, progress, phase.kind === 'plan')
  }
  // By then no page is under way; the ledger's last rows settle while the last shards are built.
  if (phase.kind !== 'crawl' && progress.pageRows > 0)
    await notifySlots(t, 'plan', (await openShardWork(t.backend, t.run, true)).length)
  return { progress, phase }
}

export function isTimeOver({ elapsedMs }: Pick<Progress, 'elapsedMs'>, maxTimeMs: number | null): boolean {
  return maxTimeMs !== null && elapsedMs >= maxTimeMs
}

async function notifyWaiting(t: ScheduledRun): Promise<void> {
  await t.backend.closeBatches(t.run, { ...t.batch, dry: false })
  const room = itemsPerPlace * t.places('session') - (await t.queue.size('session'))
  if (room > 0) await t.queue.notify('session', t.run, await t.backend.waitingHosts(t.run, room, restMs))
  await notifySlots(t, 'batch', (await t.backend.openBatches(t.run, t.places('batch'))).length)
  await notifySlots(t, 'plan', (await openShardWork(t.backend, t.run, false)).length)
}

/** Notifies of so many slots as there is open work for, and places. None is missing while there are as many items as all runs can have. */
async function notifySlots(t: ScheduledRun, kind: 'batch' | 'plan', open: number): Promise<void> {
  const slots = Math.min(open, t.places(kind))
  if (slots === 0 || (await t.queue.size(kind)) >= t.runs * t.places(kind)) return
  await t.queue.notify(kind, t.run, slotKeys(slots))
}

/** Work of those who write shards: a plan, or a file of the page ledger. */
type ShardWork =
  | { readonly kind: 'plan'; readonly plan: number }
  | { readonly kind: 'pages'; readonly file: number }

/** Shard work that nobody holds. `closing`: no row of the ledger is to come any more. */
export async function openShardWork(
  backend: Pick<Backend, 'openPlans' | 'openPageFiles'>,
  run: string,
  closing: boolean,
): Promise<readonly ShardWork[]> {
  const [plans, files] = await Promise.all([backend.openPlans(run), backend.openPageFiles(run, closing)])
  return [
    ...plans.map((plan) => ({ kind: 'plan', plan }) as const),
    ...files.map((file) => ({ kind: 'pages', file }) as const),
  ]
}
