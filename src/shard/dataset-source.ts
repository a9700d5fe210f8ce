import type { FileHandle } from 'node:fs/promises'
import { decodeHalves, messageOf, type Row, type StoredFormat } from '../records/index.js'
import { tarOf } from './dataset.js'
import { type ShardEntry, stemOf } from './entry.js'
import { embeddingNames, parquetName, tarIndexName } from './layout.js'
import { parseNpyHeader } from './npy.js'
import { readParquet } from './parquet-reader.js'
import { partOf } from './plan.js'
import { UnreadableDataset } from './problem.js'
import { cutRow, recordColumns, rowOf } from './record-row.js'
import {
  type Embeddings,
  type Places,
  readAhead,
  type ShardSource,
  type SourceSample,
} from './shard-source.js'
import { copyOf, type Snapshot } from './snapshot.js'
import { SourceFiles } from './source-files.js'
import { blockBytes, decodeHeader, paddingBytes } from './tar.js'
import { decodeTarIndex } from './tar-index.js'
import { readExactly, scanTar } from './tar-reader.js'

/** One shard, or ledger, of several datasets. */
export interface NumberedShard {
  /** Number of its dataset. */
  readonly source: number
  readonly snapshot: Snapshot
  readonly entry: ShardEntry
  /** Number of its first row. */
  readonly base: number
}

/**
 * Numbers all rows of several datasets: dataset after dataset, shard after shard, in each the kept ones in the order of its tar, then the rejected
 * ones. Pure.
 */
export function numberRows(snapshots: readonly Snapshot[]): readonly NumberedShard[] {
  let base = 0
  const shards = snapshots.flatMap((snapshot, source) =>
    snapshot.entries.map((entry) => {
      const shard = { source, snapshot, entry, base }
      base += entry.rows
      return shard
    }),
  )
  if (base > 0xffff_ffff) throw new RangeError(`${base} rows are more than can be numbered`)
  return shards
}

/** What is done with rows on their way. */
export interface RowChanges {
  /** Some kept rows; absent = they stay as they are. */
  readonly kept?: (rows: readonly Row[], numbers: Uint32Array, signal: AbortSignal) => Promise<readonly Row[]>
  /** Whether a rejected row, or one that is cut, is left out altogether; absent = none is. */
  readonly drops?: (row: Row) => boolean
  /** Reason of a row that its dataset kept and this one does not. */
  readonly cutReason: NonNullable<Row['reason']>
}

/** Where the samples of one shard lie. */
interface Layout {
  /** Of each sample, and the end. */
  readonly offsets: Float64Array
  readonly dimensions: number | null
  /** Where the first row of each matrix begins; null = there is none. */
  readonly matrices: { readonly images: number | null; readonly texts: number | null }
}

/**
 * Datasets as a source of shards. A kept row is its KEY.json, so that a sample is one read of its tar, wherever it stands; rejected rows come from the
 * parquet. Memory: eight bytes a sample of the shards it has looked into.
 */
export class DatasetSource implements ShardSource {
  readonly #shards: readonly NumberedShard[]
  readonly #bases: Uint32Array
  readonly #changes: RowChanges
  readonly #files: SourceFiles
  readonly #layouts = new Map<number, Promise<Layout>>()

  /** `copyBytes`: how much of datasets that lie far away may be on this machine at once. */
  constructor(shards: readonly NumberedShard[], changes: RowChanges, copyBytes: number) {
    this.#shards = shards
    this.#changes = changes
    this.#files = new SourceFiles(copyBytes)
    const last = shards.at(-1)
    const rows = last === undefined ? 0 : last.base + last.entry.rows
    this.#bases = Uint32Array.from([...shards.map(({ base }) => base), rows])
  }

