import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addedSeeds, holdsSeeds, storedSeeds } from '../../../src/run/stored-seeds.js'

const seedsFrom = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `https://h${from + i}.test/`)
const manyOrFew = fc.integer({ min: 1, max: 300 }).map((count) => seedsFrom(0, count))
/** The same seeds in an order that `salt` decides. */
const shuffled = (seeds: readonly string[], salt: number) =>
  seeds.toSorted(
    (a, b) => ((a.length * 31 + Number(/\d+/.exec(a)) * salt) % 101) - ((Number(/\d+/.exec(b)) * salt) % 101),
  )

describe('the seeds in a run’s options', () => {
  it('are all of few, and the first ones of many with their number and a digest', () => {
    expect(storedSeeds(seedsFrom(0, 100))).toEqual({ seeds: seedsFrom(0, 100) })
    expect(storedSeeds(seedsFrom(0, 200_000))).toEqual({
      seeds: seedsFrom(0, 100),
      seedCount: 200_000,
      seedDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('are held by the same seeds in any order, and with more of them behind', () => {
    fc.assert(
      fc.property(manyOrFew, fc.nat(100), fc.nat(20), (seeds, salt, more) => {
        const stored = storedSeeds(seeds)
        expect(holdsSeeds(stored, [...shuffled(seeds, salt), ...seedsFrom(1_000, 1_000 + more)])).toBe(true)
      }),
    )
  })

  it('are not held where one is left out, or is another', () => {
    fc.assert(
      fc.property(manyOrFew, fc.nat(299), (seeds, at) => {
        const stored = storedSeeds(seeds)
        const left = at % seeds.length
        const without = seeds.filter((_, i) => i !== left)
        expect(holdsSeeds(stored, without)).toBe(false)
        expect(holdsSeeds(stored, seeds.with(left, 'https://other.test/'))).toBe(false)
      }),
    )
  })

  it('that are added to few are all of both, and to many are counted', () => {
    const few = addedSeeds(storedSeeds(seedsFrom(0, 60)), seedsFrom(30, 90))
    expect(few).toEqual({ seeds: seedsFrom(0, 90) })
    const many = addedSeeds(few, seedsFrom(90, 150))
    expect(many).toEqual(storedSeeds(seedsFrom(0, 150)))
    const more = addedSeeds(many, seedsFrom(150, 160))
    expect(more).toMatchObject({ seeds: seedsFrom(0, 100), seedCount: 160 })
    expect(more.seedDigest).not.toBe(many.seedDigest)
  })

  it('stay as they are where those that it has are added again', () => {
    const stored = storedSeeds(seedsFrom(0, 150))
    expect(addedSeeds(stored, seedsFrom(0, 150))).toEqual(stored)
    expect(addedSeeds(stored, seedsFrom(0, 50))).toEqual(stored)
  })
})
