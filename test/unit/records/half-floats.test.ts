import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeHalves, encodeHalves } from '../../../src/records/index.js'
import { runs } from '../../fixtures/runs.js'

const there = (...values: number[]) => encodeHalves(Float32Array.from(values))
const back = (...values: number[]) => [...decodeHalves(there(...values))]

describe('16-bit floats', () => {
  it('have the bits that IEEE 754 gives them', () => {
    const bits = (value: number) => there(value).readUInt16LE(0).toString(16)
    expect([0, -0, 1, -2, 65504, 2 ** -14, 2 ** -24, 1 / 3].map(bits)).toEqual([
      ...['0', '8000', '3c00', 'c000', '7bff', '400', '1', '3555'],
    ])
    expect([65520, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(bits)).toEqual([
      '7c00',
      '7c00',
      'fc00',
    ])
    expect(back(Number.NaN)).toEqual([Number.NaN])
  })

  it('round to the nearest, and a tie to the even one', () => {
    expect(back(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20)).toEqual([
      ...[1, 1 + 2 ** -9, 1 + 2 ** -10],
    ])
    // Up into the next exponent, out of the smallest, and to nothing.
    expect(back(2047.9, 2 ** -14 - 2 ** -26, 2 ** -25, 2 ** -25 + 2 ** -40)).toEqual([
      2048,
      2 ** -14,
      0,
      2 ** -24,
    ])
  })

  it('are read as they were written, every one of them', () => {
    const all = Buffer.alloc(2 * 0x10000)
    for (let half = 0; half < 0x10000; half++) all.writeUInt16LE(half, 2 * half)
    const again = encodeHalves(decodeHalves(all))
    for (let half = 0; half < 0x10000; half++) {
      const isNumber = !((half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0)
      if (isNumber) expect(again.readUInt16LE(2 * half)).toBe(half)
    }
  })

  it('are no further from a value between -1 and 1 than half their last bit', () => {
    fc.assert(
      fc.property(fc.float({ min: -1, max: 1, noNaN: true }), (value) => {
        const [half = Number.NaN] = back(value)
        expect(Math.abs(half - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) * 2 ** -11, 2 ** -25))
      }),
      { numRuns: runs.word },
    )
  })
})
