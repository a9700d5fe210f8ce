import { shuffle } from '../shard/index.js'
import type { LiveSamples } from './live.js'

/** A shard as an epoch knows it. */
export interface FedShard {
  readonly shard: number
  /** Samples as first written, those taken back since among them: it never changes, so neither does an order that counts them. */
  readonly slots: number
}

export interface EpochWish {
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

/**
 * A place in an epoch's order, and the sample there. Places count every slot, dead ones too; so the place up to which a job has come means
 * the same after samples were taken back.
 */
export interface Placed {
  readonly place: number
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
    const places = inside.reduce((sum, { slots }) => sum + slots, 0)
    windows.push({ window: windows.length, from, places, shards: inside })
    from += places
  }
  return windows
}

/** Places of an epoch. */
export function placesOf(windows: readonly EpochWindow[]): number {
  const last = windows.at(-1)
  return last === undefined ? 0 : last.from + last.places
}

/** Every slot of a window in the order of the epoch, from its `skip`-th place on; dead ones are left out. Pure. */
export function* windowOrder(
  { window, from, places, shards }: EpochWindow,
  { seed, epoch }: Pick<EpochWish, 'seed' | 'epoch'>,
  live: Pick<LiveSamples, 'has'>,
  skip = 0,
): Generator<Placed> {
  const order = Uint32Array.from({ length: places }, (_, i) => i)
  shuffle(order, `${seed}/${epoch}/${window}`)
  const bases: number[] = []
  let base = 0
  for (const { slots } of shards) {
    bases.push(base)
    base += slots
  }
  for (let at = skip; at < places; at++) {
    const number = order[at] ?? 0
    const i = lastNotAbove(bases, number)
    const { shard } = shards[i] ?? { shard: -1 }
    const slot = number - (bases[i] ?? 0)
    if (live.has(shard, slot)) yield { place: from + at, shard, slot }
  }
}

/** Every live sample of an epoch from a place on, in its order. */
export function* epochOrder(
  windows: readonly EpochWindow[],
  wish: Pick<EpochWish, 'seed' | 'epoch'>,
  live: Pick<LiveSamples, 'has'>,
  fromPlace = 0,
): Generator<Placed> {
  for (const window of windows) {
    if (window.from + window.places <= fromPlace) continue
    yield* windowOrder(window, wish, live, Math.max(0, fromPlace - window.from))
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
