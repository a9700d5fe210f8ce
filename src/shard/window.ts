import { shardCount } from './plan.js'

/** A part that no plan has taken, in the order in which parts are taken. */
interface OpenPart {
  readonly kept: number
  readonly rows: number
}

interface WindowRules {
  /** Samples in the largest shard. */
  readonly shardSize: number
  /** Whether these are all the parts that will ever be: then a window need not be full. */
  readonly final: boolean
  /** Shards' worth of samples that are shuffled together. Default 4. */
  readonly windowShards?: number
  /** Samples, 1 or more, that are enough for a window though it is not full; null = none are. Default null. */
  readonly enough?: number | null
  /** Rows, kept or not, after which a window closes however few it keeps: bounds memory. Default 1,000,000. */
  readonly maxRows?: number
  /**
   * A final window with fewer shards than this is cut smaller, down to `minShardSamples` samples (default 256) a shard:
   * training wants at least as many shards as readers. Default 1.
   */
  readonly minShards?: number
  readonly minShardSamples?: number
}

export interface Window {
  /** How many of the parts, from the first on. */
  readonly take: number
  readonly shards: number
}

/**
 * The next window of parts to plan; null = wait for more, or nothing is left. It never holds more than `windowShards`
 * full shards, save that the last one takes the rest, up to twice as much, so that what remains divides evenly.
 */
export function windowOf(parts: readonly OpenPart[], rules: WindowRules): Window | null {
  const { shardSize, final, windowShards = 4, enough = null, maxRows = 1_000_000 } = rules
  const full = prefixOf(parts, windowShards * shardSize, maxRows)
  if (final) {
    const rest = prefixOf(parts, 2 * windowShards * shardSize, maxRows)
    const take = rest.take === parts.length ? rest : full
    return take.take === 0 ? null : { take: take.take, shards: finalShards(take.kept, rules) }
  }
  const isFull = full.take < parts.length || full.kept >= windowShards * shardSize || full.rows >= maxRows
  if (!isFull && (enough === null || full.kept < enough)) return null
  return { take: full.take, shards: shardCount(full.kept, shardSize) }
}

/** Shards of all that is left. */
export function finalShards(
  kept: number,
  {
    shardSize,
    minShards = 1,
    minShardSamples = 256,
  }: Pick<WindowRules, 'shardSize' | 'minShards' | 'minShardSamples'>,
): number {
  return Math.max(shardCount(kept, shardSize), Math.min(minShards, Math.floor(kept / minShardSamples)))
}

/** The longest run of parts within both bounds, at least one part where there is one. */
function prefixOf(parts: readonly OpenPart[], maxKept: number, maxRows: number): OpenPart & { take: number } {
  let kept = 0
  let rows = 0
  let take = 0
  for (const part of parts) {
    if (take > 0 && (kept + part.kept > maxKept || rows + part.rows > maxRows)) break
    kept += part.kept
    rows += part.rows
    take++
  }
  return { kept, rows, take }
}
