import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isPictured,
  PictureChoice,
  type Pictured,
  type RejectReason,
  rejectReasons,
} from '../../../src/records/index.js'
import { runs } from '../../fixtures/runs.js'

const reasons: readonly RejectReason[] = Object.values(rejectReasons).flat()

/** Few hashes, so that many stand twice. */
const rejected = fc.record({
  reason: fc.constantFrom(...reasons, 'a reason that nobody knows', 'toString'),
  sha256: fc.integer({ min: 0, max: 40 }).map((n) => n.toString(16).padStart(64, '0')),
})

const chosenOf = (most: number, rows: readonly Pictured[]) => {
  const choice = new PictureChoice(most)
  for (const row of rows) choice.add(row)
  return choice.chosen()
}

describe('what may be shown of what was rejected', () => {
  it('is what was too small, of another shape, or of a low score, and nothing else', () => {
    expect(reasons.filter(isPictured)).toEqual(['bytes_small', 'side_small', 'aspect', 'score_low'])
  })

  it.each([
    ...['robots', 'robots_unreachable', 'opt_out', 'opt_out_unreachable', 'address_refused'],
    ...['concept_dropped', 'concept_missing', 'duplicate_exact', 'duplicate_near', 'max_pairs'],
  ])('is never what was rejected for %s', (reason) => {
    expect(reasons).toContain(reason)
    expect(isPictured(reason)).toBe(false)
  })

  it.each(['', 'hash_listed', 'constructor', '__proto__'])('is not what nobody decided about: %j', (word) => {
    expect(isPictured(word)).toBe(false)
  })
})

describe('the choice of pictures', () => {
  it('is the lowest hashes of each reason that may be shown, each picture once, by reason', () => {
    fc.assert(
      fc.property(fc.array(rejected), fc.integer({ min: 1, max: 5 }), (rows, most) => {
        const expected = reasons
          .filter(isPictured)
          .toSorted()
          .flatMap((reason) => {
            const hashes = rows.filter((row) => row.reason === reason).map(({ sha256 }) => sha256)
            return [...new Set(hashes)]
              .toSorted()
              .slice(0, most)
              .map((sha256) => ({ reason, sha256 }))
          })
        expect(chosenOf(most, rows)).toEqual(expected)
      }),
      { numRuns: runs.line },
    )
  })

  it('does not depend on how rows were dealt into batches, nor on their order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(rejected)), fc.integer({ min: 1, max: 4 }), (batches, most) => {
        const ofBatches = batches.map((rows) => chosenOf(most, rows))
        expect(chosenOf(most, ofBatches.flat())).toEqual(chosenOf(most, batches.flat()))
        expect(chosenOf(most, ofBatches.toReversed().flat())).toEqual(chosenOf(most, batches.flat()))
      }),
      { numRuns: runs.line },
    )
  })

  it('is the first row of a picture that stands in several', () => {
    const rows = ['first', 'second'].map((url) => ({ reason: 'aspect', sha256: 'ab', url }))
    expect(chosenOf(4, rows)).toEqual([rows[0]])
  })
})
