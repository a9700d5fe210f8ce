import { keyDigits } from '../../shard/index.js'
import { type Catalog, liveOf, readCatalog } from '../catalog.js'
import { DatasetReader, orderedSources } from '../dataset-reader.js'
import type { LiveSamples } from '../live.js'
import { samplesOf } from '../order.js'
import type { FeedSample } from '../sample.js'
import type { FeedSource } from '../source-reader.js'
import type { FeedState } from '../state.js'
import type { Positions } from './positions.js'
import { Recent } from './recent.js'
import { type SampleId, TakenBack } from './taken-back.js'
import type { OrderWish, TarWish } from './wish.js'

/** A dataset that is served. */
export interface ServedSource extends Pick<FeedSource, 'place' | 'weight'> {
  /** Leaves alone what passes an SQL condition. Answers why that cannot be done, for people; null = it is done. */
  readonly keepWhere: (
    live: LiveSamples,
    catalog: Catalog,
    where: string,
    signal: AbortSignal,
  ) => Promise<string | null>
}

/** An epoch as it was when the first of its parts was asked for: all of them, whenever they begin, are cut of the same order. */
interface BegunEpoch {
  readonly sources: readonly FeedSource[]
  /** In all parts together; of a mixture with weights nearly so many. */
  readonly samples: number
}

/** A wish that these datasets cannot meet. The message is for people. */
export class WishUnmet extends Error {
  override readonly name = 'WishUnmet'
}

export interface ServedDeps {
  readonly sources: readonly ServedSource[]
  readonly positions: Positions
  /** Shards that are shuffled together; null = as suits each dataset. */
  readonly windowShards: number | null
  /** For each tar that is sent. */
  readonly readsAtOnce: number
  /** Of tars that are read as a whole, for all that are sent. */
  readonly bufferBytes: number
  readonly now: () => number
}

/** A bit a sample each, where some are left out. */
const conditionsKept = 16
const epochsKept = 32

/** Datasets that are served as one, until the signal ends it. */
export class Served {
  readonly takenBack: TakenBack
  readonly #deps: ServedDeps
  readonly #first: readonly Catalog[]
  readonly #signal: AbortSignal
  readonly #conditions = new Recent<LiveSamples>(conditionsKept)
  readonly #epochs = new Recent<BegunEpoch>(epochsKept)

  private constructor(deps: ServedDeps, catalogs: readonly Catalog[], signal: AbortSignal) {
    this.#deps = deps
    this.#first = catalogs
    this.#signal = signal
    const datasets = deps.sources.flatMap(({ place }, i) => {
      const catalog = catalogs[i]
      return catalog === undefined ? [] : [{ place, catalog }]
    })
    this.takenBack = new TakenBack(datasets, deps.now)
  }

  /** Throws DatasetUnusable. */
  static async open(deps: ServedDeps, signal: AbortSignal): Promise<Served> {
    const catalogs = await Promise.all(deps.sources.map(({ place }) => readCatalog(place, signal)))
    return new Served(deps, catalogs, signal)
  }

  /** Throws WishUnmet, and what the places throw. */
  async epoch(order: OrderWish, epoch: number, from: TarWish['from']): Promise<BegunEpoch> {
    const name = JSON.stringify([this.nameOfOrder(order), epoch])
    const begun = await this.#epochs.get(name, () => this.#begin(order, epoch))
    if (from === null || holds(begun, from)) return begun
    // It began with more of them, under another server: whether these are its datasets the reader says.
    this.#epochs.forget(name)
    return await this.#epochs.get(name, () => this.#begin(order, epoch, from))
  }

  /** `streams`: tars that are being sent, this one too. Throws DatasetUnusable where the state is that of other datasets. */
  reader(epoch: BegunEpoch, wish: TarWish, number: number, streams: number): DatasetReader {
    const { windowShards, readsAtOnce, bufferBytes, now } = this.#deps
    return new DatasetReader(
      epoch.sources,
      {
        ...{ seed: wish.order.seed, epoch: number, windowShards, reader: wish.reader, state: wish.from },
        // What is taken back is looked for once for all readers, and left out when it is to be sent.
        ...{ caption: wish.caption, follow: false, readsAtOnce, onBroken: null, step: wish.step },
        bufferBytes: bufferBytes / streams,
      },
      now,
    )
  }

  idOf({ source, key }: FeedSample): SampleId {
    const digits = keyDigits(this.#first[source]?.shardSize ?? 0)
    return { source, shard: Number(key.slice(0, -digits)), slot: Number(key.slice(-digits)) }
  }

  /**
   * Name of a sample in a tar, which no other has. Datasets have equal keys: of several, each has its number before them. Where they have weights a
   * sample may come again: then the place is told behind it.
   */
  nameOf({ source, key }: FeedSample, { place }: FeedState): string {
    const { sources } = this.#deps
    if (sources.length === 1) return key
    return sources.every(({ weight }) => weight === null) ? `${source}-${key}` : `${source}-${key}-${place}`
  }

  /** Whose positions are kept together. */
  nameOfOrder(order: OrderWish): string {
    const { sources } = this.#deps
    const mixture = sources.map(({ place, weight }) => [place.url, weight])
    return JSON.stringify([order.seed, order.split, order.where, ...(sources.length === 1 ? [] : mixture)])
  }

  async #begin(order: OrderWish, epoch: number, from: TarWish['from'] = null): Promise<BegunEpoch> {
    const { sources, positions } = this.#deps
    const name = this.nameOfOrder(order)
    const known = from === null ? await positions.begun(name, epoch) : null
    const begun = await Promise.all(
      sources.map(async (source, i) => {
        const now = await readCatalog(source.place, this.#signal)
        const catalog = { ...now, shards: now.shards.slice(0, known?.[i] ?? now.shards.length) }
        const { place, weight } = source
        return { place, weight, catalog, live: await this.#live(source, i, order, catalog) }
      }),
    )
    if (known === null)
      await positions.begin(
        name,
        epoch,
        begun.map(({ catalog }) => catalog.shards.length),
      )
    const { windowShards } = this.#deps
    return { sources: begun, samples: samplesOf(orderedSources(begun, { state: null, windowShards })) }
  }

  async #live(source: ServedSource, i: number, { where }: OrderWish, catalog: Catalog): Promise<LiveSamples> {
    if (where === null) return liveOf(catalog)
    const name = JSON.stringify([i, where, catalog.generation, catalog.shards.length])
    return await this.#conditions.get(name, async () => {
      const live = liveOf(catalog)
      const problem = await source.keepWhere(live, catalog, where, this.#signal)
      if (problem !== null) throw new WishUnmet(`where: ${problem}`)
      return live
    })
  }
}

function holds({ sources }: BegunEpoch, { place, sources: had }: NonNullable<TarWish['from']>): boolean {
  if (place === 0) return true
  return sources.every(({ catalog }, i) => (had[i]?.shards ?? 0) <= catalog.shards.length)
}
