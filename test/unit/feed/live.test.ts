import { describe, expect, it } from 'vitest'
import { LiveSamples } from '../../../src/feed/live.js'

const three = () =>
  new LiveSamples(
    new Map([
      [0, 10],
      [1, 3],
      [4, 0],
    ]),
  )

describe('the samples that are to be fed', () => {
  it('are all of them at first', () => {
    const live = three()
    expect([live.total, live.count(0), live.count(4)]).toEqual([13, 10, 0])
    expect([live.has(0, 9), live.has(0, 10), live.has(2, 0), live.has(0, -1)]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  it('are fewer by what is taken back, however often that is said', () => {
    const live = three()
    live.take(0, [9, 3])
    live.take(0, [3, 77])
    live.take(9, [1])
    expect([live.total, live.count(0), live.has(0, 3), live.has(0, 4)]).toEqual([11, 8, false, true])
  })

  it('are those alone that are to be kept, where some are named', () => {
    const live = three()
    live.take(0, [2])
    live.keep(0, [1, 2])
    live.keep(1, [])
    expect([live.total, live.has(0, 1), live.has(0, 2), live.count(1)]).toEqual([1, true, false, 0])
  })
})
