import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backlogMark, crawlWaitOf, isNearlyFull } from '../../../src/run/backlog.js'

const ofMemory = (usedBytes: number, maxBytes: number | null = 1_000) => ({ usedBytes, maxBytes })

describe('the mark above which a crawl waits', () => {
  it.each([
    [0, 20_000],
    [1, 20_000],
    [2, 32_768],
    [10, 163_840],
    [1_000, 500_000],
  ])('is for %d places of filters %d candidates', (places, mark) => {
    expect(backlogMark(places, false)).toBe(mark)
  })

  it('is below nothing while the server is nearly full', () => {
    expect(backlogMark(10, true)).toBe(-1)
  })
})

describe('a server', () => {
  it.each([
    [null, false, false],
    [ofMemory(999, null), false, false],
    [ofMemory(899), false, false],
    [ofMemory(900), false, true],
    [ofMemory(899), true, true],
    [ofMemory(850), true, true],
    [ofMemory(849), true, false],
  ])('that holds %j, and was nearly full before: %s, is so now: %s', (memory, was, is) => {
    expect(isNearlyFull(memory, was)).toBe(is)
  })

  it('changes between the two only where its memory does', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.boolean(), (used, was) => {
        const once = isNearlyFull(ofMemory(used), was)
        expect(isNearlyFull(ofMemory(used), once)).toBe(once)
      }),
    )
  })
})

describe('a crawl', () => {
  it('waits for nothing, for the filters, or for the server', () => {
    const progress = { crawlWaits: true, backlog: 25_000, backlogMark: 20_001 }
    expect(crawlWaitOf({ ...progress, crawlWaits: false })).toBeNull()
    expect(crawlWaitOf(progress)).toEqual({ for: 'filters', backlog: 25_000, goesOnAt: 10_000 })
    expect(crawlWaitOf({ ...progress, backlogMark: -1 })).toEqual({ for: 'server' })
  })
})
