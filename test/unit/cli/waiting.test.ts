import { describe, expect, it } from 'vitest'
import { waitingOf } from '../../../src/cli/waiting.js'
import type { RunSnapshot } from '../../../src/run/run-types.js'
import type { Wait } from '../../../src/workers/index.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'
import { watchedAs } from '../../fixtures/cli/watched.js'

const wait = (reason: Wait['for'], agoMs: number, changes: Partial<Wait> = {}): Wait => ({
  for: reason,
  host: 'a.test',
  agoMs,
  lengthMs: null,
  ...changes,
})

/** What is told at a time of a run in which these wait, and nothing moved since its beginning. */
function told(atMs: number, waits: readonly Wait[], snapshot: Partial<RunSnapshot> = {}) {
  const calm = { hosts: [], ...snapshot }
  const watched = watchedAs({ atMs: 0, snapshot: calm }, { atMs, activity: { waits } })
  return waitingOf(watched, atMs)?.text ?? null
}

describe('what is waited for', () => {
  it('is told as soon as it takes more than a second, and its time after some', () => {
    expect(told(900, [wait('robots', 900)])).toBeNull()
    expect(told(1_100, [wait('robots', 1_100)])).toBe('robots.txt of a.test')
    expect(told(5_000, [wait('robots', 4_500)])).toBe('robots.txt of a.test (4s)')
  })

  it('is told at once where it is known to take longer', () => {
    expect(told(100, [wait('page_delay', 5, { lengthMs: 2_000 })])).toBe(
      'the delay of 2s between pages of a.test',
    )
    expect(told(100, [wait('page_delay', 5, { lengthMs: 500 })])).toBeNull()
  })

  it('goes on between two looks', () => {
    const watched = watchedAs(
      { atMs: 0, snapshot: { hosts: [] } },
      { atMs: 500, activity: { waits: [wait('page', 500)] } },
    )
    expect(waitingOf(watched, 500)).toBeNull()
    expect(waitingOf(watched, 1_100)?.text).toBe('an answer of a.test')
  })

  it('is the one that holds up most, with the number of other hosts', () => {
    const waits = [
      wait('image', 9_000),
      wait('robots', 1_500, { host: 'b.test' }),
      wait('robots', 2_500),
      wait('robots', 2_000, { host: 'b.test' }),
      wait('robots', 1_500, { host: 'c.test' }),
    ]
    expect(told(9_000, waits)).toBe('robots.txt of a.test, and 2 other hosts')
    expect(told(9_000, waits.slice(0, 3))).toBe('robots.txt of a.test, and another host')
  })

  it('is told for a minute; later only where nothing has moved for ten seconds', () => {
    const waits = [wait('page', 3_000)]
    const moving = (atMs: number, movedAtMs: number) => {
      const snapshot = { hosts: [], counters: { pages: 1 } }
      const watched = watchedAs(
        { atMs: 0, snapshot: { hosts: [] } },
        { atMs: movedAtMs, snapshot },
        { atMs, activity: { waits } },
      )
      return waitingOf(watched, atMs)?.text ?? null
    }
    expect(moving(59_000, 58_000)).toBe('an answer of a.test (3s)')
    expect(moving(61_000, 58_000)).toBeNull()
    expect(moving(69_000, 58_000)).toBe('an answer of a.test (3s)')
  })

  it('is what is made ready, whatever else waits', () => {
    expect(told(2_000, [wait('robots', 2_000)], { note: 'opening the database' })).toBe(
      'opening the database',
    )
  })

  it('may be a host that no worker holds: for its delay, or at rest after failures', () => {
    const [host] = snapshotOf().hosts
    const later = { ...host!, host: 'a.test', nextFetchInMs: 27_400, state: '' } as const
    expect(told(1_000, [], { hosts: [later] })).toBe('the delay of a.test: the next page in 28s')
    expect(told(1_000, [], { hosts: [{ ...later, state: 'resting' }] })).toBe(
      'a.test, which is left alone after failures: the next page in 28s',
    )
    expect(told(1_000, [], { hosts: [{ ...later, state: 'visited' }] })).toBeNull()
    expect(told(1_000, [], { hosts: [{ ...later, queued: 0 }] })).toBeNull()
  })

  it('may be the filters, or a batch that is not full once all pages are read', () => {
    const crawlWaits = { for: 'filters', backlog: 20_000, goesOnAt: 10_000 } as const
    expect(told(1_000, [], { crawlWaits })).toBe('the filters: 20,000 candidates are not judged yet')
    const queues = { urls: 0, hosts: 0, buffered: 12, batches: 0, unplanned: 0, plans: 0 }
    expect(told(1_000, [], { queues })).toBe('a batch to fill: 12 candidates are there')
    expect(told(1_000, [], { queues: { ...queues, urls: 1 } })).toBeNull()
  })

  it('is nothing once the run has ended', () => {
    expect(told(2_000, [wait('robots', 2_000)], { state: 'done' })).toBeNull()
  })
})
