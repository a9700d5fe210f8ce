import { type DatasetSource, shuffle } from '../shard/index.js'
import { better, type Chosen } from './choose.js'
import { centroidsOf, Distinct, nearestOf } from './clusters.js'
import type { Pool } from './pool.js'

interface Semantic {
  readonly kept: Chosen
  /** Cluster of each sample of the pool; -1 = it has no embedding, or was not looked at. */
  readonly groups: Int32Array
}

/** Vectors from which centroids are made; so many are held. */
const mostSampled = 16_384
/** Samples in a cluster, about: each is compared with those of its cluster alone. */
const clusterSize = 1_000

/**
 * Of samples whose images' embeddings are as near as a cosine says, the better one: they are put into clusters by the nearest of some centroids, and
 * compared within each. A sample without an embedding stays. null = none has one. Memory: four bytes a sample, the vectors for the centroids, and those
 * of one cluster that stay.
 */
export async function withoutLikes(
  pool: Pool,
  chosen: Chosen,
  cosine: number,
  source: Pick<DatasetSource, 'imageVectors'>,
  signal: AbortSignal,
): Promise<Semantic | null> {
  const vectorsOf = (of: Chosen) =>
    source.imageVectors(
      of.map((i) => pool.numbers[i] ?? 0),
      signal,
    )
  const drawn = chosen.slice()
  shuffle(drawn, 'sample')
  const sampled = drawn.slice(0, mostSampled).sort()
  const vectors: Float32Array[] = []
  for await (const vector of vectorsOf(sampled)) if (vector !== null) vectors.push(vector)
  const dimensions = vectors[0]?.length
  if (dimensions === undefined) return null
  const values = new Float32Array(vectors.length * dimensions)
  for (const [i, vector] of vectors.entries()) values.set(vector, i * dimensions)
  const centroids = centroidsOf({ values, dimensions }, Math.ceil(chosen.length / clusterSize))

  const groups = new Int32Array(pool.size).fill(-1)
  let at = 0
  for await (const vector of vectorsOf(chosen)) {
    const i = chosen[at++] ?? 0
    if (vector !== null) groups[i] = nearestOf(vector, centroids)
  }
  const order = better(pool)
  const sorted = chosen.slice().sort((a, b) => (groups[a] ?? 0) - (groups[b] ?? 0) || order(a, b))
  const kept: number[] = []
  let group = -1
  let distinct = new Distinct(cosine)
  at = 0
  for await (const vector of vectorsOf(sorted)) {
    const i = sorted[at++] ?? 0
    if (groups[i] !== group) {
      group = groups[i] ?? -1
      distinct = new Distinct(cosine)
    }
    if (vector === null || distinct.take(vector)) kept.push(i)
  }
  return { kept: Uint32Array.from(kept).sort(), groups }
}
