import { describe, expect, it } from 'vitest'
import { HostClock, type HostTimes } from '../../../../src/workers/hosts/host-clock.js'

const startedAtMs = 1_000_000

/** A clock that stands still until it is moved; an aborted wait ends at once, so what waits is told by `waited`. */
function desk(times: Partial<HostTimes> = {}) {
  let nowMs = startedAtMs
  const clock = new HostClock(() => nowMs, {
    startedAtMs,
    delayMs: 1_000,
    reservedUntilMs: startedAtMs + 60_000,
    endsAtMs: startedAtMs + 10_000,
    ...times,
  })
  return {
    clock,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}
const never = new AbortController().signal

describe('the clock of a host', () => {
  it('gives the first slot at once', async () => {
    const { clock } = desk()
    expect(clock.lastFetchAgoMs).toBeNull()
    expect(await clock.takeSlot(never)).toBe(true)
    expect(clock.lastFetchAgoMs).toBe(0)
  })

  it('gives no slot to who is told to drain meanwhile, and takes none for it', async () => {
    const { clock } = desk()
    expect(await clock.takeSlot(AbortSignal.abort())).toBe(false)
    expect(clock.lastFetchAgoMs).toBeNull()
  })

  it('gives none after its end, nor after what is reserved where there is a delay', async () => {
    const late = desk()
    late.pass(10_000)
    expect(await late.clock.takeSlot(never)).toBe(true)
    const over = desk()
    over.pass(10_001)
    expect(await over.clock.takeSlot(never)).toBe(false)
    const unreserved = desk({ reservedUntilMs: startedAtMs + 500 })
    unreserved.pass(501)
    expect(await unreserved.clock.takeSlot(never)).toBe(false)
    const undelayed = desk({ delayMs: 0, reservedUntilMs: startedAtMs })
    undelayed.pass(501)
    expect(await undelayed.clock.takeSlot(never)).toBe(true)
  })

  it('waits for no slot that comes too late, however far the delay moved it out', async () => {
    const { clock } = desk()
    expect(await clock.takeSlot(never)).toBe(true)
    clock.slowDown(20_000)
    clock.slowDown(5_000)
    expect(clock.delayMs).toBe(20_000)
    // The next one stands already; the one behind it is too far away.
    expect(await clock.takeSlot(AbortSignal.abort())).toBe(false)
    expect(await clock.takeSlot(never)).toBe(false)
  })

  it('is charged for what a browser asked, from when it did, and owes less as time passes', async () => {
    const { clock, pass } = desk()
    expect(await clock.takeSlot(never)).toBe(true)
    pass(700)
    clock.charge(15, 200)
    expect([clock.owedMs, clock.lastFetchAgoMs]).toEqual([3_000, 0])
    pass(2_000)
    clock.charge(0, 200)
    expect([clock.owedMs, clock.lastFetchAgoMs]).toEqual([1_000, 2_000])
    // No more than ten delays, whatever it asked for.
    clock.charge(500, 200)
    expect(clock.owedMs).toBe(10_000)
    expect(await clock.takeSlot(never)).toBe(false)
    pass(20_000)
    expect(clock.owedMs).toBe(0)
  })
})
