import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { askedPauseMs, latencyDelayMs, overloadDelayMs, workDelayMs } from '../../../src/crawl/index.js'

const ms = fc.double({ min: 0, max: 10_000_000, noNaN: true })

describe('the delay for a slow host', () => {
  it.each([
    // wanted, latency, delay
    [1_000, 400, 0],
    [1_000, 1_000, 0],
    [1_000, 3_000.4, 3_001],
    [1_000, 90_000, 30_000],
    [40_000, 90_000, 0],
    [0, 90_000, 0],
  ])('where %i ms are asked for and it takes %i ms: %i', (wanted, latency, delay) => {
    expect(latencyDelayMs(wanted, latency)).toBe(delay)
  })

  it('grows with what it takes, is more than was asked for or nothing, and is bounded', () => {
    fc.assert(
      fc.property(ms, ms, ms, (wanted, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)]
        expect(latencyDelayMs(wanted, less)).toBeLessThanOrEqual(latencyDelayMs(wanted, more))
        const delay = latencyDelayMs(wanted, more)
        expect(delay === 0 || (delay > wanted && delay <= 30_000)).toBe(true)
      }),
    )
  })
})

describe('the delay for a host whose pages cost much work', () => {
  it.each([
    // wanted, work, delay
    [1_000, 1_000, 0],
    [1_000, 3_000.4, 3_001],
    [1_000, 90_000, 30_000],
    [0, 2_000, 0],
    [0, 2_001, 2_001],
  ])('of %d ms, where a page takes %d ms, is %d ms', (wanted, work, delay) => {
    expect(workDelayMs(wanted, work)).toBe(delay)
  })
})

describe('the delay after an answer that said that it is too much', () => {
  it('doubles, from a quarter of a second to a minute', () => {
    const delays = [0]
    while (delays.length < 12) delays.push(overloadDelayMs(delays.at(-1)!))
    expect(delays).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
  })

  it('is never shorter than before', () => {
    fc.assert(fc.property(ms, (delay) => overloadDelayMs(delay) >= delay))
  })
})

describe('the pause that a host asked for', () => {
  it('is kept, up to five minutes', () => {
    expect([null, -1, 0, 700, 300_000, 86_400_000].map(askedPauseMs)).toEqual([
      0, 0, 0, 700, 300_000, 300_000,
    ])
  })
})
