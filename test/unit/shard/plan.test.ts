import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  keyOf,
  type Plan,
  type PlanPart,
  planShards,
  shardCount,
  windowOf,
} from '../../../src/shard/index.js'
import { partOf, rowBases } from '../../../src/shard/plan.js'

function planWith(
  keeps: readonly (readonly boolean[])[],
  shardSize: number,
  seed = 's',
  firstShard = 0,
): Plan {
  const parts = keeps.map((keep, i): PlanPart => {
    const kept = [...keep.keys()].filter((row) => keep[row])
    return { batch: `b${i}`, name: `p${i}`, size: 1, sha256: '', rows: keep.length, kept, losers: [] }
  })
  const kept = parts.reduce((sum, part) => sum + part.kept.length, 0)
  return {
    v: 1,
    run: 'r',
    plan: 0,
    createdAt: '2024-01-01T00:00:00Z',
    firstShard,
    shards: shardCount(kept, shardSize),
    shardSize,
    seed,
    format: 'jpg',
    modelId: null,
    parts,
  }
}

const keeps = fc.array(fc.array(fc.boolean(), { maxLength: 30 }), { maxLength: 12 })
const shardSizes = fc.integer({ min: 1, max: 40 })

describe('a shard plan', () => {
  it('puts every kept row and every rejected row into exactly one shard', () => {
    fc.assert(
      fc.property(keeps, shardSizes, fc.string(), (keep, shardSize, seed) => {
        const shards = planShards(planWith(keep, shardSize, seed))
        const flat = keep.flat()
        const all = (of: 'kept' | 'rejected') =>
          shards.flatMap((shard) => [...shard[of]]).sort((a, b) => a - b)
        expect(all('kept')).toEqual([...flat.keys()].filter((row) => flat[row]))
        expect(all('rejected')).toEqual([...flat.keys()].filter((row) => !flat[row]))
      }),
    )
  })

  it('has its first shard, or its ledger, name pictures of all rejected rows, and no other shard any', () => {
    fc.assert(
      fc.property(keeps, shardSizes, (keep, shardSize) => {
        const [first, ...others] = planShards(planWith(keep, shardSize))
        const rejected = [...keep.flat().entries()].filter(([, kept]) => !kept).map(([row]) => row)
        if (first !== undefined) expect([...(first.pictured ?? [])]).toEqual(rejected)
        expect(others.every(({ pictured }) => pictured === null)).toBe(true)
      }),
    )
  })

  it('makes shards whose sizes differ by at most one, in both kinds of rows, and fit the shard size', () => {
    fc.assert(
      fc.property(keeps, shardSizes, (keep, shardSize) => {
        const shards = planShards(planWith(keep, shardSize)).filter((shard) => shard.shard !== null)
        if (shards.length === 0) return
        for (const of of ['kept', 'rejected'] as const) {
          const sizes = shards.map((shard) => shard[of].length)
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        }
        expect(Math.max(...shards.map((shard) => shard.kept.length))).toBeLessThanOrEqual(shardSize)
      }),
    )
  })

  it('is the same for the same seed, and another for another', () => {
    const plan = planWith([Array(500).fill(true)], 100, 'one')
    expect(planShards(plan)).toEqual(planShards(plan))
    expect(planShards({ ...plan, seed: 'two' })).not.toEqual(planShards(plan))
  })

  it('keeps the order that its format promises for a seed', () => {
    const [first] = planShards(planWith([Array(10).fill(true)], 10, 'pairmill'))
    expect([...(first?.kept ?? [])]).toEqual([0, 8, 6, 3, 5, 1, 2, 4, 9, 7])
  })

  it('mixes the parts: a shard of many draws from most of them', () => {
    const keep = Array.from({ length: 20 }, () => Array<boolean>(50).fill(true))
    const plan = planWith(keep, 100)
    const bases = rowBases(plan)
    for (const { kept } of planShards(plan)) {
      expect(new Set([...kept].map((number) => partOf(bases, number))).size).toBeGreaterThan(15)
    }
  })

  it('gives the rows of a plan that keeps nothing to a ledger, and nothing where there are no rows', () => {
    const both = new Uint32Array([0, 1])
    expect(planShards(planWith([[false, false]], 10))).toEqual([
      { shard: null, kept: new Uint32Array(0), rejected: both, pictured: both },
    ])
    expect(planShards(planWith([[], []], 10))).toEqual([])
  })

  it('refuses a plan that contradicts itself', () => {
    const plan = planWith([[true, true, false]], 2)
    const [part] = plan.parts
    expect(() => planShards({ ...plan, shards: 0 })).toThrow(RangeError)
    expect(() => planShards({ ...plan, shards: 3 })).toThrow(RangeError)
    expect(() => planShards({ ...plan, shardSize: 1 })).toThrow(RangeError)
    expect(() => planShards({ ...plan, parts: [{ ...part!, kept: [1, 0] }] })).toThrow(RangeError)
    expect(() => planShards({ ...plan, parts: [{ ...part!, kept: [0, 0] }] })).toThrow(RangeError)
    expect(() => planShards({ ...plan, parts: [{ ...part!, kept: [2, 3] }] })).toThrow(RangeError)
  })

  it('finds the part of every row, also beside empty parts', () => {
    fc.assert(
      fc.property(keeps, (keep) => {
        const bases = rowBases(planWith(keep, 10))
        const parts = keep.flatMap((rows, part) => rows.map(() => part))
        expect(parts.map((_, number) => partOf(bases, number))).toEqual(parts)
      }),
    )
  })
})

