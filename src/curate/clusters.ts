import { shuffle } from '../shard/index.js'

/** Vectors of length 1, one after the other. */
export interface Vectors {
  readonly values: Float32Array
  readonly dimensions: number
}

/** Rounds in which centroids move; they hardly do after so many. */
const rounds = 5

/**
 * Centroids of so many clusters of vectors, of length 1: the mean of those that are nearest to it, from a seeded beginning. The same vectors give the same
 * ones. Pure.
 */
export function centroidsOf({ values, dimensions }: Vectors, clusters: number): Vectors {
  const count = values.length / dimensions
  const first = Uint32Array.from({ length: count }, (_, i) => i)
  shuffle(first, 'centroids')
  const centroids = new Float32Array(Math.min(clusters, count) * dimensions)
  for (let c = 0; c < centroids.length / dimensions; c++) {
    const from = (first[c] ?? 0) * dimensions
    centroids.set(values.subarray(from, from + dimensions), c * dimensions)
  }
  for (let round = 0; round < rounds; round++) {
    const sums = new Float64Array(centroids.length)
    for (let i = 0; i < count; i++) {
      const vector = values.subarray(i * dimensions, (i + 1) * dimensions)
      const at = nearestOf(vector, { values: centroids, dimensions }) * dimensions
      for (let d = 0; d < dimensions; d++) sums[at + d] = (sums[at + d] ?? 0) + (vector[d] ?? 0)
    }
    for (let at = 0; at < centroids.length; at += dimensions) {
      const sum = sums.subarray(at, at + dimensions)
      const length = Math.sqrt(sum.reduce((total, value) => total + value ** 2, 0))
      // One that is nearest to none stays where it is.
      if (length > 0) for (let d = 0; d < dimensions; d++) centroids[at + d] = (sum[d] ?? 0) / length
    }
  }
  return { values: centroids, dimensions }
}

/** Number of the vector with the highest cosine; of equal ones the first. Pure. */
export function nearestOf(vector: Float32Array, { values, dimensions }: Vectors): number {
  let nearest = 0
  let highest = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length / dimensions; i++) {
    const cosine = dot(vector, values, i * dimensions)
    if (cosine > highest) {
      highest = cosine
      nearest = i
    }
  }
  return nearest
}

/** Those of a cluster that stay, as they come: none is as near to one before it as a cosine says. */
export class Distinct {
  readonly #cosine: number
  #values = new Float32Array(0)
  #used = 0

  constructor(cosine: number) {
    this.#cosine = cosine
  }

  /** Whether a vector is none of those that stay; then it stays too. */
  take(vector: Float32Array): boolean {
    for (let at = 0; at < this.#used; at += vector.length)
      if (dot(vector, this.#values, at) >= this.#cosine) return false
    if (this.#used + vector.length > this.#values.length) {
      const larger = new Float32Array(Math.max(vector.length * 64, 2 * this.#values.length))
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values.set(vector, this.#used)
    this.#used += vector.length
    return true
  }
}

/** Four sums side by side, which is twice as quick as one. Beyond the vector's end there are zeros. */
function dot(vector: Float32Array, values: Float32Array, at: number): number {
  let [a, b, c, e] = [0, 0, 0, 0]
  for (let d = 0; d < vector.length; d += 4) {
    a += (vector[d] ?? 0) * (values[at + d] ?? 0)
    b += (vector[d + 1] ?? 0) * (values[at + d + 1] ?? 0)
    c += (vector[d + 2] ?? 0) * (values[at + d + 2] ?? 0)
    e += (vector[d + 3] ?? 0) * (values[at + d + 3] ?? 0)
  }
  return a + b + c + e
}
