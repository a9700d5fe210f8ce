import { describe, expect, it, vi } from 'vitest'
import type { Backend, Held } from '../../../src/backend/backend.js'
import { atOnce, createTurns, inSlices, type Steps } from '../../../src/crawl/index.js'
import { sleep } from '../../../src/timing/sleep.js'
import { keepLease, withLease } from '../../../src/workers/lease.js'

const held: Held = { kind: 'held' }
const lost: Held = { kind: 'lost' }
const never = new AbortController().signal

describe('a lease that is kept', () => {
  it('is extended while the work goes on, and not afterwards', async () => {
    const extend = vi.fn(async () => held)
    const lease = keepLease(extend, 15, never)
    await expect.poll(() => extend.mock.calls.length).toBeGreaterThan(2)
    lease.end()
    const calls = extend.mock.calls.length
    await sleep(30, never)
    expect(extend).toHaveBeenCalledTimes(calls)
    expect(lease.signal.aborted).toBe(false)
  })

  /** So many steps of work, each of which fills a slice. */
  function* longWork(slices: number): Steps<void> {
    for (let i = 0; i < slices; i++) {
      const endsAt = performance.now() + 12
      while (performance.now() < endsAt);
      yield
    }
  }

  it('is extended while long work goes on in slices beside it', async () => {
    const extend = vi.fn(async () => held)
    const lease = keepLease(extend, 15, never)
    const turn = createTurns()
    let turns = 0
    const counted = async () => {
      await turn()
      turns++
    }
    await Promise.all([15, 15].map((slices) => inSlices(longWork(slices), { turn: counted }, lease.signal)))
    const extended = extend.mock.calls.length
    expect(turns).toBe(30)
    // A slice takes longer than the time between two of them, so there is one in every round of the event loop.
    expect(extended).toBeGreaterThanOrEqual(turns - 2)
    // As against work on the spot.
    atOnce(longWork(10))
    expect(extend).toHaveBeenCalledTimes(extended)
    lease.end()
  })

  it('ends long work beside it between two slices when it is lost', async () => {
    const lease = keepLease(async () => lost, 15, never)
    await expect(inSlices(longWork(1_000_000), {}, lease.signal)).rejects.toThrow('the lease was lost')
    lease.end()
  })

  it('aborts the work when it is lost', async () => {
    const lease = keepLease(async () => lost, 15, never)
    await expect.poll(() => lease.signal.aborted).toBe(true)
    expect(String(lease.signal.reason)).toContain('the lease was lost')
    lease.end()
  })

  it('aborts the work when it cannot be extended', async () => {
    const failure = new Error('the database is gone')
    const lease = keepLease(() => Promise.reject(failure), 15, never)
    await expect.poll(() => lease.signal.reason).toBe(failure)
    lease.end()
  })

  it('aborts the work when the process is told to stop', () => {
    const abort = new AbortController()
    const lease = keepLease(async () => held, 60_000, abort.signal)
    abort.abort('stop')
    expect(lease.signal.reason).toBe('stop')
    lease.end()
  })
})

describe('work under a lease', () => {
  const failure = new Error('the disk is full')
  const taken = { run: 'r', kind: 'plan', id: 3, token: 't', leaseMs: 15 } as const
  const leased = (extendLease: Backend['extendLease']) => {
    const releaseLease = vi.fn<Backend['releaseLease']>(async () => {})
    return { extendLease, releaseLease }
  }

  it('gives the lease back where it fails, and says so', async () => {
    const backend = leased(async () => held)
    await expect(withLease(backend, taken, never, () => Promise.reject(failure))).rejects.toBe(failure)
    const { leaseMs, ...work } = taken
    expect(backend.releaseLease.mock.calls).toEqual([[{ ...work, failed: false }]])
    const blamed = { ...taken, hasFailed: () => true }
    await expect(withLease(backend, blamed, never, () => Promise.reject(failure))).rejects.toBe(failure)
    expect(backend.releaseLease).toHaveBeenLastCalledWith({ ...work, failed: true })
  })

  it('is another’s where the lease is lost, and done here', async () => {
    const backend = leased(async () => lost)
    const untilLost = ({ signal }: { signal: AbortSignal }) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    expect(await withLease(backend, taken, never, untilLost)).toEqual({ kind: 'done' })
    expect(backend.releaseLease).not.toHaveBeenCalled()
  })

  it('answers what came of it', async () => {
    const backend = leased(async () => held)
    const again = { kind: 'again', inMs: 7 } as const
    expect(await withLease(backend, taken, never, async () => again)).toBe(again)
    expect(backend.releaseLease).not.toHaveBeenCalled()
  })
})

describe('a pause', () => {
  it('ends at once where there is nothing to wait for', async () => {
    await sleep(0, never)
    await sleep(-5, never)
    await sleep(3_600_000, AbortSignal.abort())
  })

  it('ends when the signal comes, and leaves no listener behind', async () => {
    const abort = new AbortController()
    const remove = vi.spyOn(abort.signal, 'removeEventListener')
    const waiting = sleep(3_600_000, abort.signal)
    abort.abort()
    await waiting
    await sleep(1, new AbortController().signal)
    expect(remove).toHaveBeenCalled()
  })
})
