import { type EpochWindow, epochWindows, type FedShard, type Slot, slotsOf, windowOrder } from './epoch.js'
import type { LiveSamples } from './live.js'
import { SourceTurns } from './turns.js'

/** A dataset as the order of an epoch knows it. */
export interface OrderedSource {
  /** Those that it had when the epoch began. */
  readonly shards: readonly FedShard[]
  readonly windowShards: number
  readonly live: Pick<LiveSamples, 'has' | 'count'>
  /** By which it has turns: of `turnWeights`. */
  readonly turns: number
  /** Turns of it that are over. */
  readonly place: number
}

/** A window of a source. */
export interface SourceWindow {
  readonly shards: readonly FedShard[]
  /** Of the window behind it; none = its shards are shuffled anew then, or the epoch ends. */
  readonly nextShards: readonly FedShard[]
  /** Turns of the source before it, and at its end. */
  readonly from: number
  readonly to: number
}

/** A turn of an epoch that has a live sample. */
export interface Turn extends Slot {
  /** Turns of the epoch before it, dead slots' ones too: what it means never changes, whatever is taken back. */
  readonly place: number
  readonly source: number
  readonly window: SourceWindow
}

/** Turns of an epoch: as many as its sources have slots. Pure. */
export function turnsOf(sources: readonly Pick<OrderedSource, 'shards'>[]): number {
  return sources.reduce((sum, { shards }) => sum + slotsOf(shards), 0)
}

/** Live samples of an epoch: of a mixture with weights nearly so many. Pure. */
export function samplesOf(sources: readonly Pick<OrderedSource, 'shards' | 'turns' | 'live'>[]): number {
  const turns = turnsOf(sources)
  const weights = sources.reduce((sum, source) => sum + source.turns, 0)
  const shares = sources.map(({ shards, turns: weight, live }) => {
    const count = shards.reduce((sum, { shard }) => sum + live.count(shard), 0)
    return weight === 0 ? 0 : ((turns * weight) / weights) * (count / slotsOf(shards))
  })
  return Math.round(shares.reduce((sum, share) => sum + share, 0))
}

/** Every live sample of an epoch of one dataset or of several, from their places on, in the order that all readers share. Pure. */
export function* epochOrder(
  sources: readonly OrderedSource[],
  wish: { readonly seed: string; readonly epoch: number },
): Generator<Turn> {
  const given = sources.map(({ place }) => place)
  const lanes = sources.map((source, i) => new Lane(source, `${wish.seed}/${i}`, wish.epoch))
  const turns = new SourceTurns(
    sources.map((source) => source.turns),
    given,
  )
  const end = turnsOf(sources)
  for (let place = given.reduce((sum, count) => sum + count, 0); place < end; place++) {
    const source = turns.next()
    const at = given[source] ?? 0
    given[source] = at + 1
    const picked = lanes[source]?.at(at)
    if (picked === undefined || !sources[source]?.live.has(picked.shard, picked.slot)) continue
    yield { place, source, ...picked }
  }
}

/** Slots of one source, turn by turn: its own epochs, one behind another, each in an order of its own. */
class Lane {
  readonly #source: OrderedSource
  readonly #slots: number
  readonly #seed: string
  readonly #epoch: number
  #repeat = -1
  #windows: readonly EpochWindow[] = []
  #window: SourceWindow = { shards: [], nextShards: [], from: 0, to: 0 }
  #order: (at: number) => Slot = () => ({ shard: -1, slot: -1 })

  constructor(source: OrderedSource, seed: string, epoch: number) {
    this.#source = source
    this.#slots = slotsOf(source.shards)
    this.#seed = seed
    this.#epoch = epoch
  }

  /** Cheap where turns are asked for one behind another. */
  at(turn: number): Slot & { readonly window: SourceWindow } {
    if (turn < this.#window.from || turn >= this.#window.to) this.#enter(turn)
    return { ...this.#order(turn - this.#window.from), window: this.#window }
  }

  #enter(turn: number): void {
    const repeat = Math.floor(turn / this.#slots)
    const wish = { seed: `${this.#seed}/${repeat}`, epoch: this.#epoch }
    if (repeat !== this.#repeat) {
      const { shards, windowShards } = this.#source
      this.#windows = epochWindows(shards, { ...wish, windowShards })
      this.#repeat = repeat
    }
    const base = repeat * this.#slots
    const inside = this.#windows.find(({ from, places }) => turn - base < from + places)
    if (inside === undefined) throw new RangeError(`a source of ${this.#slots} slots has no turn ${turn}`)
    const from = base + inside.from
    const nextShards = this.#windows[inside.window + 1]?.shards ?? []
    this.#window = { shards: inside.shards, nextShards, from, to: from + inside.places }
    this.#order = windowOrder(inside, wish)
  }
}
