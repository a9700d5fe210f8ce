import { describe, expect, it } from 'vitest'
import { callsPerLook, Growth } from '../../../src/backend/pglite/growth.js'

const page = 'x'.repeat(16_384)

describe('looks at how tables have grown', () => {
  it('are due after so many calls, however little they are told', () => {
    const growth = new Growth()
    const due = Array.from({ length: 3 * callsPerLook }, () => growth.isDue('select a($1)', ['{}']))
    expect(due.filter(Boolean)).toHaveLength(3)
    expect(due[callsPerLook - 1]).toBe(true)
  })

  it('are due when a statement was told twice as much as at the last one', () => {
    const growth = new Growth()
    const due = Array.from({ length: 16 }, () => growth.isDue('select a($1)', [page]))
    expect(due.flatMap((is, i) => (is ? [i + 1] : []))).toEqual([1, 2, 4, 8, 16])
  })

  it('are due for each statement by what it was told itself', () => {
    const growth = new Growth()
    for (let i = 0; i < 9; i++) growth.isDue('select a($1)', [page])
    expect(growth.isDue('select b($1)', ['{}'])).toBe(false)
    expect(growth.isDue('select b($1)', [page, null, 7])).toBe(true)
  })
})
