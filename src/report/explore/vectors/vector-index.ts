import { messageOf } from '../../../records/index.js'
import { embeddingNames, parseNpyHeader, type ShardEntry, type Store, stemOf } from '../../../shard/index.js'
import { ScanFailed, type Scanner } from './scan-threads.js'

/** A pair whose image is near to what was looked for. */
export interface Near {
  readonly shard: number
  readonly slot: number
  readonly cosine: number
}

interface Indexed {
  /** Its number at the scanner. */
  readonly file: number
  /** SHA-256 of its file: another one is another file. */
  readonly sha256: string
  readonly dimensions: number
  readonly rows: number
  readonly taken: readonly number[]
}

/** Embeddings of a dataset's images, as its shards have them. */
export class VectorIndex {
  readonly #scanner: Scanner
  readonly #shards = new Map<number, Indexed>()
  readonly #shardOfFile = new Map<number, number>()
  #nextFile = 0

  constructor(scanner: Scanner) {
    this.#scanner = scanner
  }

  /** Images that can be found. */
  get size(): number {
    return [...this.#shards.values()].reduce((sum, { rows }) => sum + rows, 0)
  }

  /** null = there is none yet. */
  get dimensions(): number | null {
    return this.#shards.values().next().value?.dimensions ?? null
  }

  /**
   * Brings it in line with the shards that there are: those whose file is the same stay. A shard that another model embedded is left out, and one
   * that is being rewritten at this moment stays as it was.
   */
  async follow(store: Store, entries: readonly ShardEntry[], signal: AbortSignal): Promise<void> {
    const model = entries.find(({ modelId }) => modelId !== null)?.modelId
    const wanted = entries.filter(
      ({ shard, modelId, samples }) => shard !== null && modelId === model && samples > 0,
    )
    const numbers = new Set(wanted.map(({ shard }) => shard))
    for (const shard of [...this.#shards.keys()]) if (!numbers.has(shard)) this.#drop(shard)
    for (const entry of wanted) {
      signal.throwIfAborted()
      await this.#take(store, entry, signal)
    }
  }

  /** The nearest, nearest first. */
  async search(query: Float32Array, most: number): Promise<readonly Near[]> {
    const hits = await this.#scanner.search(query, most)
    return hits.flatMap(({ file, row, cosine }) => {
      const shard = this.#shardOfFile.get(file)
      const indexed = shard === undefined ? undefined : this.#shards.get(shard)
      if (shard === undefined || indexed?.file !== file) return []
      return [{ shard, slot: slotOf(row, indexed.taken), cosine }]
    })
  }

  /** null = it has none. */
  async vectorOf(shard: number, slot: number): Promise<Float32Array | null> {
    const indexed = this.#shards.get(shard)
    if (indexed === undefined || indexed.taken.includes(slot)) return null
    const row = slot - indexed.taken.filter((taken) => taken < slot).length
    return await this.#scanner.vector(indexed.file, row)
  }

  async close(): Promise<void> {
    await this.#scanner.close()
  }

  #drop(shard: number): void {
    const indexed = this.#shards.get(shard)
    this.#shards.delete(shard)
    if (indexed !== undefined) this.#dropFile(indexed.file)
  }

  #dropFile(file: number): void {
    this.#shardOfFile.delete(file)
    this.#scanner.drop(file)
  }

  async #take(store: Store, entry: ShardEntry, signal: AbortSignal): Promise<void> {
    const { shard, samples, taken } = entry
    if (shard === null) return
    const name = embeddingNames(stemOf(entry)).images
    const file = entry.files.find((one) => one.name === name)
    const had = this.#shards.get(shard)
    if (had !== undefined && had.sha256 === file?.sha256) return
    if (file === undefined) return this.#drop(shard)
    const start = await store.readRange(name, { offset: 0, size: 256 }, signal)
    const matrix = start === null ? null : parseNpyHeader(start)
    const dimensions = matrix?.columns ?? 0
    const isWhole =
      matrix !== null &&
      dimensions > 0 &&
      matrix.rows === samples &&
      file.size === matrix.offset + 2 * samples * dimensions
    if (!isWhole || (this.dimensions ?? dimensions) !== dimensions) return
    const copy = await store.localCopy(name, signal)
    if (copy === null) return
    try {
      const number = this.#nextFile++
      const { offset } = matrix
      await this.#scanner.load(number, { path: copy.path, offset, rows: samples, dimensions })
      this.#shardOfFile.set(number, shard)
      this.#shards.set(shard, { file: number, sha256: file.sha256, dimensions, rows: samples, taken })
      // The one before answers until then: who asks leaves out what was taken back.
      if (had !== undefined) this.#dropFile(had.file)
    } catch (error) {
      // It is looked at again with the next change.
      if (!(error instanceof ScanFailed)) throw new Error(messageOf(error), { cause: error })
    } finally {
      await copy.release()
    }
  }
}

/** Slot of the sample that comes `row`-th in a shard of which ascending slots were taken back. Pure. */
export function slotOf(row: number, taken: readonly number[]): number {
  let slot = row
  for (const one of taken) {
    if (one > slot) break
    slot++
  }
  return slot
}
