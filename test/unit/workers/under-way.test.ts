import { describe, expect, it } from 'vitest'
import { UnderWay } from '../../../src/workers/under-way.js'

const counters = async () => ({})

describe('work under way', () => {
  it('is counted from when it is done until what holds it is read and shown', async () => {
    const work = new UnderWay(() => 0)
    const tally = work.tally()
    tally.count('pages')
    tally.count('pages', 2)
    expect(work.look().done).toEqual({ pages: 3 })
    tally.commit()
    expect(work.look().done).toEqual({ pages: 3 })
    await work.reading(counters)
    expect(work.look().done).toEqual({ pages: 3 })
    work.settle()
    expect(work.look().done).toEqual({ pages: 0 })
  })

  it('that is handed to a commit while the counters are read is left to the next reading', async () => {
    const work = new UnderWay(() => 0)
    const tally = work.tally()
    tally.count('judged', 5)
    let answer = () => {}
    const reading = work.reading(
      () =>
        new Promise<void>((resolve) => {
          answer = resolve
        }),
    )
    tally.commit()
    answer()
    await reading
    work.settle()
    expect(work.look().done).toEqual({ judged: 5 })
    await work.reading(counters)
    work.settle()
    expect(work.look().done).toEqual({ judged: 0 })
  })

  it('of one lease may be committed in parts, and what is never committed is dropped at its end', async () => {
    const work = new UnderWay(() => 0)
    const [one, other] = [work.tally(), work.tally()]
    one.count('pages', 5)
    other.count('pages', 7)
    one.commit({ pages: 3 })
    await work.reading(counters)
    work.settle()
    expect(work.look().done).toEqual({ pages: 9 })
    one.commit()
    one.commit()
    await work.reading(counters)
    work.settle()
    expect(work.look().done).toEqual({ pages: 7 })
  })
})

describe('a wait', () => {
  it('is told for as long as it lasts, with how long that is by now, however it ends', async () => {
    let now = 1_000
    const work = new UnderWay(() => now)
    let fail = (_: Error) => {}
    const wait = { for: 'page_delay', host: 'a.test', lengthMs: 2_000 } as const
    const waiting = work.during(
      wait,
      () =>
        new Promise<void>((_, reject) => {
          fail = reject
        }),
    )
    now = 1_400
    expect(work.look().waits).toEqual([{ ...wait, agoMs: 400 }])
    fail(new Error('no'))
    await expect(waiting).rejects.toThrow('no')
    expect(work.look().waits).toEqual([])
  })

  it('for a fetch names the host with its port, and why it is asked', async () => {
    const work = new UnderWay(() => 0)
    let answer = () => {}
    const fetch = work.fetch(
      ({ pathname }) => (pathname === '/robots.txt' ? 'robots' : 'opt_outs'),
      () =>
        new Promise((resolve) => {
          answer = () =>
            resolve({
              kind: 'redirect',
              status: 301,
              location: '/',
              head: { status: 301, headers: {} },
            } as never)
        }),
    )
    const fetching = fetch({ url: 'http://a.test:81/robots.txt' } as never, new AbortController().signal)
    expect(work.look().waits).toEqual([{ for: 'robots', host: 'a.test:81', agoMs: 0, lengthMs: null }])
    answer()
    await fetching
  })
})
