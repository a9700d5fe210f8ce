import { finalShards, type ShardPlan, shuffle } from '../shard/index.js'
import type { CurateRequest } from './request.js'

/** Shards of a dataset that is to be written. */
export interface LaidOut {
  /** Samples in the largest shard, which fixes the digits of a key. */
  readonly shardSize: number
  readonly shards: readonly ShardPlan[]
}

const defaultShardSize = 10_000
/** A small dataset is cut into as many shards as a small run's. */
const defaultMinShards = 8

/**
 * Cuts samples evenly into shards, in the order of source and key, or shuffled all over. `kept` and `rejected`: row numbers, ascending; the rejected ones
 * are dealt in order, so that each source's are read by few shards. Pure.
 */
export function layOut(
  kept: Uint32Array,
  rejected: Uint32Array,
  request: Pick<CurateRequest, 'shuffle' | 'shardSize' | 'shards'>,
): LaidOut {
  const count = Math.min(kept.length, shardsOf(kept.length, request))
  const order = kept.slice()
  if (request.shuffle !== null) shuffle(order, request.shuffle)
  const largest = Math.ceil(kept.length / Math.max(1, count))
  const shardSize = request.shards === null ? (request.shardSize ?? defaultShardSize) : largest
  const cut = (total: number, i: number) => Math.floor((total * i) / count)
  const shards = Array.from({ length: count }, (_, shard) => ({
    shard,
    kept: order.subarray(cut(kept.length, shard), cut(kept.length, shard + 1)),
    rejected: rejected.subarray(cut(rejected.length, shard), cut(rejected.length, shard + 1)),
    pictured: null,
  }))
  return { shardSize: Math.max(1, shardSize), shards }
}

function shardsOf(kept: number, { shardSize, shards }: Pick<CurateRequest, 'shardSize' | 'shards'>): number {
  if (shards !== null) return shards
  const minShards = shardSize === null ? defaultMinShards : 1
  return finalShards(kept, { shardSize: shardSize ?? defaultShardSize, minShards })
}

/** Numbers below `rows` that are not in `kept`, which ascends. Pure. */
export function othersOf(rows: number, kept: Uint32Array): Uint32Array {
  const others = new Uint32Array(rows - kept.length)
  let next = 0
  let at = 0
  for (let number = 0; number < rows; number++) {
    if (kept[next] === number) next++
    else others[at++] = number
  }
  return others
}
