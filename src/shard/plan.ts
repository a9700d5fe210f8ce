import { z } from 'zod'
import { type RejectReason, rejectReasons, storedFormats } from '../records/index.js'
import { shuffle } from './seeded.js'

const reasons: readonly RejectReason[] = Object.values(rejectReasons).flat()

const partSchema = z.object({
  batch: z.string(),
  name: z.string(),
  /** Bytes. */
  size: z.int().nonnegative(),
  sha256: z.string(),
  rows: z.int().nonnegative(),
  /** Row indexes that the batch commit kept, ascending. */
  kept: z.array(z.int().nonnegative()).readonly(),
  /** Rows that the part holds an image of, but the commit did not keep. */
  losers: z
    .array(
      z.object({
        row: z.int().nonnegative(),
        reason: z.enum(reasons),
        /** As in Row. */
        duplicateOf: z.string().nullable(),
      }),
    )
    .readonly(),
})

export const planSchema = z.object({
  v: z.literal(1),
  run: z.string(),
  plan: z.int().nonnegative(),
  /** ISO 8601; the only time that goes into what the plan writes. */
  createdAt: z.iso.datetime(),
  /** Shards of a plan are numbered `firstShard .. firstShard + shards - 1`. */
  firstShard: z.int().nonnegative(),
  /** 0 exactly where no part keeps anything. */
  shards: z.int().nonnegative(),
  /** Samples in the largest shard of the run: fixes the digits of a key, so it is the same for all plans of a run. */
  shardSize: z.int().positive(),
  seed: z.string(),
  format: z.enum(storedFormats),
  /** null = nothing is scored. */
  modelId: z.string().nullable(),
  parts: z.array(partSchema).readonly(),
})

export type PlanPart = Readonly<z.infer<typeof partSchema>>
export type Plan = Readonly<z.infer<typeof planSchema>>

/**
 * Rows of one shard. Rows are numbered through a plan: part 0's rows, then part 1's, and so on (`partOf`
 * turns a number back), which costs four bytes a row.
 */
export interface ShardPlan {
  /** null = the plan keeps nothing: its rows go into a ledger. */
  readonly shard: number | null
  /** In the order of the samples. */
  readonly kept: Uint32Array
  /** Ascending. */
  readonly rejected: Uint32Array
  /** Rejected rows of which the shard names pictures, ascending: all of the plan in its first shard; null in others. */
  readonly pictured: Uint32Array | null
}

/** Shards for `kept` samples of at most `shardSize`; 0 for none. */
export function shardCount(kept: number, shardSize: number): number {
  return Math.ceil(kept / shardSize)
}

/**
 * Deals all rows of a plan: the kept ones shuffled and cut evenly (sizes differ by at most one), the rejected ones
 * round robin. The same plan gives the same answer everywhere. Throws where the plan contradicts itself.
 */
export function planShards(plan: Plan): ShardPlan[] {
  const { kept, rejected } = splitRows(plan)
  if (plan.shards === 0) {
    if (kept.length > 0) throw new RangeError(`plan ${plan.plan} keeps ${kept.length} samples in no shard`)
    return rejected.length === 0 ? [] : [{ shard: null, kept, rejected, pictured: rejected }]
  }
  if (kept.length < plan.shards || kept.length > plan.shards * plan.shardSize) {
    throw new RangeError(
      `plan ${plan.plan} has ${kept.length} samples for ${plan.shards} shards of up to ${plan.shardSize}`,
    )
  }
  shuffle(kept, plan.seed)
  return Array.from({ length: plan.shards }, (_, i) => ({
    shard: plan.firstShard + i,
    kept: kept.slice(cut(kept.length, i, plan.shards), cut(kept.length, i + 1, plan.shards)),
    rejected: rejected.filter((_row, at) => at % plan.shards === i),
    pictured: i === 0 ? rejected : null,
  }))
}

function cut(total: number, i: number, shards: number): number {
  return Math.floor((total * i) / shards)
}

function splitRows(plan: Plan): { kept: Uint32Array; rejected: Uint32Array } {
  const rowsTotal = plan.parts.reduce((sum, part) => sum + part.rows, 0)
  const keptTotal = plan.parts.reduce((sum, part) => sum + part.kept.length, 0)
  if (keptTotal > rowsTotal) throw new RangeError(`plan ${plan.plan} keeps more rows than it has`)
  const kept = new Uint32Array(keptTotal)
  const rejected = new Uint32Array(rowsTotal - keptTotal)
  let keptAt = 0
  let rejectedAt = 0
  let base = 0
  for (const part of plan.parts) {
    let next = 0
    for (let row = 0; row < part.rows; row++) {
      if (part.kept[next] === row) {
        kept[keptAt++] = base + row
        next++
      } else {
        rejected[rejectedAt++] = base + row
      }
    }
    // Also where the list is not ascending, or names a row twice.
    if (next !== part.kept.length)
      throw new RangeError(`${part.name} keeps row ${part.kept[next]}, which it has not`)
    base += part.rows
  }
  return { kept, rejected }
}

/** First row number of each part, and at the end the number of rows. */
export function rowBases(plan: Plan): Uint32Array {
  const bases = new Uint32Array(plan.parts.length + 1)
  let base = 0
  plan.parts.forEach((part, i) => {
    bases[i] = base
    base += part.rows
  })
  bases[plan.parts.length] = base
  return bases
}

/** The part that holds row `number`: the last one that begins at or before it and is not empty. */
export function partOf(bases: Uint32Array, number: number): number {
  let low = 0
  let high = bases.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((bases[middle] ?? 0) <= number) low = middle
    else high = middle - 1
  }
  return low
}
