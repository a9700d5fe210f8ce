import { messageOf } from '../records/index.js'
import { decodeTarIndex, keyOf, shardStem, TarError, tarIndexName, tarName } from '../shard/index.js'
import type { Catalog, CatalogShard } from './catalog.js'
import type { FedShard, Slot } from './epoch.js'
import type { FeedPlace } from './place.js'
import { type FeedSample, type SampleWish, sampleIn } from './sample.js'
import { type TarPart, tarBytesOf, WholeShards } from './whole-shards.js'

/** Samples whose offsets are read at once: four kilobytes. */
const blockSamples = 512

/** A sample that is not where the index of its shard says, or is none. */
export class BrokenSample extends Error {
  override readonly name = 'BrokenSample'
}

/** A shard of which no sample can be read. */
export class BrokenShard extends BrokenSample {
  readonly shard: number
  constructor(shard: number, why: string) {
    super(`${tarName(shardStem(shard))} cannot be read: ${why}`)
    this.shard = shard
  }
}

/** Reads single samples of a dataset: each from its tar, where that is held as a whole, else by one ranged read, once the offsets around it are known. */
export class SampleFiles {
  readonly #place: FeedPlace
  readonly #catalog: Catalog
  readonly #wish: SampleWish
  readonly #shards: ReadonlyMap<number, CatalogShard>
  /** Slots taken back by shard, ascending, as they may be in its file: the last one is what was said last. */
  readonly #taken = new Map<number, (readonly number[])[]>()
  readonly #whole: WholeShards
  /** Offsets by shard and block. */
  readonly #blocks = new Map<number, Map<number, Promise<readonly number[]>>>()

  constructor(place: FeedPlace, catalog: Catalog, wish: SampleWish) {
    this.#place = place
    this.#catalog = catalog
    this.#wish = wish
    this.#whole = new WholeShards(place)
    this.#shards = new Map(catalog.shards.map((one) => [one.shard, one]))
    for (const { shard, taken } of catalog.shards) this.#taken.set(shard, [taken])
  }

  /** Throws BrokenSample, and what the place throws. */
  async read(slot: Slot, signal: AbortSignal): Promise<FeedSample> {
    const { shard } = slot
    const { shardSize } = this.#catalog
    const key = keyOf(shard, slot.slot, shardSize)
    let why = `${tarName(shardStem(shard))} has something else where ${key} should be`
    for (const taken of (this.#taken.get(shard) ?? [[]]).toReversed()) {
      try {
        const sample = this.#sample(
          slot,
          await this.#piece(shard, slot.slot - below(taken, slot.slot), signal),
        )
        if (sample !== null) return sample
      } catch (error) {
        if (error instanceof BrokenShard) throw error
        if (!isBroken(error)) throw error
        why = `${tarName(shardStem(shard))}: ${key} cannot be read: ${messageOf(error)}`
      }
    }
    throw new BrokenSample(why)
  }

  /** As `read`, at once; null = its tar is not held as a whole, or the sample is not where it should be. */
  held({ shard, slot }: Slot): FeedSample | null {
    const piece = this.#whole.sample(shard, slot - below(this.#taken.get(shard)?.at(-1) ?? [], slot))
    if (piece === null) return null
    try {
      return this.#sample({ shard, slot }, piece)
    } catch (error) {
      // `read` says what is wrong with it.
      if (isBroken(error)) return null
      throw error
    }
  }

  /** Whether `held` gives the samples of a shard. */
  isHeld(shard: number): boolean {
    return this.#whole.isHeld(shard)
  }

  /** Begins to read these shards as a whole; their samples are cut from that. */
  loadWhole(shards: readonly FedShard[], signal: AbortSignal): void {
    this.#whole.load(this.#catalogued(shards), signal)
  }

  /** Bytes of the tars of shards, as the manifest has them. */
  tarBytes(shards: readonly FedShard[]): number {
    return tarBytesOf(this.#catalogued(shards))
  }

  /** Slots that are taken back from a shard, whose files may have lost them already, or not yet. */
  announce(shard: number, slots: readonly number[]): void {
    const known = this.#taken.get(shard)
    if (known === undefined) return
    const last = known.at(-1) ?? []
    known.push([...new Set([...last, ...slots])].sort((a, b) => a - b))
  }

  /** What is known of where its samples are: its files may have become others. */
  async forget(shard: number): Promise<void> {
    this.#whole.forget(shard)
    this.#blocks.delete(shard)
    await this.#place.forget(tarName(shardStem(shard)))
    await this.#place.forget(tarIndexName(shardStem(shard)))
  }

  #sample({ shard, slot }: Slot, { offset, bytes }: TarPart): FeedSample | null {
    const { shardSize, format } = this.#catalog
    return sampleIn(bytes, offset, { key: keyOf(shard, slot, shardSize), format }, this.#wish)
  }

  async #piece(shard: number, at: number, signal: AbortSignal): Promise<TarPart> {
    // What would be fetched a second time is waited for.
    if (!this.#place.isNear && this.#whole.isLoading(shard)) await this.#whole.loaded(shard)
    const held = this.#whole.sample(shard, at)
    if (held !== null) return held
    const block = Math.floor(at / blockSamples)
    const offsets = await this.#block(shard, block, signal)
    const [offset, end] = [offsets[at % blockSamples], offsets[(at % blockSamples) + 1]]
    if (offset === undefined || end === undefined || end <= offset)
      throw new BrokenSample(`its index has no sample ${at}`)
    const range = { offset, size: end - offset }
    const bytes = await this.#place.readRange(tarName(shardStem(shard)), range, signal)
    if (bytes === null) throw new BrokenShard(shard, 'there is no such file')
    return { offset, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) }
  }

  #catalogued(shards: readonly FedShard[]): CatalogShard[] {
    return shards.flatMap(({ shard }) => this.#shards.get(shard) ?? [])
  }

  /** Offsets of the samples of a block, and the end of its last one. */
  #block(shard: number, block: number, signal: AbortSignal): Promise<readonly number[]> {
    const blocks = this.#blocks.get(shard) ?? new Map<number, Promise<readonly number[]>>()
    this.#blocks.set(shard, blocks)
    const known = blocks.get(block)
    if (known !== undefined) return known
    const range = { offset: 8 * block * blockSamples, size: 8 * (blockSamples + 1) }
    const read = this.#place.readRange(tarIndexName(shardStem(shard)), range, signal).then((bytes) => {
      if (bytes === null) throw new BrokenShard(shard, `there is no ${tarIndexName(shardStem(shard))}`)
      const offsets = decodeTarIndex(bytes)
      if (offsets === null) throw new BrokenShard(shard, `${tarIndexName(shardStem(shard))} is no index`)
      return offsets
    })
    blocks.set(block, read)
    // One that failed is read anew by who asks next.
    read.catch(() => blocks.delete(block))
    return read
  }
}

const isBroken = (error: unknown): boolean =>
  error instanceof BrokenSample || error instanceof TarError || error instanceof SyntaxError

/** How many of ascending numbers are below a number. */
function below(ascending: readonly number[], number: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle] ?? 0) < number) low = middle + 1
    else high = middle
  }
  return low
}
