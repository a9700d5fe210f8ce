import { decodeHalves } from '../../../records/index.js'
import type { BestHits } from './best-hits.js'

/** Vectors in eight bits a dimension, one after the other: each has a scale of its own, so that its largest part is 127. */
export interface Quantised {
  readonly count: number
  readonly dimensions: number
  /** Bytes from one vector to the next: its dimensions, and zeros up to a multiple of four. */
  readonly stride: number
  readonly values: Int8Array
  /** By which the values of a vector are multiplied. */
  readonly scales: Float32Array
}

export function emptyQuantised(count: number, dimensions: number): Quantised {
  const stride = Math.ceil(dimensions / 4) * 4
  return {
    count,
    dimensions,
    stride,
    values: new Int8Array(count * stride),
    scales: new Float32Array(count),
  }
}

/** Float of each half, in 256 kB. */
export function floatsOfHalves(): Float32Array {
  const halves = new DataView(new ArrayBuffer(2 * 0x1_0000))
  for (let half = 0; half < 0x1_0000; half++) halves.setUint16(2 * half, half, true)
  return decodeHalves(new Uint8Array(halves.buffer))
}

/**
 * Puts vectors of 16-bit floats, little-endian, where vector `at` stands, and those behind it. `floats`: of each half. The indices are within
 * bounds: looking whether they are would take as long as all the rest.
 */
export function putHalves(into: Quantised, at: number, halves: Uint8Array, floats: Float32Array): void {
  const { dimensions, stride, values, scales } = into
  const count = halves.length / 2 / dimensions
  const row = new Float32Array(dimensions)
  for (let i = 0; i < count; i++) {
    const from = 2 * i * dimensions
    let largest = 0
    for (let d = 0; d < dimensions; d++) {
      const half = (halves[from + 2 * d] as number) | ((halves[from + 2 * d + 1] as number) << 8)
      const value = floats[half] as number
      row[d] = value
      const size = value < 0 ? -value : value
      if (size > largest) largest = size
    }
    // What is no number, or infinite, is no embedding: it is like nothing.
    const factor = largest > 0 && largest < Number.POSITIVE_INFINITY ? 127 / largest : 0
    const to = (at + i) * stride
    for (let d = 0; d < dimensions; d++) {
      const value = (row[d] as number) * factor
      values[to + d] = value < 0 ? value - 0.5 : value + 0.5
    }
    scales[at + i] = factor === 0 ? 0 : 1 / factor
  }
}

/** A query as it is compared with vectors of a stride. */
export function queryOf(vector: Float32Array, stride: number): Float64Array {
  const query = new Float64Array(stride)
  query.set(vector)
  return query
}

/** Adds the dot product of the query with each vector. `base`: number of the first one among the hits. The indices are within bounds. */
export function scan(
  { count, stride, values, scales }: Quantised,
  query: Float64Array,
  base: number,
  hits: BestHits,
): void {
  let least = hits.least
  for (let i = 0; i < count; i++) {
    const at = i * stride
    let [a, b, c, e] = [0, 0, 0, 0]
    // Four sums side by side, which the processor does at once.
    for (let d = 0; d < stride; d += 4) {
      a += (values[at + d] as number) * (query[d] as number)
      b += (values[at + d + 1] as number) * (query[d + 1] as number)
      c += (values[at + d + 2] as number) * (query[d + 2] as number)
      e += (values[at + d + 3] as number) * (query[d + 3] as number)
    }
    const score = (a + b + c + e) * (scales[i] ?? 0)
    if (score <= least) continue
    hits.add(score, base + i)
    least = hits.least
  }
}
