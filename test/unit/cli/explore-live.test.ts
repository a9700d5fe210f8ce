import { describe, expect, it } from 'vitest'
import { followRun, type Sight, sightOfFleet } from '../../../src/cli/explore-live.js'
import type { FleetRunDetails, FleetWorker } from '../../../src/run/index.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'

const sight = (counters: Record<string, number>, changes: Partial<Sight['snapshot']> = {}): Sight => ({
  snapshot: { ...snapshotOf({}), state: 'running', counters, ...changes },
  state: 'running',
  workers: [],
})

describe('a run that is followed', () => {
  it('has the rates of what was done between two looks', async () => {
    const looks = [sight({ pages: 100, kept: 10 }), sight({ pages: 120, kept: 15, candidates: 40 })]
    let ms = 1_000
    const follow = followRun(
      async () => looks.shift() ?? null,
      () => ms,
    )
    expect((await follow())?.rates.map(({ perSecond }) => perSecond)).toEqual([0, 0, 0, 0])
    ms += 10_000
    expect((await follow())?.rates).toEqual([
      { name: 'pages', perSecond: 2 },
      { name: 'images', perSecond: 0 },
      { name: 'judged', perSecond: expect.any(Number) },
      { name: 'kept', perSecond: 0.5 },
    ])
    expect(await follow()).toBeNull()
  })

  it('tells reasons with their meaning, and what waits', async () => {
    const queues = { urls: 5, hosts: 2, buffered: 0, batches: 1, unplanned: 0, plans: 0 }
    const counters = { 'rejected:http_4xx': 3, 'rejected:score_low': 7, shards: 1 }
    const look = async () => sight(counters, { queues })
    const live = await followRun(look, () => 0)()
    expect(live?.reasons).toMatchObject([
      { reason: 'score_low', count: 7 },
      { reason: 'http_4xx', count: 3, meaning: expect.stringContaining('HTTP 4xx') },
    ])
    expect(live?.waits).toEqual(
      expect.arrayContaining([
        'Shards written: 1. Waiting:',
        '5 URLs on 2 hosts',
        '1 batch being filtered or next',
      ]),
    )
  })
})

describe('a run of a fleet', () => {
  const run: FleetRunDetails = {
    ...{ run: 'birds', state: 'paused', note: null, createdMs: 0, elapsedMs: 5_000, dataset: 's3://b/birds' },
    ...{ model: null, counters: { pages: 3 }, openSources: [], hosts: [] },
    queues: { urls: 0, hosts: 0, buffered: 0, batches: 0, unplanned: 0, plans: 0 },
  }
  const worker: FleetWorker = {
    ...{ worker: 'w1', agoMs: 100, active: 2, startedAtMs: 0, reads: null },
    ...{ places: { session: 4, batch: 1 }, problems: { birds: 'no model' } },
  }

  it('is told with its workers and their problems', async () => {
    const live = await followRun(
      async () => sightOfFleet(run, [worker, { ...worker, worker: 'w2', reads: 'other' }], 0),
      () => 0,
    )()
    expect(live).toMatchObject({ run: 'birds', state: 'paused', isGoingOn: false })
    expect(live?.workers).toEqual([
      { worker: 'w1', active: 2, agoMs: 100, places: 'crawl 4, filter 1', problem: 'no model' },
    ])
  })

  it.each([
    ['running', true],
    ['stopping', true],
    ['paused', false],
    ['done', false],
    ['limit', false],
    ['failed', false],
    ['stopped', false],
    ['forgetting', false],
  ] as const)('that is %s goes on: %s', async (state, goesOn) => {
    const live = await followRun(
      async () => sightOfFleet({ ...run, state }, [], 0),
      () => 0,
    )()
    expect(live?.isGoingOn).toBe(goesOn)
  })
})
