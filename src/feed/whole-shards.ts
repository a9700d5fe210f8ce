import { decodeTarIndex, shardStem, tarIndexName, tarName } from '../shard/index.js'
import type { CatalogShard } from './catalog.js'
import type { FeedPlace } from './place.js'

/** A tar is read in pieces of about so many bytes, each from the beginning of a sample to the end of one. */
const pieceBytes = 8 << 20
/** Shards that are read at the same time. */
const shardsAtOnce = 4

/** A part of a tar, where it stands in it. */
export interface TarPart {
  readonly offset: number
  readonly bytes: Buffer
}

interface Loaded {
  /** Of its samples, and the end of the last one. */
  readonly offsets: readonly number[]
  /** Ascending, without gaps. */
  readonly pieces: readonly TarPart[]
}

/**
 * Whether tars are read as a whole: where more than a third of their slots are wanted (`share`, 0 to 1), and all of them fit into memory. Otherwise each
 * sample is read by itself. Pure.
 */
export function isReadWhole(share: number, tarBytes: number, bufferBytes: number): boolean {
  return share > 1 / 3 && tarBytes <= bufferBytes
}

/** Pure. */
export function tarBytesOf(shards: readonly Pick<CatalogShard, 'tarBytes'>[]): number {
  return shards.reduce((sum, { tarBytes }) => sum + tarBytes, 0)
}

/** Tars that are held in memory, each read once, front to back. */
export class WholeShards {
  readonly #place: FeedPlace
  /** null = it is not to be had as a whole: it is broken, or was changed while it was read. */
  readonly #held = new Map<number, Promise<Loaded | null>>()
  readonly #there = new Map<number, Loaded>()

  constructor(place: FeedPlace) {
    this.#place = place
  }

  /** Begins to read shards, in this order. */
  load(shards: readonly CatalogShard[], signal: AbortSignal): void {
    const lanes = Array.from({ length: shardsAtOnce }, () => Promise.resolve<unknown>(null))
    for (const [i, shard] of shards.filter((one) => !this.#held.has(one.shard)).entries()) {
      const lane = i % shardsAtOnce
      const loaded = (lanes[lane] ?? Promise.resolve())
        // What is wrong with it, who reads a single sample of it is told.
        .then(() => this.#read(shard, signal))
        .catch(() => null)
      lanes[lane] = loaded
      this.#held.set(shard.shard, loaded)
      loaded.then((whole) => {
        if (this.#held.get(shard.shard) !== loaded) return
        if (whole === null) this.#held.delete(shard.shard)
        else this.#there.set(shard.shard, whole)
      })
    }
  }

  isHeld(shard: number): boolean {
    return this.#there.has(shard)
  }

  isLoading(shard: number): boolean {
    return this.#held.has(shard) && !this.#there.has(shard)
  }

  /** Ends with the reading of a shard. */
  async loaded(shard: number): Promise<void> {
    await this.#held.get(shard)
  }

  /** Its `at`-th sample; null = it is not held. */
  sample(shard: number, at: number): TarPart | null {
    const whole = this.#there.get(shard)
    const [offset, end] = [whole?.offsets[at], whole?.offsets[at + 1]]
    if (whole === undefined || offset === undefined || end === undefined) return null
    const piece = whole.pieces.findLast((one) => one.offset <= offset)
    if (piece === undefined) return null
    const from = offset - piece.offset
    return { offset, bytes: piece.bytes.subarray(from, from + end - offset) }
  }

  forget(shard: number): void {
    this.#held.delete(shard)
    this.#there.delete(shard)
  }

  async #read({ shard, slots, tarBytes }: CatalogShard, signal: AbortSignal): Promise<Loaded | null> {
    const index = { offset: 0, size: 8 * (slots + 1) }
    const bytes = await this.#place.readRange(tarIndexName(shardStem(shard)), index, signal)
    const offsets = bytes === null ? null : decodeTarIndex(bytes)
    if (offsets === null || !isAscending(offsets) || (offsets.at(-1) ?? 0) > tarBytes) return null
    const pieces: TarPart[] = []
    for (const range of rangesOf(offsets)) {
      const piece = await this.#place.readRange(tarName(shardStem(shard)), range, signal)
      if (piece === null || piece.length !== range.size) return null
      pieces.push({ offset: range.offset, bytes: Buffer.from(piece.buffer, piece.byteOffset, piece.length) })
    }
    return { offsets, pieces }
  }
}

/** Ranges of a tar, each of whole samples. */
function rangesOf(offsets: readonly number[]): { readonly offset: number; readonly size: number }[] {
  const ranges: { offset: number; size: number }[] = []
  let from = offsets[0] ?? 0
  for (const [i, offset] of offsets.entries()) {
    const next = offsets[i + 1]
    if (offset > from && (next === undefined || next - from > pieceBytes)) {
      ranges.push({ offset: from, size: offset - from })
      from = offset
    }
  }
  return ranges
}

const isAscending = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0))
