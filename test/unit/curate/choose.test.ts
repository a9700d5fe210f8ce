import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { best, everySample, limitHosts, named, withoutDoubles } from '../../../src/curate/choose.js'
import { layOut, othersOf } from '../../../src/curate/lay-out.js'
import { distanceOf, nearDistance, nearGroups } from '../../../src/curate/nearness.js'
import { type Pool, putWords } from '../../../src/curate/pool.js'
import { parseUids } from '../../../src/curate/request.js'
import { dealOut, sideOf } from '../../../src/curate/split.js'
import { placeOf } from '../../../src/curate/where.js'
import { runs } from '../../fixtures/runs.js'

interface Sample {
  readonly source: number
  readonly score: number | null
  readonly id: number
  /** null = it has no perceptual hash. */
  readonly phash: bigint | null
  readonly host: number
  readonly language: number
}

const hex = (value: bigint) => BigInt.asUintN(64, value).toString(16).padStart(16, '0')
const idOf = (id: number) => hex(BigInt(id) * 0x9e37_79b9_7f4a_7c15n)

function poolOf(samples: readonly Sample[]): Pool {
  const size = samples.length
  const pool: Pool = {
    size,
    numbers: Uint32Array.from(samples.keys()),
    sources: Uint16Array.from(samples, ({ source }) => source),
    scores: Float64Array.from(samples, ({ score }) => score ?? Number.NaN),
    ids: new Uint32Array(2 * size),
    phashes: new Uint32Array(2 * size),
    hasPhash: Uint8Array.from(samples, ({ phash }) => (phash === null ? 0 : 1)),
    hosts: Uint32Array.from(samples, ({ host }) => host),
    hostNames: Array.from({ length: 10 }, (_, host) => `h${host}.example`),
    refused: new Uint8Array(size),
    languages: Uint16Array.from(samples, ({ language }) => language),
  }
  for (const [i, { id, phash }] of samples.entries()) {
    putWords(pool.ids, i, idOf(id))
    if (phash !== null) putWords(pool.phashes, i, hex(phash))
  }
  return pool
}

/** Hashes that are often near each other: some bits of one of three are turned. */
const phash: fc.Arbitrary<bigint> = fc
  .tuple(fc.constantFrom(0n, 0x0f0f_1234_5678_9abcn, -1n), fc.array(fc.nat({ max: 63 }), { maxLength: 4 }))
  .map(([base, bits]) => bits.reduce<bigint>((hash, bit) => hash ^ (1n << BigInt(bit)), base))

const sample: fc.Arbitrary<Sample> = fc.record({
  source: fc.nat({ max: 2 }),
  score: fc.option(fc.nat({ max: 5 }), { freq: 8 }),
  id: fc.nat({ max: 30 }),
  phash: fc.option(phash, { freq: 8 }),
  host: fc.nat({ max: 4 }),
  language: fc.nat({ max: 2 }),
})
const pool = fc.array(sample, { maxLength: 40 }).map((samples) => ({ samples, pool: poolOf(samples) }))

const worth = ({ score }: Sample) => score ?? Number.NEGATIVE_INFINITY

describe('what is kept', () => {
  it('is, of each group, as many as are asked for, and none is worse than one that is left out', () => {
    fc.assert(
      fc.property(pool, fc.integer({ min: 1, max: 100 }), ({ samples, pool }, percent) => {
        const kept = new Set(best(pool, everySample(pool), { share: percent / 100 }, 'language'))
        for (const language of [0, 1, 2]) {
          const group = samples.flatMap((one, i) => (one.language === language ? [{ ...one, i }] : []))
          const inside = group.filter(({ i }) => kept.has(i))
          expect(inside.length).toBe(Math.max(0, Math.ceil(group.length * (percent / 100) - 1e-9)))
          const worst = Math.min(...inside.map(worth))
          for (const other of group) if (!kept.has(other.i)) expect(worth(other)).toBeLessThanOrEqual(worst)
        }
      }),
      { numRuns: runs.text },
    )
  })

  it('holds no host more often than is said, and every other pair of it', () => {
    fc.assert(
      fc.property(pool, fc.integer({ min: 1, max: 5 }), ({ samples, pool }, most) => {
        const kept = limitHosts(pool, everySample(pool), most)
        for (let host = 0; host < 5; host++) {
          const all = samples.filter((one) => one.host === host).length
          expect(kept.filter((i) => samples[i]?.host === host).length).toBe(Math.min(all, most))
        }
      }),
      { numRuns: runs.text },
    )
  })

  it('has no two images of different sources that are alike; what is dropped is like one that stays, and no better', () => {
    fc.assert(
      fc.property(pool, ({ samples, pool }) => {
        const kept = withoutDoubles(pool, everySample(pool), 'near')
        const isAlike = (a: number, b: number) => {
          const [one, two] = [samples[a], samples[b]]
          if (one === undefined || two === undefined || one.source === two.source) return false
          const isNear =
            one.phash !== null && two.phash !== null && distanceOf(pool.phashes, a, b) <= nearDistance
          return one.id === two.id || isNear
        }
        for (const a of kept) for (const b of kept) expect(isAlike(a, b)).toBe(false)
        const stays = new Set(kept)
        for (const [i, one] of samples.entries()) {
          if (stays.has(i)) continue
          // What is the same as a dropped one of another source may be dropped for the same reason.
          const alike = samples.flatMap((other, j) => (isAlike(i, j) ? [other] : []))
          expect(alike.some((other) => worth(other) >= worth(one))).toBe(true)
        }
      }),
      { numRuns: runs.text },
    )
  })

  it('is what a list of uids names', () => {
    fc.assert(
      fc.property(pool, fc.array(fc.nat({ max: 30 })), ({ samples, pool }, ids) => {
        const list = parseUids(ids.map((id) => `${idOf(id)}${'f'.repeat(16)}`).join('\n'))
        if ('problem' in list) throw new Error(list.problem)
        const kept = named(pool, everySample(pool), list)
        expect([...kept]).toEqual(samples.flatMap(({ id }, i) => (ids.includes(id) ? [i] : [])))
      }),
      { numRuns: runs.text },
    )
  })
})

