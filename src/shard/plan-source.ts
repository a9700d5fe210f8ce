import { type FileHandle, open } from 'node:fs/promises'
import type { Row } from '../records/index.js'
import { ledgerLines, locate, parseRow } from './part.js'
import { type Plan, partOf, rowBases } from './plan.js'
import { loserRow } from './sample-record.js'
import { readAhead, type ShardSource, type SourceSample } from './shard-source.js'
import type { LocalCopy, Store } from './store.js'
import { readExactly } from './tar-reader.js'

interface SourcePart {
  readonly copy: LocalCopy
  readonly ledger: { readonly offset: number; readonly size: number }
  handle: Promise<FileHandle> | null
}

const maxOpenFiles = 256

/**
 * The parts of one plan, opened for reading. It holds where things lie (twelve bytes a row) and never the things: a
 * part's ledger is read again by each shard that needs rows of it, an image when it is copied.
 */
export class PlanSource implements ShardSource {
  readonly #plan: Plan
  readonly #bases: Uint32Array
  readonly #parts: SourcePart[] = []
  /** By row number; -1 = the row has no image. */
  readonly #imageOffsets: Float64Array
  readonly #imageSizes: Uint32Array
  /** Parts with an open handle, the longest unused first. */
  readonly #open = new Set<SourcePart>()

  private constructor(plan: Plan) {
    this.#plan = plan
    this.#bases = rowBases(plan)
    const rows = this.#bases[plan.parts.length] ?? 0
    this.#imageOffsets = new Float64Array(rows).fill(-1)
    this.#imageSizes = new Uint32Array(rows)
  }

  /** Throws where a part is missing, cut, or not the one that was planned: the plan cannot be carried out then. */
  static async open(store: Store, plan: Plan, signal: AbortSignal): Promise<PlanSource> {
    const source = new PlanSource(plan)
    try {
      for (let at = 0; at < plan.parts.length; at++) await source.#addPart(store, at, signal)
      return source
    } catch (error) {
      await source.close()
      throw error
    }
  }

  async #addPart(store: Store, at: number, signal: AbortSignal): Promise<void> {
    const part = this.#plan.parts[at]
    const base = this.#bases[at]
    if (part === undefined || base === undefined) throw new RangeError(`no part ${at}`)
    signal.throwIfAborted()
    const found = await store.stat(part.name, signal)
    if (found === null)
      throw new Error(`${store.url}: part ${part.name} of plan ${this.#plan.plan} is missing`)
    if (found.size !== part.size) {
      throw new Error(`${store.url}: part ${part.name} has ${found.size} bytes in place of ${part.size}`)
    }
    const copy = await store.localCopy(part.name, signal)
    if (copy === null) throw new Error(`${store.url}: part ${part.name} vanished`)
    const { images, ledger } = await locate(copy.path)
    this.#parts.push({ copy, ledger, handle: null })
    for (const [row, image] of images) {
      if (row >= part.rows || image.format !== this.#plan.format) {
        throw new Error(`${part.name}: image ${row}.${image.format} is not of this plan`)
      }
      this.#imageOffsets[base + row] = image.offset
      this.#imageSizes[base + row] = image.size
    }
  }

  async *samples(numbers: Uint32Array, signal: AbortSignal): AsyncGenerator<SourceSample> {
    const rows = await this.#rowsInOrder(numbers, signal)
    const places = {
      sizesOf: async (own: readonly number[]) => own.map((number) => this.#imageSizes[number] ?? 0),
      isBehind: () => false,
      readInto: (number: number, into: Buffer) => this.#readImage(number, into),
    }
    let at = 0
    for await (const [images] of readAhead(numbers, [places], () => this.#trim(), signal)) {
      for (const image of images ?? []) {
        const row = rows[at++]
        if (row === undefined) throw new RangeError(`no row for sample ${at - 1}`)
        yield { row, image }
      }
    }
  }

  /** Each ledger is read once. */
  async #rowsInOrder(numbers: Uint32Array, signal: AbortSignal): Promise<Row[]> {
    const byNumber = Uint32Array.from(numbers.keys()).sort((a, b) => (numbers[a] ?? 0) - (numbers[b] ?? 0))
    const rows: Row[] = new Array(numbers.length)
    let at = 0
    for await (const row of this.rows(numbers.slice().sort(), signal)) rows[byNumber[at++] ?? 0] = row
    return rows
  }

  /** The rows with these numbers, which must ascend. Holds one part's ledger at a time; not beside reads of images. */
  async *rows(numbers: Uint32Array, signal: AbortSignal): AsyncGenerator<Row> {
    let next = 0
    while (next < numbers.length) {
      signal.throwIfAborted()
      const at = partOf(this.#bases, numbers[next] ?? 0)
      const part = this.#plan.parts[at]
      const base = this.#bases[at] ?? 0
      const end = this.#bases[at + 1] ?? 0
      if (part === undefined) throw new RangeError(`no part ${at}`)
      const lines = await this.#ledger(at)
      if (lines.length !== part.rows)
        throw new Error(`${part.name} has ${lines.length} rows in place of ${part.rows}`)
      const losers = new Map(part.losers.map((loser) => [loser.row, loser]))
      const kept = new Set(part.kept)
      for (; next < numbers.length; next++) {
        const number = numbers[next] ?? 0
        if (number >= end) break
        const row = parseRow(lines[number - base] ?? '')
        const loser = losers.get(number - base)
        const final = loser === undefined ? row : loserRow(row, loser)
        if ((final.reason === null) !== kept.has(number - base)) {
          throw new Error(
            `${part.name}: row ${number - base} is ${final.reason ?? 'kept'}, unlike in the plan`,
          )
        }
        yield final
      }
    }
  }

  async #ledger(at: number): Promise<string[]> {
    const part = this.#part(at)
    const bytes = Buffer.allocUnsafe(part.ledger.size)
    await readExactly(await this.#handleOf(part), bytes, bytes.length, part.ledger.offset)
    await this.#trim()
    return ledgerLines(bytes)
  }

  /** Reads the stored image of row `number` to the beginning of `into`. */
  async #readImage(number: number, into: Buffer): Promise<void> {
    const part = this.#part(partOf(this.#bases, number))
    const offset = this.#imageOffsets[number] ?? -1
    if (offset < 0) throw new Error(`${part.copy.path}: no image for row ${number} of the plan`)
    await readExactly(await this.#handleOf(part), into, into.length, offset)
  }

  async close(): Promise<void> {
    for (const part of this.#open) await (await part.handle)?.close()
    this.#open.clear()
    for (const part of this.#parts) await part.copy.release()
  }

  #part(at: number): SourcePart {
    const part = this.#parts[at]
    if (part === undefined) throw new RangeError(`no part ${at}`)
    return part
  }

  async #handleOf(part: SourcePart): Promise<FileHandle> {
    this.#open.delete(part)
    this.#open.add(part)
    part.handle ??= open(part.copy.path)
    return await part.handle
  }

  /** Closes the longest unused files beyond the limit. Only while no read is under way. */
  async #trim(): Promise<void> {
    for (const part of this.#open) {
      if (this.#open.size <= maxOpenFiles) return
      this.#open.delete(part)
      const handle = await part.handle
      part.handle = null
      await handle?.close()
    }
  }
}
