import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Backend } from '../../../../src/backend/backend.js'
import { createSlots } from '../../../../src/workers/hosts/slots.js'

const delayMs = 1_000
const windowMs = 30_000

/** A backend that keeps the slots of hosts on a clock that stands still until it is moved. */
function createDesk(hostDelayMs = delayMs) {
  let nowMs = 1_000_000
  const freeAt = new Map<string, number>()
  const asked: { host: string; want: number }[] = []
  const reserve: Backend['reserve'] = async (wish) => {
    asked.push(...wish.slots.map(({ host, want }) => ({ host, want })))
    return wish.slots.map(({ host, want }) => {
      const first = Math.max(freeAt.get(host) ?? 0, nowMs)
      const inMs = first - nowMs
      const fits = hostDelayMs === 0 ? want : Math.floor((wish.windowMs - inMs) / hostDelayMs) + 1
      const granted = inMs > wish.windowMs ? 0 : Math.min(want, fits)
      if (granted > 0) freeAt.set(host, first + granted * hostDelayMs + Math.min(hostDelayMs, wish.guardMs))
      return { host, granted, inMs, delayMs: hostDelayMs, failures: 0 }
    })
  }
  const slots = createSlots(
    { backend: { reserve }, groupsOf: async (host) => [`domain:${host}`], now: () => nowMs },
    delayMs,
    windowMs,
  )
  const done = AbortSignal.abort()
  return {
    asked,
    slots,
    /** Takes a slot without waiting for it: an aborted wait ends at once. */
    take: (host: string) => slots.take(host, done),
    pass: (ms: number) => {
      nowMs += ms
    },
    block: (host: string, ms: number) => freeAt.set(host, nowMs + ms),
  }
}

afterEach(() => void vi.useRealTimers())

describe('the slots of a batch', () => {
  it('are asked for once, all hosts together', async () => {
    const desk = createDesk(0)
    await desk.slots.plan(
      new Map([
        ['a.test', 3],
        ['b.test', 1],
      ]),
    )
    for (const host of ['a.test', 'a.test', 'b.test', 'a.test'])
      expect(await desk.take(host)).toEqual({ kind: 'go' })
    expect(desk.asked).toEqual([
      { host: 'a.test', want: 3 },
      { host: 'b.test', want: 1 },
    ])
  })

  it('are asked for one by one where more are needed than were planned', async () => {
    const desk = createDesk(0)
    await desk.slots.plan(new Map())
    expect(await desk.take('redirected.test')).toEqual({ kind: 'go' })
    expect(await desk.take('redirected.test')).toEqual({ kind: 'go' })
    expect(desk.asked).toEqual([
      { host: 'redirected.test', want: 1 },
      { host: 'redirected.test', want: 1 },
    ])
  })

  it('are refused where none begins within the window', async () => {
    const desk = createDesk()
    desk.block('a.test', windowMs + 5_000)
    expect(await desk.take('a.test')).toEqual({ kind: 'later', inMs: windowMs + 5_000 })
  })

  it('are granted as far as they fit into the window', async () => {
    const desk = createDesk(10_000)
    await desk.slots.plan(new Map([['a.test', 9]]))
    const taken = []
    for (let i = 0; i < 5; i++) taken.push((await desk.take('a.test')).kind)
    expect(taken).toEqual(['go', 'go', 'go', 'go', 'later'])
  })

  it('that were missed are not made up for: a new one is asked for', async () => {
    const desk = createDesk()
    await desk.slots.plan(new Map([['a.test', 2]]))
    desk.pass(5_000)
    expect(await desk.take('a.test')).toEqual({ kind: 'go' })
    expect(desk.asked).toEqual([
      { host: 'a.test', want: 2 },
      { host: 'a.test', want: 1 },
    ])
  })

  it('are never nearer to each other than the delay, though one begins late', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    let freeAt = 0
    const reserve: Backend['reserve'] = async ({ slots: wants, guardMs }) =>
      wants.map(({ host, want }) => {
        const first = Math.max(freeAt, Date.now())
        freeAt = first + want * delayMs + guardMs
        return { host, granted: want, inMs: first - Date.now(), delayMs, failures: 0 }
      })
    const slots = createSlots(
      { backend: { reserve }, groupsOf: async () => [], now: Date.now },
      delayMs,
      windowMs,
    )
    const { signal } = new AbortController()
    await slots.plan(new Map([['a.test', 8]]))
    const starts: number[] = []
    const takes = Array.from({ length: 8 }, async () => {
      await slots.take('a.test', signal)
      starts.push(Date.now())
    })
    await vi.advanceTimersByTimeAsync(delayMs)
    for (const heldUpMs of [40, 90, 700, 2_500]) {
      // The process is busy with something else: its clock goes on, its timers do not.
      vi.setSystemTime(Date.now() + heldUpMs)
      await vi.advanceTimersByTimeAsync(1_300)
    }
    await vi.runAllTimersAsync()
    await Promise.all(takes)
    const gaps = starts.slice(1).map((at, i) => at - starts[i]!)
    expect(gaps).toHaveLength(7)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(delayMs)
  })

  it('are given up at once when the batch is', async () => {
    const desk = createDesk(20_000)
    await desk.take('a.test')
    const abort = new AbortController()
    const waiting = desk.slots.take('a.test', abort.signal)
    abort.abort()
    expect(await waiting).toEqual({ kind: 'go' })
  })

  it('are waited for where other hosts of the same group are busy, and refused where that takes too long', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const asked: number[] = []
    let freeAtMs = 1_004_000
    const reserve: Backend['reserve'] = async ({ slots: wants, perGroup }) => {
      asked.push(Date.now() - 1_000_000)
      return wants.map(({ host, want, groups }) => {
        expect([groups, perGroup]).toEqual([['domain:a.test'], 8])
        const slot = { host, inMs: Math.max(freeAtMs - Date.now(), 0), delayMs, failures: 0 }
        return slot.inMs > 0 ? { ...slot, granted: 0, crowded: true } : { ...slot, granted: want }
      })
    }
    const groupsOf = async () => ['domain:a.test']
    const slots = createSlots({ backend: { reserve }, groupsOf, now: Date.now }, delayMs, windowMs)
    const { signal } = new AbortController()
    await slots.plan(new Map([['1.a.test', 1]]))
    const taken = slots.take('1.a.test', signal)
    await vi.runAllTimersAsync()
    expect(await taken).toEqual({ kind: 'go' })
    expect(asked).toEqual([0, 0, 4_000])
    freeAtMs = Date.now() + windowMs + 1
    expect(await slots.take('2.a.test', signal)).toEqual({ kind: 'later', inMs: windowMs + 1, crowded: true })
  })

  it('belong to no group where no delay is asked for', async () => {
    const reserve: Backend['reserve'] = async ({ slots: wants }) =>
      wants.map(({ host, want, groups }) => {
        expect(groups).toEqual([])
        return { host, granted: want, inMs: 0, delayMs: 0, failures: 0 }
      })
    const groupsOf = async () => ['domain:a.test']
    const slots = createSlots({ backend: { reserve }, groupsOf, now: Date.now }, 0, windowMs)
    expect(await slots.take('a.test', new AbortController().signal)).toEqual({ kind: 'go' })
  })
})
