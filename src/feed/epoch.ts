import { shuffle } from '../shard/index.js'

/** A shard as an epoch knows it. */
export interface FedShard {
  readonly shard: number
  /** Samples as first written, those taken back since among them: it never changes, so neither does an order that counts them. */
  readonly slots: number
}

interface EpochWish {
  readonly seed: string
  /** From 0. */
  readonly epoch: number
  /** Shards that are shuffled together, 1 or more: so many are open at a time. */
  readonly windowShards: number
}

/** Shards whose samples are shuffled together. */
export interface EpochWindow {
  /** Its number in the epoch, from 0. */
  readonly window: number
  /** Places of the epoch before it. */
  readonly from: number
  /** In it. */
  readonly places: number
  readonly shards: readonly FedShard[]
}

/** A slot of a dataset: where a sample is, or was until it was taken back. */
export interface Slot {
  readonly shard: number
  readonly slot: number
}

/** Windows of an epoch: its shards in an order of their own, cut into windows. Pure: the same for all ranks, workers and machines. */
export function epochWindows(shards: readonly FedShard[], wish: EpochWish): EpochWindow[] {
  if (!Number.isInteger(wish.windowShards) || wish.windowShards < 1)
    throw new RangeError(`a window has 1 shard or more, got ${wish.windowShards}`)
  const order = Uint32Array.from(shards.keys())
  shuffle(order, `${wish.seed}/${wish.epoch}/shards`)
  const windows: EpochWindow[] = []
  let from = 0
  for (let at = 0; at < order.length; at += wish.windowShards) {
    const inside = Array.from(order.subarray(at, at + wish.windowShards)).flatMap((i) => shards[i] ?? [])
    const places = slotsOf(inside)
    windows.push({ window: windows.length, from, places, shards: inside })
    from += places
  }
  return windows
}

/** Slots of a window that are shuffled together where nobody says otherwise: twelve bytes of memory each. */
const windowSlots = 1_000_000
/** Shards of such a window: each has two files open. */
const mostWindowShards = 256

/**
 * Shards of a window where nobody says otherwise: as many as make a million slots, and 8 at least. A smaller dataset is shuffled as a whole; in a
 * larger one, though it lies by host, a batch has nearly as many hosts as in a full shuffle. Pure.
 */
export function defaultWindowShards(shards: readonly FedShard[]): number {
  const mean = Math.max(1, slotsOf(shards) / Math.max(1, shards.length))
  return Math.min(mostWindowShards, Math.max(8, Math.floor(windowSlots / mean)))
}

/** Slots of shards together. Pure. */
export function slotsOf(shards: readonly FedShard[]): number {
  return shards.reduce((sum, { slots }) => sum + slots, 0)
}

/** The order of a window's slots: which one comes at its `at`-th place, from 0 on. Pure. */
export function windowOrder(
  { window, places, shards }: EpochWindow,
  { seed, epoch }: Pick<EpochWish, 'seed' | 'epoch'>,
): (at: number) => Slot {
  const order = Uint32Array.from({ length: places }, (_, i) => i)
  shuffle(order, `${seed}/${epoch}/${window}`)
  const bases: number[] = []
  let base = 0
  for (const { slots } of shards) {
    bases.push(base)
    base += slots
  }
  return (at) => {
    const number = order[at] ?? 0
    const i = lastNotAbove(bases, number)
    return { shard: shards[i]?.shard ?? -1, slot: number - (bases[i] ?? 0) }
  }
}

/** Index of the last of ascending values that is not above `value`. Of several equal ones the last: an empty shard holds nothing. */
function lastNotAbove(ascending: readonly number[], value: number): number {
  let low = 0
  let high = ascending.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((ascending[middle] ?? 0) <= value) low = middle
    else high = middle - 1
  }
  return low
}
