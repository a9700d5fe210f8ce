import { randomBytes } from 'node:crypto'
import {
  type AllottedPlan,
  type Backend,
  type Progress,
  slotKeys,
  type UnplannedPart,
  type WorkQueue,
  type WorkResult,
} from '../backend/index.js'
import type { StoredFormat } from '../records/index.js'
import { executePlan, type Plan, removePlanParts, type Store, windowOf, writePlan } from '../shard/index.js'
import { type KeptLease, withLease } from './lease.js'
import type { UnderWay } from './under-way.js'

export interface ShardSettings {
  readonly run: string
  /** Samples in the largest shard. */
  readonly shardSize: number
  /** A run that ends with fewer shards is cut into so many, where it has the samples. */
  readonly minShards: number
  readonly seed: string
  readonly format: StoredFormat
  /** A part is planned so long after its commit; 0 = at once. */
  readonly settleMs: number
}

type PlanSettings = Pick<ShardSettings, 'run' | 'seed' | 'format'> & {
  readonly modelId: string | null
}

export interface ShardDeps {
  readonly backend: Backend
  readonly queue: WorkQueue
  readonly store: Store
  readonly underWay: UnderWay
}

const leaseMs = 30_000
/** Samples are shuffled together over so many shards; each part is read once for it. */
const windowShards = 4
/** A run's first window is smaller: the sooner it closes, the sooner there is something to train on. */
const firstWindowShards = 1
/** It closes after so long, too, if it has so many samples. */
const firstWindowMs = 600_000
const firstWindowSamples = 256
/** Rows, kept or not, after which a window closes however few it keeps. */
const windowRows = 1_000_000
/** More parts than any window holds. */
const maxParts = 10_000

/** State of a run's shards, from which it follows how large its next window is. */
export type Windows = Pick<Progress, 'nextShard' | 'elapsedMs'>

const windowRulesOf = ({ nextShard, elapsedMs }: Windows) => ({
  windowShards: nextShard === 0 ? firstWindowShards : windowShards,
  enough: nextShard === 0 && elapsedMs >= firstWindowMs ? firstWindowSamples : null,
})

/** Whether there may be enough for a plan that need not be the last one. Pure. */
export function isWindowFull(
  progress: Pick<Progress, 'unplannedKept' | 'unplannedRows'> & Windows,
  { shardSize }: Pick<ShardSettings, 'shardSize'>,
): boolean {
  const { windowShards: shards, enough } = windowRulesOf(progress)
  const needed = Math.min(shards * shardSize, enough ?? Number.POSITIVE_INFINITY)
  return progress.unplannedKept >= needed || progress.unplannedRows >= windowRows
}

const laterWindows: Windows = { nextShard: 1, elapsedMs: 0 }

/** Plans what is there; `final`: nothing more will come, so the rest need not fill a window. Answers the plans made. */
export async function planParts(
  deps: Pick<ShardDeps, 'backend' | 'queue'>,
  settings: ShardSettings,
  windows: Windows,
  final: boolean,
): Promise<readonly number[]> {
  const made: number[] = []
  for (;;) {
    const all = await deps.backend.unplannedParts(settings.run, maxParts)
    const parts = settledOf(all, settings.settleMs)
    const isLast = final && parts.length === all.length && all.length < maxParts
    // What a small run keeps is shuffled as one.
    const rules = windowRulesOf(isLast || made.length > 0 ? laterWindows : windows)
    const window = windowOf(parts, {
      ...{ shardSize: settings.shardSize, minShards: settings.minShards },
      ...{ final: isLast, maxRows: windowRows, ...rules },
    })
    if (window === null) break
    const plan = await deps.backend.allotPlan({
      run: settings.run,
      batches: parts.slice(0, window.take).map((part) => part.batch),
      shards: window.shards,
      shardSize: settings.shardSize,
    })
    if (plan !== null) made.push(plan)
  }
  if (made.length > 0) await deps.queue.notify('plan', settings.run, slotKeys(1))
  return made
}

/**
 * The parts, from the first on, whose commits are old enough. A plan in the store cannot be taken back; a backend that loses its last
 * moments must not forget what the plan was made of, or its candidates would be judged and kept a second time. Pure.
 */
function settledOf(parts: readonly UnplannedPart[], settleMs: number): readonly UnplannedPart[] {
  const fresh = parts.findIndex(({ agoMs }) => agoMs < settleMs)
  return fresh < 0 ? parts : parts.slice(0, fresh)
}

/**
 * Carries out one plan: written to the store before anything else, so that it is known even if the backend forgets it. null = the plan is
 * another's, or none any more.
 */
export async function buildShards(
  deps: ShardDeps,
  settings: PlanSettings,
  id: number,
  abort: AbortSignal,
): Promise<WorkResult | null> {
  const { run } = settings
  const token = randomBytes(12).toString('hex')
  const lease = await deps.backend.leasePlan({ run, plan: id, token, leaseMs })
  if (lease.kind !== 'plan') return null
  const taken = { run, kind: 'plan', id, token, leaseMs } as const
  const tally = deps.underWay.tally()
  const work = async (held: KeptLease): Promise<WorkResult> => {
    const plan = planOf(lease.plan, settings)
    await writePlan(deps.store, plan, held.signal)
    const told = { ...deps, onPair: () => tally.count('pairs_written') }
    const entries = await executePlan(told, plan, () => {}, held.signal)
    tally.commit()
    const committed = await deps.backend.commitPlan({
      run,
      plan: id,
      token,
      counters: {
        pairs_written: entries.reduce((sum, { samples }) => sum + samples, 0),
        shards: entries.filter((entry) => entry.shard !== null).length,
        shard_bytes: entries.reduce(
          (sum, entry) => sum + entry.files.reduce((size, file) => size + file.size, 0),
          0,
        ),
      },
    })
    if (committed.kind === 'lost') return { kind: 'done' }
    // The plan is carried out: there is no lease to lose any more, and asking for more of it would say that it is lost.
    held.end()
    await removePlanParts(deps.store, plan, abort)
    return { kind: 'done' }
  }
  return await withLease(deps.backend, taken, abort, work).finally(() => tally.commit())
}

/** The plan as the store keeps it. Equal for equal allotments, so that writing it twice writes it once. */
export function planOf(allotted: AllottedPlan, settings: PlanSettings): Plan {
  return {
    v: 1,
    run: settings.run,
    plan: allotted.plan,
    createdAt: new Date(allotted.createdAtMs).toISOString(),
    firstShard: allotted.firstShard,
    shards: allotted.shards,
    shardSize: allotted.shardSize,
    seed: settings.seed,
    format: settings.format,
    modelId: settings.modelId,
    parts: allotted.parts,
  }
}

/** The other way round: what the backend must know of a plan that it forgot. */
export function allottedOf(plan: Plan): AllottedPlan {
  return {
    plan: plan.plan,
    firstShard: plan.firstShard,
    shards: plan.shards,
    shardSize: plan.shardSize,
    createdAtMs: Date.parse(plan.createdAt),
    parts: plan.parts,
  }
}
