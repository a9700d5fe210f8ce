import { closeSync, openSync, readSync } from 'node:fs'
import { decodeHalves } from '../../../records/index.js'
import { BestHits } from './best-hits.js'
import { Dots } from './dots.js'
import { emptyQuantised, floatsOfHalves, putHalves, type Quantised, scan, strideOf } from './quantised.js'
import type { Hit, VectorFile } from './scan-messages.js'

interface Held extends VectorFile {
  /** Open as long as it is held: a file that is replaced meanwhile is read as it was. */
  readonly handle: number
  readonly quantised: Quantised
}

/** Bytes that are read at once. */
const chunkBytes = 1 << 20

/** Vectors of some files, in eight bits in memory and exactly on the disk. What it does, it does at once: it lives in a thread of its own. */
export class ScanStore {
  readonly #files = new Map<number, Held>()
  readonly #floats = floatsOfHalves()

  load(file: number, vectors: VectorFile): void {
    this.drop(file)
    const { path, offset, rows, dimensions } = vectors
    const handle = openSync(path, 'r')
    try {
      const quantised = emptyQuantised(rows, dimensions)
      const atOnce = Math.max(1, Math.floor(chunkBytes / (2 * dimensions)))
      for (let at = 0; at < rows; at += atOnce) {
        const count = Math.min(atOnce, rows - at)
        const halves = readAt(handle, offset + 2 * at * dimensions, 2 * count * dimensions)
        putHalves(quantised, at, halves, this.#floats)
      }
      this.#files.set(file, { ...vectors, handle, quantised })
    } catch (error) {
      closeSync(handle)
      throw error
    }
  }

  drop(file: number): void {
    const held = this.#files.get(file)
    if (held === undefined) return
    this.#files.delete(file)
    closeSync(held.handle)
  }

  /** The nearest vectors, nearest first: a quick scan in eight bits, whose best are compared again as they are stored. */
  search(query: Float32Array, most: number, exact: number): readonly Hit[] {
    const held = [...this.#files].filter(([, { dimensions }]) => dimensions === query.length)
    const dots = new Dots(query, strideOf(query.length))
    const quick = new BestHits(Math.max(most, exact))
    const bases: number[] = []
    let base = 0
    for (const [, { quantised, rows }] of held) {
      bases.push(base)
      scan(quantised, dots, base, quick)
      base += rows
    }
    const hits = quick.all().flatMap(({ item }): Hit[] => {
      const i = bases.findLastIndex((one) => one <= item)
      const found = held[i]
      if (found === undefined) return []
      const [file, { handle, offset, dimensions }] = found
      const row = item - (bases[i] ?? 0)
      const vector = decodeHalves(readAt(handle, offset + 2 * row * dimensions, 2 * dimensions))
      return [{ file, row, cosine: cosineOf(query, vector) }]
    })
    return hits.sort((a, b) => b.cosine - a.cosine).slice(0, most)
  }

  /** null = it has no such vector. */
  vector(file: number, row: number): Float32Array | null {
    const held = this.#files.get(file)
    if (held === undefined || row < 0 || row >= held.rows) return null
    const { handle, offset, dimensions } = held
    return decodeHalves(readAt(handle, offset + 2 * row * dimensions, 2 * dimensions))
  }
}

function readAt(handle: number, offset: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0; at < size; ) {
    const read = readSync(handle, bytes, at, size - at, offset + at)
    if (read === 0) throw new Error(`the file ends at byte ${offset + at}`)
    at += read
  }
  return bytes
}

/** Cosine of two vectors of one length, whatever lengths they have in space. Pure. */
export function cosineOf(one: Float32Array, other: Float32Array): number {
  let [dot, a, b] = [0, 0, 0]
  for (const [i, value] of one.entries()) {
    const against = other[i] ?? 0
    dot += value * against
    a += value * value
    b += against * against
  }
  return a === 0 || b === 0 ? 0 : dot / Math.sqrt(a * b)
}