  async *samples(numbers: Uint32Array, signal: AbortSignal): AsyncGenerator<SourceSample> {
    const kinds = [this.#tars(signal), this.#matrices('images', signal), this.#matrices('texts', signal)]
    let at = 0
    for await (const [tars, seen, said] of readAhead(numbers, kinds, () => this.#files.trim(), signal)) {
      const images: Buffer[] = []
      const read: Row[] = []
      const vectors: Embeddings[] = []
      for (const [i, bytes] of (tars ?? []).entries()) {
        const number = numbers[at++] ?? 0
        const shard = this.#shardOf(number)
        const { image, json } = this.#members(shard, number, bytes)
        read.push(this.#keptRow(shard, number, json))
        vectors.push({ images: seen?.[i] ?? noBytes, texts: said?.[i] ?? noBytes })
        images.push(image)
      }
      const own = numbers.subarray(at - read.length, at)
      const carried = () => read.map((row, i) => ({ ...row, embeddings: embeddingsText(vectors[i]) }))
      const rows = (await this.#changes.kept?.(carried(), own, signal)) ?? null
      for (const [i, image] of images.entries()) {
        const [row, embeddings] = [(rows ?? read)[i], vectors[i]]
        if (row === undefined || embeddings === undefined) throw new RangeError(`no row for image ${i}`)
        yield rows === null ? { row, image, embeddings } : { row, image }
      }
    }
  }

  /** Embeddings of the images of kept rows, in the order of `numbers`; null = there is none. */
  async *imageVectors(numbers: Uint32Array, signal: AbortSignal): AsyncGenerator<Float32Array | null> {
    const places = this.#matrices('images', signal)
    for await (const [parts] of readAhead(numbers, [places], () => this.#files.trim(), signal))
      for (const halves of parts ?? []) yield halves.length === 0 ? null : decodeHalves(halves)
  }

  async *rows(numbers: Uint32Array, signal: AbortSignal): AsyncGenerator<Row> {
    let next = 0
    while (next < numbers.length) {
      signal.throwIfAborted()
      const shard = this.#shardOf(numbers[next] ?? 0)
      const { snapshot, entry, base } = shard
      const copy = await copyOf(snapshot.store, fileOf(shard, parquetName(stemOf(entry))), signal)
      try {
        let number = base
        for await (const record of readParquet(copy.path, recordColumns, 'absent')) {
          signal.throwIfAborted()
          if (number++ !== numbers[next]) continue
          const row = rowOf(record, snapshot.uids)
          if (this.#changes.drops?.(row) !== true)
            yield row.reason === null ? cutRow(row, this.#changes.cutReason) : row
          if (numbers[++next] === undefined) break
        }
      } catch (error) {
        throw unreadable(shard, parquetName(stemOf(entry)), error, signal)
      } finally {
        await copy.release()
      }
      if ((numbers[next] ?? Number.POSITIVE_INFINITY) < base + entry.rows)
        throw unreadable(shard, parquetName(stemOf(entry)), 'it has too few rows', signal)
    }
  }

  async close(): Promise<void> {
    await this.#files.close()
  }

  #shardOf(number: number): NumberedShard {
    const shard = this.#shards[partOf(this.#bases, number)]
    if (shard === undefined) throw new RangeError(`no row ${number}`)
    return shard
  }

  /** Samples in their tars: all that they hold, in one piece. */
  #tars(signal: AbortSignal): Places {
    return {
      sizesOf: (numbers) =>
        this.#sizesOf(numbers, signal, ({ offsets }, i) => (offsets[i + 1] ?? 0) - (offsets[i] ?? 0)),
      isBehind: (first, second) => this.#isBehind(first, second),
      readInto: async (number, into) => {
        const shard = this.#shardOf(number)
        const { offsets } = await this.#layoutOf(number, signal)
        const tar = fileOf(shard, tarOf(shard.entry)?.name)
        const handle = await this.#files.handleOf(shard.snapshot.store, tar, signal)
        await readExactly(handle, into, into.length, offsets[number - shard.base] ?? 0)
      },
    }
  }

  /** Embeddings of samples; where there is none it has no bytes. */
  #matrices(of: 'images' | 'texts', signal: AbortSignal): Places {
    return {
      sizesOf: (numbers) => this.#sizesOf(numbers, signal, ({ dimensions }) => 2 * (dimensions ?? 0)),
      isBehind: (first, second) => this.#isBehind(first, second),
      readInto: async (number, into) => {
        const { dimensions, matrices } = await this.#layoutOf(number, signal)
        const start = matrices[of]
        if (start === null) {
          // Without a model that would embed new captions, the texts' were left out.
          into.fill(0)
          return
        }
        const shard = this.#shardOf(number)
        const file = fileOf(shard, embeddingNames(stemOf(shard.entry))[of])
        const handle = await this.#files.handleOf(shard.snapshot.store, file, signal)
        await readExactly(handle, into, into.length, start + (number - shard.base) * 2 * (dimensions ?? 0))
      },
    }
  }

  async #sizesOf(
    numbers: readonly number[],
    signal: AbortSignal,
    sizeOf: (layout: Layout, i: number) => number,
  ): Promise<number[]> {
    const sizes: number[] = []
    for (const number of numbers)
      sizes.push(sizeOf(await this.#layoutOf(number, signal), number - this.#shardOf(number).base))
    return sizes
  }

  #isBehind(first: number, second: number): boolean {
    return second === first + 1 && this.#shardOf(first) === this.#shardOf(second)
  }

  #members(shard: NumberedShard, number: number, bytes: Buffer): { image: Buffer; json: Buffer } {
    try {
      return membersOf(bytes, shard.entry.format)
    } catch (error) {
      const place = `${tarOf(shard.entry)?.name} (sample ${number - shard.base})`
      throw unreadable(shard, place, error)
    }
  }

  #keptRow(shard: NumberedShard, number: number, json: Buffer): Row {
    const { snapshot, entry, base } = shard
    try {
      const row = rowOf(JSON.parse(json.toString('utf8')), snapshot.uids)
      if (row.reason !== null) throw new Error(`its json says ${row.reason}`)
      return row
    } catch (error) {
      throw unreadable(shard, `${tarOf(entry)?.name} (sample ${number - base})`, error)
    }
  }

  #layoutOf(number: number, signal: AbortSignal): Promise<Layout> {
    const at = partOf(this.#bases, number)
    const known = this.#layouts.get(at)
    if (known !== undefined) return known
    const layout = this.#readLayout(this.#shardOf(number), signal)
    this.#layouts.set(at, layout)
    return layout
  }

  async #readLayout(shard: NumberedShard, signal: AbortSignal): Promise<Layout> {
    const { entry, snapshot } = shard
    const stem = stemOf(entry)
    const tar = fileOf(shard, tarOf(entry)?.name)
    const index = entry.files.find(({ name }) => name === tarIndexName(stem))
    const bytes = index === undefined ? null : await snapshot.store.read(index.name, signal)
    const told = bytes === null ? null : decodeTarIndex(bytes)
    const offsets =
      told ?? (await walk(await this.#files.handleOf(snapshot.store, tar, signal), shard, tar.name))
    const isRising = offsets.every((offset, i) => i === 0 || offset > (offsets[i - 1] ?? 0))
    if (offsets.length !== entry.samples + 1 || !isRising || (offsets.at(-1) ?? 0) > tar.size)
      throw unreadable(shard, index?.name ?? tar.name, `it is no index of ${entry.samples} samples`)
    const names = embeddingNames(stem)
    const images = await this.#matrixOf(shard, names.images, signal)
    const texts = await this.#matrixOf(shard, names.texts, signal)
    const isWhole = images !== null && (texts === null || texts.columns === images.columns)
    return {
      offsets: Float64Array.from(offsets),
      dimensions: isWhole ? images.columns : null,
      matrices: { images: images?.offset ?? null, texts: texts?.offset ?? null },
    }
  }

  /** null = the shard has no such matrix. */
  async #matrixOf(shard: NumberedShard, name: string, signal: AbortSignal) {
    const file = shard.entry.files.find((one) => one.name === name)
    if (file === undefined) return null
    const handle = await this.#files.handleOf(shard.snapshot.store, file, signal)
    return await matrixOf(handle, file.size, shard, name)
  }
}

const noBytes = Buffer.alloc(0)

/** As a row carries them; null = it has none. */
function embeddingsText(vectors: Embeddings | undefined): string | null {
  if (vectors === undefined || vectors.images.length === 0) return null
  return Buffer.concat([vectors.images, vectors.texts]).toString('base64')
}

/** The image and the json of one sample, from the bytes that it takes in its tar. */
function membersOf(bytes: Buffer, format: StoredFormat): { image: Buffer; json: Buffer } {
  const found = new Map<string, Buffer>()
  let at = 0
  while (at + blockBytes <= bytes.length) {
    const header = decodeHeader(bytes.subarray(at, at + blockBytes), at)
    if (header === null) break
    const start = at + blockBytes
    found.set(header.name.slice(header.name.indexOf('.') + 1), bytes.subarray(start, start + header.size))
    at = start + header.size + paddingBytes(header.size)
  }
  const [image, json] = [found.get(format), found.get('json')]
  if (image === undefined || json === undefined || at !== bytes.length)
    throw new Error(`it has the members ${[...found.keys()].join(' ')}`)
  return { image, json }
}

/** Where each sample of a tar without an index begins, and where the last one ends. */
async function walk(handle: FileHandle, shard: NumberedShard, name: string): Promise<number[]> {
  const offsets: number[] = []
  let key: string | null = null
  let end = 0
  try {
    for await (const member of scanTar(handle)) {
      const own = member.name.split('.', 1)[0] ?? ''
      if (own !== key) offsets.push(member.offset - blockBytes)
      key = own
      end = member.offset + member.size + paddingBytes(member.size)
    }
  } catch (error) {
    throw unreadable(shard, name, error)
  }
  return [...offsets, end]
}

async function matrixOf(handle: FileHandle, size: number, shard: NumberedShard, name: string) {
  const start = Buffer.alloc(Math.min(size, 256))
  await readExactly(handle, start, start.length, 0)
  const matrix = parseNpyHeader(start)
  const rows = shard.entry.samples
  if (matrix === null || matrix.rows !== rows || size !== matrix.offset + 2 * rows * matrix.columns)
    throw unreadable(shard, name, `it is no matrix of ${rows} rows`)
  return matrix
}

function fileOf(shard: NumberedShard, name: string | undefined) {
  const file = shard.entry.files.find((one) => one.name === name)
  if (file === undefined) throw unreadable(shard, name ?? `shard ${shard.entry.shard}`, 'no file is named')
  return file
}

/** `why`: an error, or a text. An abort stays one. */
function unreadable({ snapshot }: NumberedShard, name: string, why: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted === true || why instanceof UnreadableDataset) return why
  return new UnreadableDataset(`${snapshot.store.url}: ${name} cannot be read: ${messageOf(why)}`, why)
}
