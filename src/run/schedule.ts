import type { Backend, BatchShape, BellKind, Bells, Progress, RunLimits } from '../backend/index.js'
import { isWindowFull, pageFileKey, planParts, type ShardDeps, type ShardSettings } from '../workers/index.js'
import { type Phase, phaseOf } from './phase.js'

/** A run that somebody looks after: rings what waits, plans what is judged, sees when it is over. */
export interface Tended {
  readonly run: string
  readonly backend: Backend
  readonly bells: Bells
  readonly limits: RunLimits
  /** Working time over all starts of the run; null = no limit. */
  readonly maxTimeMs: number | null
  readonly batch: BatchShape
  readonly shard: { readonly deps: Pick<ShardDeps, 'backend' | 'bells'>; readonly settings: ShardSettings }
  /** Places of workers for each kind of work. */
  readonly places: (kind: BellKind) => number
}

/** Rung at once for each place of a worker: what waits behind is rung when its turn comes near, and most of it has a ring already. */
const ringsPerPlace = 4

/**
 * Looks after the run once. `ring`: what waits and is held by nobody is rung again, for a ring can be lost. Any number of
 * processes may do it at the same time: what it decides, the backend decides.
 */
export async function tend(
  t: Tended,
  { ring }: { readonly ring: boolean },
): Promise<{ readonly progress: Progress; readonly phase: Phase }> {
  if (ring) await ringWaiting(t)
  const progress = await t.backend.progress(t.run)
  const phase = phaseOf(progress, t.limits, isTimeOver(progress, t.maxTimeMs))
  if (phase.kind === 'plan' || isWindowFull(progress, t.shard.settings)) {
    await planParts(t.shard.deps, t.shard.settings, phase.kind === 'plan')
  }
  // By then no page is under way; the ledger's last rows settle while the last shards are built.
  if (phase.kind !== 'crawl' && progress.pageRows > 0) await ringPageFiles(t, true)
  return { progress, phase }
}

export function isTimeOver({ elapsedMs }: Pick<Progress, 'elapsedMs'>, maxTimeMs: number | null): boolean {
  return maxTimeMs !== null && elapsedMs >= maxTimeMs
}

async function ringWaiting(t: Tended): Promise<void> {
  const atOnce = (kind: BellKind) => ringsPerPlace * t.places(kind)
  await t.backend.closeBatches(t.run, { ...t.batch, dry: false })
  await t.bells.ring('session', t.run, await t.backend.waitingHosts(t.run, atOnce('session')))
  await t.bells.ring('batch', t.run, await t.backend.openBatches(t.run, atOnce('batch')))
  await t.bells.ring('plan', t.run, (await t.backend.openPlans(t.run)).map(String))
  await ringPageFiles(t, false)
}

/** `closing`: no row is to come any more. */
async function ringPageFiles(t: Tended, closing: boolean): Promise<void> {
  await t.bells.ring('plan', t.run, (await t.backend.openPageFiles(t.run, closing)).map(pageFileKey))
}
