import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withinPairs } from '../../../src/report/report.js'
import {
  type KeyedGroup,
  keyedGroup,
  mostNearest,
  notchesOf,
  type ScoredKey,
} from '../../../src/report/scores.js'
import { runs } from '../../fixtures/runs.js'

/** The bin of a score, by the comparison that SQL makes. */
function binOf(score: number): number {
  let bin = Math.floor(score * 100)
  while ((bin + 1) / 100 <= score) bin++
  while (bin / 100 > score) bin--
  return bin
}

/** The group of these scores, as the statements bring it. */
function groupOf(scores: readonly number[], low: readonly number[] = []): KeyedGroup {
  const counts = new Map<number, { kept: number; low: number }>()
  const at = (bin: number) => {
    const had = counts.get(bin) ?? { kept: 0, low: 0 }
    counts.set(bin, had)
    return had
  }
  for (const score of scores) at(binOf(score)).kept++
  for (const score of low) at(binOf(score)).low++
  const pairs = scores.map((score, i): ScoredKey => ({ score, key: String(i).padStart(6, '0') }))
  const ends = new Map(
    [...counts.keys()].map((bin) => {
      const own = pairs.filter(({ score }) => binOf(score) === bin).sort((a, b) => a.score - b.score)
      return [bin, { lowest: own.slice(0, mostNearest), highest: own.toReversed().slice(0, mostNearest) }]
    }),
  )
  return keyedGroup('all', null, counts, ends)
}

const someScores = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 })

describe('thresholds of a group', () => {
  it('keep exactly the pairs whose score is not below them', () => {
    fc.assert(
      fc.property(someScores, (scores) => {
        for (const { at, keeps } of groupOf(scores).notches)
          expect(keeps).toBe(scores.filter((score) => score >= at / 100).length)
      }),
      { numRuns: runs.text },
    )
  })

  it('lie a hundredth apart, between the 1st and the 99th percentile', () => {
    fc.assert(
      fc.property(someScores, (scores) => {
        const { notches } = groupOf(scores)
        const sorted = scores.toSorted((a, b) => a - b)
        const at = (share: number) => sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0
        expect(notches.length).toBeGreaterThan(0)
        for (const [i, notch] of notches.entries()) {
          expect(notch.at).toBe((notches[0]?.at ?? 0) + i)
          if (notches.length > 1) {
            expect(notch.at / 100).toBeGreaterThan(at(0.01))
            expect(notch.at / 100).toBeLessThanOrEqual(at(0.99))
          }
        }
      }),
      { numRuns: runs.text },
    )
  })

  it('take scores that are whole hundredths for what SQL takes them', () => {
    // 0.29 and 0.57 times 100 are less than 29 and 57.
    const scores = [0.2, 0.29, 0.57, 0.58, 0.9]
    expect(groupOf(scores).notches.find(({ at }) => at === 29)?.keeps).toBe(4)
    expect(groupOf(scores).notches.find(({ at }) => at === 57)?.keeps).toBe(3)
  })

  it('are one where all pairs have the same score', () => {
    expect(notchesOf(30, [5])).toEqual([{ at: 30, keeps: 5 }])
  })

  it('show the pairs nearest to them, through as many bins as it takes', () => {
    fc.assert(
      fc.property(someScores, (scores) => {
        const { notches } = groupOf(scores)
        const scoreOf = (key: string) => scores[Number(key)] ?? Number.NaN
        for (const { at, above, below } of notches) {
          const edge = at / 100
          const nearestAbove = scores.filter((score) => score >= edge).toSorted((a, b) => a - b)
          const nearestBelow = scores.filter((score) => score < edge).toSorted((a, b) => b - a)
          expect(above.map(scoreOf)).toEqual(nearestAbove.slice(0, mostNearest))
          expect(below.map(scoreOf)).toEqual(nearestBelow.slice(0, mostNearest))
        }
      }),
      { numRuns: runs.text },
    )
  })

  it('count what was rejected for its score apart', () => {
    const group = groupOf([0.31, 0.32], [0.1, 0.305])
    expect(group.pairs).toBe(2)
    expect(group.low.reduce((sum, count) => sum + count, 0)).toBe(2)
    expect(group.first).toBe(10)
  })
})

describe('pairs beside the thresholds', () => {
  const all = groupOf(Array.from({ length: 400 }, (_, i) => i / 400))
  const others = [1, 2, 3].map((n): KeyedGroup => {
    const own = (keys: readonly string[]) => keys.map((key) => `${n}${key}`)
    const notches = all.notches.map((one) => ({ ...one, above: own(one.above), below: own(one.below) }))
    return { ...all, kind: 'language', name: String(n), notches }
  })
  const distinct = (groups: readonly KeyedGroup[]) =>
    new Set(groups.flatMap(({ notches }) => notches.flatMap(({ above, below }) => [...above, ...below]))).size

  it('are all shown where they are few', () => {
    expect(withinPairs([all, ...others], 10_000)).toEqual([all, ...others])
  })

  it('become fewer by language and source where they are many, and stay for all pairs together', () => {
    const cut = withinPairs([all, ...others], 1_000)
    expect(distinct(cut)).toBeLessThanOrEqual(1_000)
    expect(distinct(cut)).toBeGreaterThan(400)
    expect(cut[0]).toEqual(all)
  })
})