describe('a key', () => {
  it('is digits only, unique in a dataset, and sorts as its sample stands', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 99_990 }),
        (shardSize, first) => {
          const keys = [0, 1, 2].flatMap((shard) =>
            Array.from({ length: shardSize }, (_, i) => keyOf(first + shard, i, shardSize)),
          )
          expect(keys.every((key) => /^\d+$/.test(key) && key.length === keys[0]?.length)).toBe(true)
          expect(new Set(keys).size).toBe(keys.length)
          expect([...keys].sort()).toEqual(keys)
        },
      ),
    )
  })

  it('is shard x 10^d + i, d = the digits of the largest sample number, at least one', () => {
    expect(keyOf(3, 17, 10_000)).toBe('000030017')
    expect(keyOf(3, 0, 1)).toBe('000030')
    expect(keyOf(0, 9, 10)).toBe('000009')
    expect(keyOf(0, 10, 11)).toBe('0000010')
  })
})

describe('a window', () => {
  const part = fc.record({ kept: fc.integer({ min: 0, max: 20 }), extra: fc.integer({ min: 0, max: 20 }) })
  const parts = fc.array(
    part.map(({ kept, extra }) => ({ kept, rows: kept + extra })),
    { maxLength: 60 },
  )

  it('takes every part in the end, and its shards always hold what it takes', () => {
    fc.assert(
      fc.property(parts, shardSizes, fc.integer({ min: 1, max: 500 }), (all, shardSize, maxRows) => {
        let rest = all
        for (const final of [false, true]) {
          for (;;) {
            const window = windowOf(rest, { shardSize, final, maxRows, minShards: 3, minShardSamples: 5 })
            if (window === null) break
            const taken = rest.slice(0, window.take)
            const kept = taken.reduce((sum, { kept: k }) => sum + k, 0)
            expect(window.take).toBeGreaterThan(0)
            expect(window.shards === 0).toBe(kept === 0)
            expect(kept).toBeGreaterThanOrEqual(window.shards)
            expect(kept).toBeLessThanOrEqual(window.shards * shardSize)
            if (taken.length > 1)
              expect(taken.reduce((sum, { rows }) => sum + rows, 0)).toBeLessThanOrEqual(maxRows)
            rest = rest.slice(window.take)
          }
        }
        expect(rest).toEqual([])
      }),
    )
  })

  it('waits for four full shards, then takes no more than fit', () => {
    const hundred = (n: number) => Array.from({ length: n }, () => ({ kept: 90, rows: 256 }))
    expect(windowOf(hundred(4), { shardSize: 100, final: false })).toBeNull()
    expect(windowOf(hundred(9), { shardSize: 100, final: false })).toEqual({ take: 4, shards: 4 })
  })

  it('closes before it is full where so many samples are enough', () => {
    const parts = Array.from({ length: 3 }, () => ({ kept: 90, rows: 256 }))
    expect(windowOf(parts, { shardSize: 1000, final: false, enough: 271 })).toBeNull()
    expect(windowOf(parts, { shardSize: 1000, final: false, enough: 270 })).toEqual({ take: 3, shards: 1 })
  })

  it('divides what is left at the end evenly in place of leaving a stump', () => {
    const left = Array.from({ length: 43 }, () => ({ kept: 10, rows: 20 }))
    expect(windowOf(left, { shardSize: 100, final: true })).toEqual({ take: 43, shards: 5 })
    expect(windowOf(left, { shardSize: 1000, final: true, minShards: 4, minShardSamples: 100 })).toEqual({
      take: 43,
      shards: 4,
    })
  })

  it('closes on rows alone where hardly anything is kept', () => {
    const poor = Array.from({ length: 10 }, () => ({ kept: 0, rows: 256 }))
    expect(windowOf(poor, { shardSize: 100, final: false, maxRows: 1000 })).toEqual({ take: 3, shards: 0 })
  })
})
