import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Counted,
  distributionOf,
  niceStep,
  shareFrom,
  thresholdsFor,
} from '../../../src/query/distribution.js'
import { runs } from '../../fixtures/runs.js'

/** Values of one digit behind the point, in any number, as they are counted: ascending, each once. */
const countedValues: fc.Arbitrary<readonly Counted[]> = fc
  .uniqueArray(fc.tuple(fc.integer({ min: -50, max: 2000 }), fc.integer({ min: 1, max: 50 })), {
    minLength: 1,
    maxLength: 60,
    selector: ([value]) => value,
  })
  .map((pairs) => pairs.map(([value, count]) => [value / 10, count] as const).sort(([a], [b]) => a - b))

const everyOne = (counted: readonly Counted[]) =>
  counted.flatMap(([value, count]) => new Array<number>(count).fill(value))

describe('a distribution', () => {
  it('is null of nothing', () => {
    expect(distributionOf([], 1)).toBeNull()
  })

  it('of one value has it everywhere, in one bin', () => {
    expect(distributionOf([[0.29, 7]], 0.01)).toEqual({
      ...{ count: 7, min: 0.29, p5: 0.29, p25: 0.29, p50: 0.29, p75: 0.29, p95: 0.29, max: 0.29 },
      ...{ step: 0.01, below: 0, bins: [{ from: 0.29, count: 7 }], above: 0 },
    })
  })

  it('has percentiles that stand there, as they are found by sorting every single value', () => {
    fc.assert(
      fc.property(countedValues, (counted) => {
        const all = everyOne(counted)
        const found = distributionOf(counted, 0.01)!
        const at = (percent: number) => all[Math.max(0, Math.ceil((percent * all.length) / 100) - 1)]
        expect([found.min, found.p5, found.p25, found.p50, found.p75, found.p95, found.max]).toEqual([
          ...[all[0], at(5), at(25), at(50), at(75), at(95), all.at(-1)],
        ])
      }),
      { numRuns: runs.text },
    )
  })

  it('has few bins that adjoin and hold every row once', () => {
    fc.assert(
      fc.property(countedValues, (counted) => {
        const { count, below, above, bins, step } = distributionOf(counted, 0.01)!
        expect(bins.reduce((sum, bin) => sum + bin.count, below + above)).toBe(count)
        expect(bins.length).toBeLessThanOrEqual(12)
        for (const [i, bin] of bins.entries()) {
          const within = everyOne(counted).filter(
            (value) => value >= bin.from - 1e-9 && value < bin.from + step - 1e-9,
          )
          expect(bin.count).toBe(within.length)
          if (i > 0) expect(bin.from - bins[i - 1]!.from).toBeCloseTo(step)
        }
      }),
      { numRuns: runs.text },
    )
  })
})

describe('thresholds', () => {
  it('are round, lie where the scores do, and keep fewer the higher they are', () => {
    expect(thresholdsFor({ p5: 0.213, p95: 0.342 })).toEqual([0.25, 0.3])
    expect(thresholdsFor({ p5: 0.28, p95: 0.33 })).toEqual([0.28, 0.29, 0.3, 0.31, 0.32, 0.33])
    fc.assert(
      fc.property(countedValues, (counted) => {
        const shares = thresholdsFor(distributionOf(counted, 0.01)!).map((one) => shareFrom(counted, one))
        expect(shares).toEqual([...shares].sort((a, b) => b - a))
      }),
      { numRuns: runs.text },
    )
  })

  it('count a value that is as high as they are', () => {
    expect(
      shareFrom(
        [
          [0.29, 1],
          [0.3, 2],
          [0.31, 1],
        ],
        0.3,
      ),
    ).toBe(0.75)
  })
})

describe('a step', () => {
  it.each([
    [0, 0],
    [0.0129, 0.02],
    [0.02, 0.02],
    [0.7, 1],
    [3, 5],
    [10, 10],
    [11, 20],
  ])('for a width of %f is %f', (width, step) => {
    expect(niceStep(width)).toBe(step)
  })
})
