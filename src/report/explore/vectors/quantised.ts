import { decodeHalves } from '../../../records/index.js'
import type { BestHits } from './best-hits.js'
import type { Dots } from './dots.js'

/** Vectors in eight bits a dimension, one after the other: each has a scale of its own, so that its largest part is 127. */
export interface Quantised {
  readonly count: number
  readonly dimensions: number
  /** Bytes from one vector to the next: its dimensions, and zeros up to a multiple of sixteen. */
  readonly stride: number
  readonly values: Int8Array
  /** By which the values of a vector are multiplied. */
  readonly scales: Float32Array
}

/** Pure. */
export const strideOf = (dimensions: number): number => Math.ceil(dimensions / 16) * 16

export function emptyQuantised(count: number, dimensions: number): Quantised {
  const stride = strideOf(dimensions)
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

/** Adds the dot product of the query with each vector. `base`: number of the first one among the hits. */
export function scan(
  { count, stride, values, scales }: Quantised,
  query: Dots,
  base: number,
  hits: BestHits,
): void {
  const dots = new Float64Array(query.most)
  for (let at = 0; at < count; at += query.most) {
    const block = Math.min(query.most, count - at)
    query.put(values.subarray(at * stride, (at + block) * stride), dots)
    let least = hits.least
    for (let i = 0; i < block; i++) {
      const score = (dots[i] ?? 0) * (scales[at + i] ?? 0)
      if (score <= least) continue
      hits.add(score, base + at + i)
      least = hits.least
    }
  }
}
