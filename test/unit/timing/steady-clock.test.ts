import { expect, it } from 'vitest'
import { steadyClock } from '../../../src/timing/steady-clock.js'

it('tells whole milliseconds, which never go back', () => {
  const clock = steadyClock()
  const told = Array.from({ length: 10_000 }, clock)
  expect(told.every(Number.isInteger)).toBe(true)
  expect(told).toEqual(told.toSorted((a, b) => a - b))
})
