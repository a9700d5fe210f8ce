import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HostEvent } from '../../../../src/workers/hosts/host-event.js'
import { HostLoad, healthOf } from '../../../../src/workers/hosts/host-load.js'

const dead: HostEvent = { kind: 'dead' }
const answered = (latencyMs = 10): HostEvent => ({ kind: 'answered', latencyMs })
const overloaded = (askedMs: number | null = null): HostEvent => ({ kind: 'overloaded', askedMs })

const loadOf = (events: readonly HostEvent[], { wantedMs = 200, delayMs = 1_000 } = {}) => {
  const load = new HostLoad(wantedMs)
  const reliefs = events.map((event) => load.observe(event, delayMs))
  return { load, reliefs }
}

describe('the load of a host', () => {
  it('is none where nobody asked it anything', () => {
    const { throttleMs, answerThrottleMs, pauseMs, health, isSilent } = new HostLoad(200)
    expect({ throttleMs, answerThrottleMs, pauseMs, health, isSilent }).toEqual({
      throttleMs: 0,
      answerThrottleMs: 0,
      pauseMs: 0,
      health: 'none',
      isSilent: false,
    })
  })

  it.each([
    [200, 900],
    [900, 0],
    [2_000, 0],
    [0, 0],
  ])(
    'between fetches wanted every %i ms is as long as its answers take to begin, if that is more: %i ms',
    (wantedMs, throttleMs) => {
      const { load } = loadOf([answered(600), dead, answered(1_200)], { wantedMs })
      expect([load.answerThrottleMs, load.throttleMs]).toEqual([throttleMs, throttleMs])
    },
  )

  it.each([
    [200, 1_500],
    [2_000, 0],
    [0, 0],
  ])('or as they cost to be worked on, each its part: wanted every %i ms, %i ms', (wantedMs, throttleMs) => {
    const { load } = loadOf([answered(), answered(), answered()], { wantedMs })
    load.worked(1_000)
    load.worked(3_500)
    expect([load.answerThrottleMs, load.throttleMs]).toEqual([throttleMs, throttleMs])
  })

  it('is twice what it was asked with where that was too much, and that is to be obeyed at once', () => {
    const { load, reliefs } = loadOf([answered(), overloaded(), answered()])
    expect(reliefs).toEqual([null, { throttleMs: 2_000, pauseMs: 0 }, null])
    expect([load.answerThrottleMs, load.throttleMs]).toEqual([0, 2_000])
  })

  it('grows with each such answer, from what its fetches were apart by then', () => {
    const load = new HostLoad(0)
    let delayMs = 0
    for (let i = 0; i < 3; i++) delayMs = load.observe(overloaded(), delayMs)!.throttleMs
    expect([delayMs, load.throttleMs]).toEqual([1_000, 1_000])
  })

  it('does not shrink by an answer to what was asked before it', () => {
    const load = new HostLoad(0)
    load.observe(overloaded(), 4_000)
    load.observe(overloaded(), 1_000)
    expect(load.throttleMs).toBe(8_000)
  })

  it('has the longest pause that it asked for, and none longer than five minutes', () => {
    const { load, reliefs } = loadOf([overloaded(7_000), overloaded(), overloaded(3_000)])
    expect(reliefs.map((relief) => relief?.pauseMs)).toEqual([7_000, 0, 3_000])
    expect(load.pauseMs).toBe(7_000)
    expect(loadOf([overloaded(36_000_000)]).load.pauseMs).toBe(300_000)
  })

  it('shows it silent after five fetches in a row without an answer, however they went without', () => {
    const load = new HostLoad(200)
    const seen = [dead, dead, dead, dead, answered(), dead, overloaded(), dead, dead, dead, answered()].map(
      (event) => {
        load.observe(event, 0)
        return load.isSilent
      },
    )
    expect(seen).toEqual([...Array(9).fill(false), true, false])
  })

  it.each<[string, HostEvent[], string]>([
    ['ok by one answer among many that did not come', [dead, answered(), dead, dead], 'ok'],
    ['bad where none came', [dead], 'bad'],
    ['bad where all said that it is too much', [overloaded(1), overloaded()], 'bad'],
  ])('says its health: %s', (_, events, health) => {
    expect(loadOf(events).load.health).toBe(health)
  })
})

it('the health of a host depends on how much came, not on the order', () => {
  const events = fc.array(fc.constantFrom(dead, answered(), overloaded()), { maxLength: 12 })
  fc.assert(
    fc.property(events, (list) => {
      const came = list.filter(({ kind }) => kind === 'answered').length
      expect(loadOf(list).load.health).toBe(healthOf(came, list.length - came))
      expect(loadOf(list.toReversed()).load.health).toBe(healthOf(came, list.length - came))
    }),
  )
})
