import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fetchFailures, maxRetries, retryAfterMs, retryOf } from '../../../src/net/index.js'

const now = Date.UTC(2026, 0, 2, 3, 4, 5)
const middle = () => 0.5

describe('retryOf', () => {
  it.each(['dns', 'connection', 'timeout', 'body_cut'] as const)('tries again after %s', (failure) => {
    expect(retryOf({ failure }, 0, now, middle)).toEqual({ kind: 'retry', delayMs: 750 })
  })

  it.each(['bad_url', 'address_refused', 'tls', 'too_large', 'encoding', 'headers', 'cancelled'] as const)(
    'does not try again after %s',
    (failure) => {
      expect(retryOf({ failure }, 0, now, middle)).toEqual({ kind: 'final' })
    },
  )

  it.each([408, 425, 429, 500, 502, 503, 504, 520, 522, 599])('tries again after status %i', (status) => {
    expect(retryOf({ status, retryAfter: null }, 0, now, middle).kind).toBe('retry')
  })

  it.each([200, 204, 301, 304, 400, 401, 403, 404, 410, 451, 501, 505, 511])(
    'does not try again after status %i, whatever Retry-After says',
    (status) => {
      expect(retryOf({ status, retryAfter: '1' }, 0, now, middle)).toEqual({ kind: 'final' })
    },
  )

  it('asks for a name that nobody could resolve twice in all, and once for one that does not exist', () => {
    expect(retryOf({ failure: 'dns' }, 1, now, middle)).toEqual({ kind: 'final' })
    expect(retryOf({ failure: 'dns', lasting: true }, 0, now, middle)).toEqual({ kind: 'final' })
  })

  it('does not wait for a host that asks for more than a day', () => {
    expect(retryOf({ status: 503, retryAfter: '86401' }, 0, now, middle)).toEqual({ kind: 'final' })
  })

  it('doubles its delay from try to try', () => {
    const delays = [0, 1, 2, 3].map((attempt) => retryOf({ failure: 'timeout' }, attempt, now, () => 0))
    expect(delays).toEqual([500, 1000, 2000, 4000].map((delayMs) => ({ kind: 'retry', delayMs })))
  })

  it('comes to an end for every outcome, never undercuts Retry-After and never waits over a day and a bit', () => {
    const outcome = fc.oneof(
      fc.record({ failure: fc.constantFrom(...fetchFailures) }),
      fc.record({
        status: fc.integer({ min: 100, max: 599 }),
        retryAfter: fc.option(fc.oneof(fc.nat(200_000).map(String), fc.string())),
      }),
    )
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(outcome, fc.nat(20), fraction, (tried, attempt, random) => {
        const verdict = retryOf(tried, attempt, now, () => random)
        if (attempt >= maxRetries) expect(verdict).toEqual({ kind: 'final' })
        if (verdict.kind === 'final') return
        expect(Number.isInteger(verdict.delayMs)).toBe(true)
        expect(verdict.delayMs).toBeGreaterThanOrEqual(0)
        expect(verdict.delayMs).toBeLessThanOrEqual(24 * 3600 * 1000 + 1000)
        const asked = 'status' in tried ? retryAfterMs(tried.retryAfter, now) : null
        if (asked !== null) expect(verdict.delayMs).toBeGreaterThanOrEqual(asked)
      }),
    )
  })
})

describe('retryAfterMs', () => {
  it.each<[string | null, number | null]>([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['1.5', 1500],
    ['Fri, 02 Jan 2026 03:05:05 GMT', 60_000],
    ['Friday, 02-Jan-26 03:05:05 GMT', 60_000],
    ['Fri Jan  2 03:05:05 2026 GMT', 60_000],
    ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
    [null, null],
    ['', null],
    ['soon', null],
    ['-5', null],
    ['Fri, 99 Foo 2026', null],
  ])('reads %j as %j ms', (field, ms) => {
    expect(retryAfterMs(field, now)).toBe(ms)
  })
})
