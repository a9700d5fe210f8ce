import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { eventually, newImage, noLimits, noProgress } from './desk.js'

export function limitRules(open: OpenDesk): void {
  const offerPages = async (desk: Awaited<ReturnType<OpenDesk>>, label: string, count: number) =>
    desk.offer(...Array.from({ length: count }, (_, i) => desk.urlOf(label, i)))

  describe('the page budget', () => {
    it('is shared by the sessions under way', async () => {
      const desk = await open({ maxPages: 3 })
      await offerPages(desk, 'a', 2)
      await offerPages(desk, 'b', 5)
      await offerPages(desk, 'c', 5)
      const first = await desk.session('a')
      const second = await desk.session('b')
      expect([first.urls.length, second.urls.length]).toEqual([2, 1])
      expect(await desk.lease('c')).toEqual({ kind: 'none' })
      expect(await desk.backend.waitingHosts(desk.run, 10)).toEqual([])

      // A URL that gave no page leaves its share to the next.
      await desk.commit(first, { pages: 1 })
      const third = await desk.session('c')
      expect(third.urls).toHaveLength(1)
      await desk.commit(second)
      await desk.commit(third)
      expect(await desk.progress()).toMatchObject({ pages: 3, pagesLeased: 0, urls: 8 })
      expect(await desk.lease('c')).toEqual({ kind: 'none' })
      expect(await desk.backend.waitingHosts(desk.run, 10)).toEqual([])
    })

    it('can be raised', async () => {
      const desk = await open({ maxPages: 1 })
      await offerPages(desk, 'a', 3)
      await desk.commit(await desk.session('a'))
      expect(await desk.lease('a')).toEqual({ kind: 'none' })
      await desk.backend.setLimits(desk.run, { ...noLimits, maxPages: 2 })
      expect((await desk.session('a')).urls).toHaveLength(1)
    })

    it('is not kept by a worker that died with all of it', async () => {
      const desk = await open({ maxPages: 2 })
      await offerPages(desk, 'a', 2)
      await offerPages(desk, 'b', 2)
      await desk.session('a', { leaseMs: 1 })
      const waiting = await eventually(
        () => desk.backend.waitingHosts(desk.run, 10),
        (hosts) => hosts.length > 0,
      )
      expect(waiting).toContain(desk.hostName('a'))
      expect(await desk.lease('a')).toMatchObject({ kind: 'urls' })
    })
  })

  describe('the page budget of a host', () => {
    it('ends the host: what waits there is dropped and counted', async () => {
      const desk = await open({ maxPagesPerHost: 2 })
      await offerPages(desk, 'a', 5)
      await offerPages(desk, 'b', 1)
      const first = await desk.session('a')
      expect(first.urls).toHaveLength(2)
      await desk.commit(first)
      expect(await desk.lease('a')).toEqual({ kind: 'none' })
      expect(await desk.counters()).toEqual({ 'page_skipped:host_budget': 3 })
      expect(await desk.progress()).toEqual({ ...noProgress, pageRows: 3, urls: 1, hosts: 1, pages: 2 })
      expect(await desk.lease('b')).toMatchObject({ kind: 'urls' })
    })

    it('counts pages, not tries', async () => {
      const desk = await open({ maxPagesPerHost: 1 })
      await offerPages(desk, 'a', 3)
      await desk.commit(await desk.session('a'), { pages: 0 })
      expect((await desk.session('a')).urls).toHaveLength(1)
    })
  })

  describe('a host that answers nothing', () => {
    const badSession = async (
      desk: Awaited<ReturnType<OpenDesk>>,
      maxFailures: number,
      maxFailingMs = 900_000,
    ) => {
      const session = await desk.session('a', { max: 1 })
      const back = session.urls.map(({ id }) => id)
      const failing = { health: 'bad' as const, maxFailures, maxFailingMs }
      return desk.commit(session, { done: [], back, pages: 0, ...failing })
    }

    it('is drained after so many sessions in a row, with a counted reason', async () => {
      const desk = await open()
      await offerPages(desk, 'a', 4)
      await offerPages(desk, 'b', 1)
      expect(await badSession(desk, 3)).toMatchObject({ moreInMs: 0, crawlWaits: false })
      expect((await desk.backend.hosts(desk.run, 1))[0]).toMatchObject({ failures: 1 })
      await badSession(desk, 3)
      expect(await desk.progress()).toMatchObject({ urls: 5 })
      expect(await badSession(desk, 3)).toMatchObject({
        kind: 'committed',
        moreInMs: null,
        crawlWaits: false,
      })
      expect(await desk.progress()).toEqual({ ...noProgress, pageRows: 4, urls: 1, hosts: 1 })
      expect(await desk.counters()).toEqual({ 'page_skipped:host_stalled': 4 })
    })

    it('is drained when it has failed for so long', async () => {
      const desk = await open()
      await offerPages(desk, 'a', 2)
      await badSession(desk, 1_000, 0)
      const stalled = async () => {
        if ((await desk.progress()).urls > 0) await badSession(desk, 1_000, 0)
        return desk.counters()
      }
      await eventually(stalled, (counters) => counters['page_skipped:host_stalled'] === 2)
    })

    it('is forgiven when it answers', async () => {
      const desk = await open()
      await offerPages(desk, 'a', 9)
      await badSession(desk, 3)
      await badSession(desk, 3)
      await desk.commit(await desk.session('a', { max: 1 }), { health: 'ok' })
      await badSession(desk, 3)
      await badSession(desk, 3)
      expect(await desk.progress()).toMatchObject({ urls: 8 })
    })

    it('tells its next visitor how often it failed, and a session that fetched nothing changes that not', async () => {
      const desk = await open()
      await offerPages(desk, 'a', 2)
      await badSession(desk, 9)
      const session = await desk.session('a', { max: 1 })
      const back = session.urls.map(({ id }) => id)
      await desk.commit(session, { done: [], back, pages: 0, health: 'none' })
      expect(await desk.lease('a')).toMatchObject({ kind: 'urls', failures: 1 })
    })
  })

  describe('the pair budget', () => {
    it('keeps the best of the batch that reaches it, and names the others', async () => {
      const desk = await open({ maxPairs: 2 })
      const images = [0.2, 0.9, 0.5].map((score) => newImage(score))
      const { committed } = await desk.batchOf(images)
      expect(committed).toEqual({
        kind: 'committed',
        kept: 2,
        losers: [{ row: 0, reason: 'max_pairs', duplicateOf: null }],
      })
      expect(await desk.counters()).toMatchObject({ kept: 2, 'rejected:max_pairs': 1 })
    })

    it('ends pages and batches when it is reached, until it is raised', async () => {
      const desk = await open({ maxPairs: 1 })
      const { backend, run } = desk
      const shape = { batchSize: 1, batchAgeMs: 0, perHost: 32 }
      const batches = await desk.bring(desk.candidates(2), shape)
      expect(batches).toHaveLength(2)
      await offerPages(desk, 'a', 1)
      await desk.commitBatch(await desk.heldBatch(batches[0]!), [newImage()])

      expect(await desk.lease('a')).toEqual({ kind: 'none' })
      expect(await backend.waitingHosts(run, 10)).toEqual([])
      expect(await backend.openBatches(run, 10)).toEqual([])
      expect(await desk.takeBatch(batches[1]!)).toEqual({ kind: 'gone' })
      expect(await backend.closeBatches(run, { ...shape, dry: true })).toEqual([])

      await backend.setLimits(run, { ...noLimits, maxPairs: 5 })
      expect(await backend.openBatches(run, 10)).toEqual([batches[1]])
      expect(await backend.waitingHosts(run, 10)).toEqual([desk.hostName('a')])
      expect(await desk.takeBatch(batches[1]!)).toMatchObject({ kind: 'batch' })
    })

    it('does not wait for workers that died: what they held is given back', async () => {
      const desk = await open({ maxPairs: 1 })
      const { backend, run } = desk
      const batches = await desk.bring(desk.candidates(2), { batchSize: 1 })
      await offerPages(desk, 'a', 1)
      await desk.session('a', { leaseMs: 1 })
      await desk.heldBatch(batches[1]!, { leaseMs: 1 })
      await desk.commitBatch(await desk.heldBatch(batches[0]!), [newImage()])
      const visitWaiting = async () => {
        for (const host of await backend.waitingHosts(run, 10)) await desk.lease('a', { host })
        for (const batch of await backend.openBatches(run, 10)) await desk.takeBatch(batch)
        return desk.progress()
      }
      await eventually(visitWaiting, ({ pagesLeased, batchesLeased }) => pagesLeased + batchesLeased === 0)
      expect(await backend.waitingHosts(run, 10)).toEqual([])
      expect(await backend.openBatches(run, 10)).toEqual([])
    })
  })
}
