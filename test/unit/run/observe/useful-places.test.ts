import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { HostCounts, Progress, RunLimits } from '../../../../src/backend/backend.js'
import { usefulPlaces } from '../../../../src/run/observe/useful-places.js'
import { progress } from '../../../fixtures/fleet/fleet-values.js'

const limits: RunLimits = { maxPages: null, maxPairs: null, maxPagesPerHost: null }
const run = (
  changes: Partial<Progress>,
  hosts: Partial<HostCounts> = {},
  limited: Partial<RunLimits> = {},
) => ({
  progress: progress(changes),
  limits: { ...limits, ...limited },
  hosts: { held: 0, due: 0, ...hosts },
})
const places = { session: 32, batch: 3, plan: 1 }
const none = { session: 0, batch: 0, plan: 0 }

describe('places to crawl with', () => {
  const session = (...runs: readonly ReturnType<typeof run>[]) => usefulPlaces(runs, places).session

  it('are those of the hosts that are visited, and of those that wait while none is free', () => {
    expect(session(run({ urls: 99 }, { held: 32, due: 40 }))).toBe(72)
    expect(session(run({ urls: 99 }, { held: 29, due: 40 }))).toBe(69)
  })

  it('are not those of hosts that free places leave alone', () => {
    expect(session(run({ urls: 99 }, { held: 8, due: 10_000 }))).toBe(8)
  })

  it('are those of all hosts that are due where nobody crawls yet', () => {
    expect(usefulPlaces([run({ urls: 9 }, { due: 9 })], none).session).toBe(9)
  })

  it('are one while hosts merely rest', () => {
    expect(session(run({ urls: 99, hosts: 4 }))).toBe(1)
  })

  it.each([
    ['the run is paused', run({ urls: 9, standing: 'paused' }, { due: 5 })],
    ['the pages are spent', run({ urls: 9, pages: 10 }, { due: 5 }, { maxPages: 10 })],
    ['the pairs are there', run({ urls: 9, kept: 10 }, { due: 5 }, { maxPairs: 10 })],
    ['the run failed', run({ urls: 9, standing: 'failed' }, { due: 5, held: 1 })],
    ['no URL is left', run({ buffered: 3 })],
    ['the crawl waits for filters', run({ urls: 9, crawlWaits: true }, { due: 5 })],
  ])('are none where %s', (_, one) => {
    expect(usefulPlaces([one], none).session).toBe(0)
  })

  it('are added up over the runs', () => {
    expect(session(run({ urls: 9 }, { held: 30, due: 1 }), run({ urls: 9 }, { held: 2, due: 5 }))).toBe(38)
  })
})

describe('places to judge with', () => {
  const batch = (one: ReturnType<typeof run>) => usefulPlaces([one], places).batch

  it('are the batches that are open, waiting or not', () => {
    expect(batch(run({ batchesOpen: 12, batchesLeased: 3 }))).toBe(12)
  })

  it('are one while images merely wait to be dealt, or for their hosts', () => {
    expect(batch(run({ buffered: 4 }))).toBe(1)
  })

  it('are the batches under way where no other may be begun', () => {
    expect(batch(run({ batchesOpen: 12, batchesLeased: 3, standing: 'paused' }))).toBe(3)
    expect(batch(run({ batchesOpen: 12, buffered: 9, kept: 5 }, {}, { maxPairs: 5 }))).toBe(0)
  })
})

describe('places to write with', () => {
  const plan = (...runs: readonly ReturnType<typeof run>[]) => usefulPlaces(runs, places).plan

  it('are the open plans, of a paused run too', () => {
    expect(plan(run({ plansOpen: 3 }), run({ plansOpen: 2, standing: 'paused' }))).toBe(5)
  })

  it('are one while any run goes on, for somebody looks after it', () => {
    expect(plan(run({}))).toBe(1)
    expect(plan(run({ standing: 'failed', plansOpen: 2 }))).toBe(0)
    expect(plan()).toBe(0)
  })
})

it('never are none while a run may fetch, judge or write, and never more than there is work', () => {
  const count = fc.nat({ max: 40 })
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          urls: count,
          buffered: count,
          batchesOpen: count,
          plansOpen: count,
          held: count,
          due: count,
        }),
      ),
      fc.record({ session: count, batch: count, plan: count }),
      (all, fleet) => {
        const runs = all.map(({ held, due, ...changes }) => run(changes, { held, due }))
        const useful = usefulPlaces(runs, fleet)
        const total = (name: 'batchesOpen' | 'plansOpen') => all.reduce((sum, one) => sum + one[name], 0)
        const hosts = all.reduce((sum, { held, due }) => sum + held + due, 0)
        if (all.some(({ urls }) => urls > 0)) expect(useful.session).toBeGreaterThanOrEqual(1)
        if (all.some(({ buffered, batchesOpen }) => buffered + batchesOpen > 0))
          expect(useful.batch).toBeGreaterThanOrEqual(1)
        if (all.length > 0) expect(useful.plan).toBeGreaterThanOrEqual(1)
        expect(useful.session).toBeLessThanOrEqual(Math.max(hosts, 1))
        expect(useful.batch).toBeLessThanOrEqual(Math.max(total('batchesOpen'), 1))
        expect(useful.plan).toBeLessThanOrEqual(Math.max(total('plansOpen'), 1))
      },
    ),
  )
})
