import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SourceTurns, turnWeights } from '../../../src/feed/turns.js'
import { runs } from '../../fixtures/runs.js'

/** Sources of the next turns. */
function dealt(weights: readonly number[], turns: number, given = weights.map(() => 0)): number[] {
  const deal = new SourceTurns(weights, given)
  return Array.from({ length: turns }, () => deal.next())
}

const someWeights = fc
  .array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 9 })
  .filter((weights) => weights.some((weight) => weight > 0))

describe('the turns of a mixture', () => {
  it('are shared by weight, exact within one turn from the first on', () => {
    fc.assert(
      fc.property(someWeights, (weights) => {
        const sum = weights.reduce((total, weight) => total + weight, 0)
        const counts = weights.map(() => 0)
        let worst = 0
        for (const [i, source] of dealt(weights, Math.min(2 * sum, 700)).entries()) {
          counts[source]!++
          for (const [at, weight] of weights.entries())
            worst = Math.max(worst, Math.abs(counts[at]! - ((i + 1) * weight) / sum))
        }
        expect(worst).toBeLessThan(1)
      }),
      { numRuns: runs.text },
    )
  })

  it('are as many as a source has slots, at the end of an epoch without weights', () => {
    fc.assert(
      fc.property(someWeights, (slots) => {
        const counts = slots.map(() => 0)
        for (const source of dealt(
          slots,
          slots.reduce((total, one) => total + one, 0),
        ))
          counts[source]!++
        expect(counts).toEqual(slots)
      }),
      { numRuns: runs.text },
    )
  })

  it('go on from what each source has had', () => {
    fc.assert(
      fc.property(someWeights, fc.nat(300), (weights, stop) => {
        const whole = dealt(weights, stop + 50)
        const given = weights.map((_, i) => whole.slice(0, stop).filter((source) => source === i).length)
        expect(dealt(weights, 50, given)).toEqual(whole.slice(stop))
      }),
      { numRuns: runs.text },
    )
  })

  it('go on at once from a billion turns', () => {
    const slots = [700_000_001, 299_999_999]
    const [first, second] = [350_000_000, 149_999_999]
    const next = dealt(slots, 1_000, [first, second])
    expect(next.filter((source) => source === 0).length).toBeGreaterThanOrEqual(698)
    expect(next.filter((source) => source === 0).length).toBeLessThanOrEqual(702)
  })

  it('are counted anew where the weights were others before', () => {
    expect(dealt([1, 1], 6, [100, 3])).toEqual(dealt([1, 1], 6))
  })
})

describe('the weights of turns', () => {
  it('are the slots where none is given', () => {
    expect(
      turnWeights([
        { weight: null, slots: 30, live: 3 },
        { weight: null, slots: 7, live: 7 },
      ]),
    ).toEqual([30, 7])
  })

  it('are those of live samples: dead slots take turns as well', () => {
    const [half, whole, none] = turnWeights([
      { weight: 1, slots: 100, live: 50 },
      { weight: 1, slots: 9, live: 9 },
      { weight: 5, slots: 9, live: 0 },
    ])
    expect(half! / whole!).toBeCloseTo(2, 6)
    expect(none).toBe(0)
  })
})
