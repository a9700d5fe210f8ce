import { describe, expect, it } from 'vitest'
import type { Backend, HostReport } from '../../../../src/backend/backend.js'
import type { HostEvent } from '../../../../src/workers/hosts/host-event.js'
import { createImageHosts } from '../../../../src/workers/hosts/image-hosts.js'
import { createSlots } from '../../../../src/workers/hosts/slots.js'

function createDesk(failures = 0, wantedMs = 200) {
  const reported: HostReport[] = []
  const clock = { nowMs: 1_000_000 }
  const backend: Pick<Backend, 'reportHosts' | 'reserve'> = {
    reportHosts: async (reports) => void reported.push(...reports),
    reserve: async ({ slots, delayMs }) =>
      slots.map(({ host, want }) => ({ host, granted: want, inMs: 0, delayMs, failures })),
  }
  const slots = createSlots(
    { backend: backend as Backend, groupsOf: async () => [], now: () => clock.nowMs },
    wantedMs,
    30_000,
  )
  return {
    reported,
    clock,
    slots,
    hosts: createImageHosts({ backend }, slots, wantedMs),
    done: AbortSignal.abort(),
  }
}
const answered: HostEvent = { kind: 'answered', latencyMs: 10 }
const dead: HostEvent = { kind: 'dead' }

describe('the image hosts of a batch', () => {
  it('are left alone at once, by this batch and all others, where they ask for it', async () => {
    const { hosts, slots, reported, clock, done } = createDesk()
    await slots.plan(new Map([['a.test', 5]]))
    expect(await slots.take('a.test', done)).toEqual({ kind: 'go' })
    hosts.onEvent('a.test', { kind: 'overloaded', askedMs: 7_000 })
    expect(await slots.take('a.test', done)).toEqual({ kind: 'later', inMs: 7_000 })
    await hosts.report()
    expect(reported).toEqual([
      { host: 'a.test', throttleMs: 400, pauseMs: 7_000, health: 'none' },
      { host: 'a.test', throttleMs: 0, pauseMs: 2_000, health: 'bad' },
    ])
    clock.nowMs += 7_000
    expect(await slots.take('a.test', done)).toEqual({ kind: 'go' })
    expect(slots.delayMs('a.test')).toBe(400)
  })

  it('are given up for the batch after five fetches in a row without an answer', async () => {
    const { hosts, slots, done } = createDesk(1)
    await slots.plan(new Map([['a.test', 50]]))
    for (const event of [dead, dead, dead, dead, answered, dead, dead, dead, dead])
      hosts.onEvent('a.test', event)
    expect(await slots.take('a.test', done)).toEqual({ kind: 'go' })
    hosts.onEvent('a.test', dead)
    // The second failure in a row: three times the first pause.
    expect(await slots.take('a.test', done)).toEqual({ kind: 'later', inMs: 6_000 })
    expect(await slots.take('b.test', done)).toEqual({ kind: 'go' })
  })

  it('are reported as well where they answered anything, as failing where they answered nothing', async () => {
    const { hosts, reported } = createDesk()
    hosts.onEvent('a.test', dead)
    hosts.onEvent('a.test', answered)
    hosts.onEvent('b.test', dead)
    await hosts.report()
    expect(reported).toEqual([
      { host: 'a.test', throttleMs: 0, pauseMs: 0, health: 'ok' },
      { host: 'b.test', throttleMs: 0, pauseMs: 2_000, health: 'bad' },
    ])
  })

  it('are asked no faster from then on than they answer, as pages are', async () => {
    for (const [wantedMs, throttleMs] of [
      [200, 900],
      [2_000, 0],
      [0, 0],
    ] as const) {
      const { hosts, reported } = createDesk(0, wantedMs)
      for (const latencyMs of [600, 1_200]) hosts.onEvent('slow.test', { kind: 'answered', latencyMs })
      await hosts.report()
      expect(reported).toEqual([{ host: 'slow.test', throttleMs, pauseMs: 0, health: 'ok' }])
    }
  })

  it('are asked no faster from then on than this process works on what they give, as for pages', async () => {
    for (const [wantedMs, throttleMs] of [
      [200, 1_500],
      [2_000, 0],
      [0, 0],
    ] as const) {
      const { hosts, reported } = createDesk(0, wantedMs)
      for (const workMs of [1_000, 3_500]) {
        hosts.onEvent('dear.test', answered)
        hosts.worked('dear.test', workMs)
      }
      // One that gave no image.
      hosts.onEvent('dear.test', answered)
      await hosts.report()
      expect(reported).toEqual([{ host: 'dear.test', throttleMs, pauseMs: 0, health: 'ok' }])
    }
  })

  it('say nothing where nothing was fetched', async () => {
    const { hosts, reported } = createDesk()
    await hosts.report()
    expect(reported).toEqual([])
  })
})
