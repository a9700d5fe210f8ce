import fc from 'fast-check'
import { expect, test } from 'vitest'
import { planTextBatches } from '../../../../src/filter/clip/batches.js'

test('texts of like length share a batch, shortest first', () => {
  expect(planTextBatches([9, 4, 10, 3, 40], 20)).toEqual([
    { length: 4, members: [3, 1] },
    { length: 10, members: [0, 2] },
    { length: 40, members: [4] },
  ])
  expect(planTextBatches([])).toEqual([])
})

test('every text is in one batch, none is longer than its batch, no batch of several exceeds the budget', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 2, max: 77 })),
      fc.integer({ min: 2, max: 500 }),
      (lengths, budget) => {
        const batches = planTextBatches(lengths, budget)
        expect(batches.flatMap((b) => b.members).sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i))
        for (const { length, members } of batches) {
          expect(length).toBe(Math.max(...members.map((m) => lengths[m]!)))
          if (members.length > 1) expect(length * members.length).toBeLessThanOrEqual(budget)
        }
      },
    ),
  )
})