describe('a key', () => {
  it('names a place in its tar: its slot, without those that were taken back before it', () => {
    const entry = { shard: 12, shardSize: 100, taken: [1, 3, 50] } as unknown as Parameters<typeof placeOf>[1]
    expect(['0001200', '0001202', '0001204', '0001299'].map((key) => placeOf(key, entry))).toEqual([
      0, 1, 2, 96,
    ])
  })
})

describe('a list of uids', () => {
  it('names the line that is none', () => {
    expect(parseUids(`${'a'.repeat(32)}\n\nxyz`)).toEqual({ problem: expect.stringContaining('line 3') })
  })

  it('is the same list in any order', () => {
    const [a, b] = ['a'.repeat(32), 'b'.repeat(32)]
    expect(parseUids(`${a}\n${b}\n`)).toEqual(parseUids(`# mine\r\n${b}\r\n${a}\r\n`))
  })
})

describe('a split', () => {
  const sides = [
    { name: 'train', share: 0.7 },
    { name: 'val', share: 0.3 },
  ]

  it('has every sample on one side, and no near pictures on two', () => {
    fc.assert(
      fc.property(pool, ({ samples, pool }) => {
        const [train, val] = dealOut(pool, everySample(pool), sides, 'phash')
        expect([...(train ?? []), ...(val ?? [])].sort((a, b) => a - b)).toEqual([...samples.keys()])
        for (const a of train ?? [])
          for (const b of val ?? []) {
            if (samples[a]?.phash === null || samples[b]?.phash === null) continue
            expect(distanceOf(pool.phashes, a, b)).toBeGreaterThan(nearDistance)
          }
      }),
      { numRuns: runs.text },
    )
  })

  it('gives each side its share of many groups, and the same side to a group whatever else there is', () => {
    const names = Array.from({ length: 4000 }, (_, i) => `h${i}.example`)
    const share = names.filter((name) => sideOf(name, sides) === 1).length / names.length
    expect(share).toBeGreaterThan(0.27)
    expect(share).toBeLessThan(0.33)
  })

  it('names a group of near pictures by what it holds, not by the order in which it comes', () => {
    fc.assert(
      fc.property(fc.array(phash, { maxLength: 20 }), (hashes) => {
        const groupsOf = (order: readonly bigint[]) => {
          const words = new Uint32Array(2 * order.length)
          for (const [i, hash] of order.entries()) putWords(words, i, hex(hash))
          const groups = nearGroups(words, Uint32Array.from(order.keys()))
          return new Map(order.map((hash, i) => [hex(hash), hex(order[groups.get(i) ?? 0] ?? 0n)]))
        }
        expect(groupsOf([...hashes].reverse())).toEqual(groupsOf(hashes))
      }),
      { numRuns: runs.text },
    )
  })
})

describe('shards', () => {
  const request = fc.record({
    shuffle: fc.option(fc.string()),
    shardSize: fc.option(fc.integer({ min: 1, max: 50 })),
    shards: fc.constant(null),
  })

  it('hold every sample once, in sizes equal to one, none larger than is said', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), request, (count, asked) => {
        const kept = Uint32Array.from({ length: count }, (_, i) => 2 * i)
        const rejected = othersOf(2 * count, kept)
        const { shards, shardSize } = layOut(kept, rejected, asked)
        const sizes = shards.map((shard) => shard.kept.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
        expect(Math.max(...sizes)).toBeLessThanOrEqual(shardSize)
        expect(Math.min(...sizes)).toBeGreaterThan(0)
        const all = shards.flatMap((shard) => [...shard.kept])
        if (asked.shuffle === null) expect(all).toEqual([...kept])
        expect(all.sort((a, b) => a - b)).toEqual([...kept])
        expect(shards.flatMap((shard) => [...shard.rejected])).toEqual([...rejected])
      }),
      { numRuns: runs.text },
    )
  })

  it('are as many as are asked for, though no more than samples', () => {
    const kept = Uint32Array.from({ length: 10 }, (_, i) => i)
    const cut = (shards: number) =>
      layOut(kept, new Uint32Array(), { shuffle: null, shardSize: null, shards }).shards.map(
        (shard) => shard.kept.length,
      )
    expect(cut(4)).toEqual([2, 3, 2, 3])
    expect(cut(40)).toHaveLength(10)
  })
})
