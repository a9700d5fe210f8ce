import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance, nearest } from '../../../src/options/nearest.js'

describe('the nearest choice', () => {
  it.each([
    ['naer', 'near'],
    ['exac', 'exact'],
    ['OFF', 'off'],
  ])('%s means %s', (typed, meant) => {
    expect(nearest(typed, ['near', 'exact', 'off'])).toBe(meant)
  })

  it('is none where nothing is near', () => {
    expect(nearest('banana', ['near', 'exact', 'off'])).toBeNull()
  })

  it('is found by a distance that is a metric', () => {
    const word = fc.string({ maxLength: 8 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, b) === 0).toBe(a === b)
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
      }),
    )
  })
})
