import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { eventually, noProgress } from './desk.js'

export function leaseRules(open: OpenDesk): void {
  describe('the lease of a host', () => {
    it('has one holder', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2))
      await desk.session('a', { max: 1, leaseMs: 90_000 })
      const answer = await desk.lease('a')
      expect(answer).toMatchObject({ kind: 'busy' })
      const { inMs } = answer as { inMs: number }
      expect(inMs).toBeGreaterThan(0)
      expect(inMs).toBeLessThanOrEqual(90_000)
    })

    it('has one holder among many that ask at once', async () => {
      const desk = await open()
      await desk.offer(...Array.from({ length: 20 }, (_, i) => desk.urlOf('a', i)))
      const answers = await Promise.all(Array.from({ length: 10 }, () => desk.lease('a', { max: 2 })))
      expect(answers.map(({ kind }) => kind).toSorted()).toEqual([...Array(9).fill('busy'), 'urls'])
    })

    it('has one holder over all runs: politeness is the host’s', async () => {
      const one = await open()
      const other = await open()
      await one.offer(one.urlOf('a', 1))
      await other.offer(one.urlOf('a', 2))
      const session = await one.session('a')
      expect(await other.lease('a', { host: one.hostName('a') })).toMatchObject({ kind: 'busy' })
      await one.commit(session)
      expect(await other.lease('a', { host: one.hostName('a') })).toMatchObject({ kind: 'urls' })
    })

    it('holds only its own host', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('b', 1))
      await desk.session('a')
      expect(await desk.lease('b')).toMatchObject({ kind: 'urls' })
    })

    it('gives the URLs of a dead worker back when it runs out, with no attempt counted', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2))
      const dead = await desk.session('a', { leaseMs: 1 })
      const answer = await eventually(
        () => desk.lease('a'),
        ({ kind }) => kind === 'urls',
      )
      expect(answer).toMatchObject({ urls: dead.urls })
      expect(await desk.progress()).toEqual({ ...noProgress, urls: 2, hosts: 1, pagesLeased: 2 })
    })

    it('gives them back to their own run where another run takes the host', async () => {
      const one = await open()
      const other = await open()
      await one.offer(one.urlOf('a', 1))
      await other.offer(one.urlOf('a', 2))
      await one.session('a', { leaseMs: 1 })
      await eventually(
        () => other.lease('a', { host: one.hostName('a'), max: 1 }),
        ({ kind }) => kind === 'urls',
      )
      expect(await one.progress()).toEqual({ ...noProgress, urls: 1, hosts: 1 })
      expect(await other.progress()).toEqual({ ...noProgress, urls: 1, hosts: 1, pagesLeased: 1 })
    })

    it('that was lost commits nothing', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1))
      const dead = await desk.session('a', { leaseMs: 1 })
      const retaken = await eventually(
        () => desk.session('a').catch(() => null),
        (session) => session !== null,
      )
      const before = await desk.progress()
      const committed = await desk.commit(dead, {
        offers: [desk.urlOf('b', 1)],
        candidates: desk.candidates(3),
        counters: { pages: 1 },
      })
      expect(committed).toEqual({ kind: 'lost' })
      expect(await desk.progress()).toEqual(before)
      expect(await desk.counters()).toEqual({})
      expect(await desk.commit(retaken!)).toMatchObject({ kind: 'committed' })
      expect(await desk.progress()).toEqual({ ...noProgress, pages: 1 })
    })

    it('ends with its commit: a second one is lost', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1))
      const session = await desk.session('a')
      await desk.commit(session)
      expect(await desk.commit(session)).toEqual({ kind: 'lost' })
      expect(await desk.progress()).toEqual({ ...noProgress, pages: 1 })
    })

    it.each([
      ['too few URLs', (ids: number[]) => ({ done: ids.slice(1) })],
      ['a URL that was not leased', (ids: number[]) => ({ done: [...ids.slice(1), 987_654_321] })],
      ['a URL twice', (ids: number[]) => ({ done: ids.slice(1), back: [ids[1]!] })],
    ])('refuses a commit that names %s, and writes nothing of it', async (_, parts) => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2))
      const session = await desk.session('a')
      const ids = session.urls.map(({ id }) => id)
      const wrong = desk.commit(session, {
        ...parts(ids),
        offers: [desk.urlOf('b', 1)],
        counters: { pages: 1 },
      })
      await expect(wrong).rejects.toThrow()
      expect(await desk.progress()).toEqual({ ...noProgress, urls: 2, hosts: 1, pagesLeased: 2 })
      expect(await desk.counters()).toEqual({})
      expect(await desk.commit(session)).toMatchObject({ kind: 'committed' })
    })

    it('keeps a host waiting for the reaper when its worker died', async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('a', 1))
      await desk.session('a', { leaseMs: 1 })
      const waiting = await eventually(
        () => desk.backend.waitingHosts(desk.run, 10),
        (hosts) => hosts.length > 0,
      )
      expect(waiting).toEqual([desk.hostName('a')])
    })
  })

  describe('resetting the leases', () => {
    it('frees hosts, batches and plans at once, and whoever held them has lost them', async () => {
      const desk = await open()
      const { backend, run } = desk
      const { batch } = await desk.batchOf([{ sha256: 'aa', phash: '0000000000000000' }])
      const plan = (await backend.allotPlan({ run, batches: [batch], shards: 1, shardSize: 10 }))!
      const [open_ = ''] = await desk.bring(desk.candidates(1))
      await desk.offer(desk.urlOf('a', 1))
      const session = await desk.session('a')
      const held = await desk.heldBatch(open_)
      await backend.leasePlan({ run, plan, token: 'dead', leaseMs: 600_000 })
      expect(await desk.progress()).toMatchObject({ pagesLeased: 1, batchesLeased: 1 })

      await backend.resetLeases()
      expect(await desk.progress()).toMatchObject({
        pagesLeased: 0,
        batchesLeased: 0,
        urls: 1,
        batchesOpen: 1,
      })
      expect(await backend.waitingHosts(run, 10)).toEqual([desk.hostName('a')])
      expect(await backend.openBatches(run, 10)).toEqual([open_])
      expect(await backend.openPlans(run)).toEqual([plan])
      expect(await desk.commit(session)).toEqual({ kind: 'lost' })
      expect(await desk.commitBatch(held, [])).toEqual({ kind: 'lost' })
      expect(await backend.commitPlan({ run, plan, token: 'dead', counters: {} })).toEqual({ kind: 'lost' })
      expect(await desk.lease('a')).toMatchObject({ kind: 'urls', urls: session.urls })
    })
  })
}
