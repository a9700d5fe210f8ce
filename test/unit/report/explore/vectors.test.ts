import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { decodeHalves, encodeHalves } from '../../../../src/records/index.js'
import { BestHits } from '../../../../src/report/explore/vectors/best-hits.js'
import { Dots } from '../../../../src/report/explore/vectors/dots.js'
import {
  emptyQuantised,
  floatsOfHalves,
  putHalves,
  scan,
} from '../../../../src/report/explore/vectors/quantised.js'
import { cosineOf, ScanStore } from '../../../../src/report/explore/vectors/scan-store.js'
import { slotOf } from '../../../../src/report/explore/vectors/vector-index.js'

const floats = floatsOfHalves()
const part = fc.float({ min: -1, max: 1, noNaN: true })
const vectorOf = (dimensions: number) =>
  fc
    .array(part, { minLength: dimensions, maxLength: dimensions })
    .map((parts) => decodeHalves(encodeHalves(Float32Array.from(parts))))

describe('the best of many scores', () => {
  it('are those that a sort has first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 })),
        fc.integer({ min: 1, max: 8 }),
        (scores, most) => {
          const hits = new BestHits(most)
          for (const [i, score] of scores.entries()) hits.add(score, i)
          const sorted = scores
            .map((score, item) => ({ score, item }))
            .sort((a, b) => b.score - a.score || a.item - b.item)
          expect(hits.all()).toEqual(sorted.slice(0, most))
        },
      ),
    )
  })
})

describe('vectors in eight bits', () => {
  it('have dot products near to those of the vectors, whatever their dimensions', () => {
    const pairs = fc
      .integer({ min: 1, max: 9 })
      .chain((dimensions) => fc.tuple(vectorOf(dimensions), fc.array(vectorOf(dimensions), { minLength: 1 })))
    fc.assert(
      fc.property(pairs, ([query, vectors]) => {
        const quantised = emptyQuantised(vectors.length, query.length)
        for (const [i, vector] of vectors.entries()) putHalves(quantised, i, encodeHalves(vector), floats)
        const hits = new BestHits(vectors.length)
        scan(quantised, new Dots(query, quantised.stride), 0, hits)
        for (const { score, item } of hits.all()) {
          const vector = vectors[item]!
          const exact = query.reduce((sum, value, d) => sum + value * vector[d]!, 0)
          const largest = Math.max(...vector.map(Math.abs))
          const largestAsked = Math.max(...query.map(Math.abs))
          // Half a step of the scale of either in each dimension, at most.
          const most = (largest / 254 + largestAsked / 60_000) * query.length
          expect(Math.abs(score - exact)).toBeLessThanOrEqual(most + 1e-6)
        }
      }),
    )
  })

  it('are like nothing where they hold what is no number', () => {
    const quantised = emptyQuantised(2, 2)
    putHalves(quantised, 0, encodeHalves(Float32Array.of(Number.POSITIVE_INFINITY, 1, Number.NaN, 0)), floats)
    const hits = new BestHits(2)
    scan(quantised, new Dots(Float32Array.of(1, 1), quantised.stride), 0, hits)
    expect(hits.all().map(({ score }) => score)).toEqual([0, 0])
  })
})

describe('a store of vectors', () => {
  const fileOf = (vectors: readonly Float32Array[]) => {
    const folder = mkdtempSync(join(tmpdir(), 'pairmill-scan-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'vectors')
    writeFileSync(path, Buffer.concat([Buffer.alloc(64), ...vectors.map(encodeHalves)]))
    return { path, offset: 64, rows: vectors.length, dimensions: vectors[0]!.length }
  }

  it('finds in several files what an exact comparison finds, nearest first', () => {
    fc.assert(
      fc.property(
        fc.array(vectorOf(6), { minLength: 1, maxLength: 30 }),
        fc.array(vectorOf(6), { minLength: 1, maxLength: 30 }),
        vectorOf(6).filter((query) => query.some((value) => value !== 0)),
        (one, other, query) => {
          const store = new ScanStore()
          store.load(0, fileOf(one))
          store.load(7, fileOf(other))
          const found = store.search(query, 10, 100)
          const exact = [...one, ...other].map((vector) => cosineOf(query, vector)).sort((a, b) => b - a)
          expect(found.map(({ cosine }) => cosine)).toEqual(exact.slice(0, 10))
          for (const { file, row, cosine } of found)
            expect(cosine).toBe(cosineOf(query, (file === 0 ? one : other)[row]!))
          store.drop(0)
          store.drop(7)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('reads a file as it was, though it is replaced, and drops it', () => {
    const store = new ScanStore()
    const file = fileOf([Float32Array.of(1, 0)])
    store.load(3, file)
    rmSync(file.path)
    writeFileSync(file.path, '')
    expect(store.search(Float32Array.of(1, 0), 5, 5)).toEqual([{ file: 3, row: 0, cosine: 1 }])
    expect(store.vector(3, 0)).toEqual(Float32Array.of(1, 0))
    expect(store.vector(3, 1)).toBeNull()
    store.drop(3)
    expect(store.search(Float32Array.of(1, 0), 5, 5)).toEqual([])
  })

  it('takes no file that is too short', () => {
    const store = new ScanStore()
    const file = fileOf([Float32Array.of(1, 0)])
    expect(() => store.load(0, { ...file, rows: 2 })).toThrow('the file ends at byte')
    expect(store.search(Float32Array.of(1, 0), 5, 5)).toEqual([])
  })
})

it('the slot of a row is the one that was not taken back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 40 })), (unsorted) => {
      const taken = unsorted.sort((a, b) => a - b)
      const left = Array.from({ length: 60 }, (_, slot) => slot).filter((slot) => !taken.includes(slot))
      expect(left.map((_, row) => slotOf(row, taken))).toEqual(left)
    }),
  )
})
