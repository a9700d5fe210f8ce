import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { centroidsOf, Distinct, nearestOf } from '../../../src/curate/clusters.js'
import { runs } from '../../fixtures/runs.js'

const dimensions = 8
const unit = fc
  .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: dimensions, maxLength: dimensions })
  .map((values) => {
    const length = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0))
    return Float32Array.from(values, (value, i) => (length > 1e-3 ? value / length : i === 0 ? 1 : 0))
  })
const cosineOf = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
const joined = (vectors: readonly Float32Array[]) => ({
  values: Float32Array.from(vectors.flatMap((vector) => [...vector])),
  dimensions,
})

describe('vectors that stay', () => {
  it('are not near each other, and each that does not stay is near an earlier one that does', () => {
    fc.assert(
      fc.property(
        fc.array(unit, { maxLength: 80 }),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        (vectors, cosine) => {
          const distinct = new Distinct(cosine)
          const stays: Float32Array[] = []
          for (const vector of vectors) {
            const isNear = stays.some((other) => cosineOf(vector, other) >= cosine)
            expect(distinct.take(vector)).toBe(!isNear)
            if (!isNear) stays.push(vector)
          }
        },
      ),
      { numRuns: runs.text },
    )
  })
})

describe('centroids', () => {
  it('are of length 1, no more than were asked for, and the same for the same vectors', () => {
    fc.assert(
      fc.property(
        fc.array(unit, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 6 }),
        (vectors, clusters) => {
          const { values } = centroidsOf(joined(vectors), clusters)
          expect(values.length / dimensions).toBe(Math.min(clusters, vectors.length))
          for (let at = 0; at < values.length; at += dimensions) {
            const one = values.subarray(at, at + dimensions)
            expect(cosineOf(one, one)).toBeCloseTo(1, 4)
          }
          expect(centroidsOf(joined(vectors), clusters).values).toEqual(values)
        },
      ),
      { numRuns: runs.text },
    )
  })

  it('tell apart what lies far apart', () => {
    const corner = (axis: number, i: number) => {
      const vector = new Float32Array(dimensions)
      vector[axis] = 1
      vector[(axis + 1) % dimensions] = i / 100
      const length = Math.sqrt(cosineOf(vector, vector))
      return vector.map((value) => value / length)
    }
    const vectors = [0, 2, 4].flatMap((axis) => Array.from({ length: 20 }, (_, i) => corner(axis, i)))
    const centroids = centroidsOf(joined(vectors), 3)
    const groups = vectors.map((vector) => nearestOf(vector, centroids))
    for (const from of [0, 20, 40]) expect(new Set(groups.slice(from, from + 20)).size).toBe(1)
  })
})
