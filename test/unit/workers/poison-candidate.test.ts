import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LeasedCandidate } from '../../../src/backend/backend.js'
import { suspicionOf } from '../../../src/workers/poison-candidate.js'

const candidates = (count: number) => Array.from({ length: count }, () => ({}) as LeasedCandidate)
const of = (count: number, starts: number, failures = 0) =>
  suspicionOf({ candidates: candidates(count), starts, failures })

describe('the suspicion against a candidate', () => {
  it('comes with the second lease that had no end, and is no verdict', () => {
    expect([of(1, 0), of(1, 1), of(1, 2), of(1, 19)]).toEqual(['none', 'none', 'suspect', 'suspect'])
  })

  it('is a verdict after two failures that a worker lived to tell, or twenty leases without an end', () => {
    expect([of(1, 0, 1), of(1, 0, 2), of(1, 20)]).toEqual(['none', 'given_up', 'given_up'])
  })

  it('never falls on one of several', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 256 }), fc.nat(50), fc.nat(50), (count, starts, failures) => {
        expect(of(count, starts, failures)).toBe('none')
      }),
    )
  })
})
