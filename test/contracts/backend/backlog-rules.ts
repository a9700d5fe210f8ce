import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { eventually, newImage, roomy } from './desk.js'

export function backlogRules(open: OpenDesk): void {
  const opened = async (mark: number) => {
    const desk = await open()
    await desk.backend.setBacklogMark(desk.run, mark)
    const backlog = async () => (await desk.backend.progress(desk.run)).backlog
    const waits = async () => (await desk.backend.progress(desk.run)).crawlWaits
    return { ...desk, backlog, waits }
  }

  describe('the backlog', () => {
    it('has a mark before anybody sets one', async () => {
      const { backend, run } = await open()
      expect(await backend.progress(run)).toMatchObject({
        backlog: 0,
        backlogMark: 20_000,
        crawlWaits: false,
      })
    })

    it('is what waits to be judged, in a batch or not, and not what was put back for later', async () => {
      const desk = await opened(100)
      const small = { ...roomy, batchSize: 4 }
      const [batch = ''] = await desk.bring(desk.candidates(7), small)
      expect(await desk.backlog()).toBe(7)
      const held = await desk.heldBatch(batch)
      expect(await desk.backlog()).toBe(7)
      const [first, second] = held.candidates
      const deferred = [
        { id: first!.id, delayMs: 3_600_000 },
        { id: second!.id, delayMs: 1 },
      ]
      await desk.commitBatch(held, [newImage()], { deferred })
      // The one whose time has come waits again as soon as batches are made.
      const remade = async () => {
        await desk.backend.closeBatches(desk.run, { ...small, dry: true })
        return await desk.backlog()
      }
      await eventually(remade, (n) => n === 4)
    })

    it('has one for sixteen that wait for their row alone, in a batch or not', async () => {
      const desk = await opened(100)
      await desk.offer(desk.urlOf('busy', 1))
      await desk.bring([...desk.rejects(50), ...desk.candidates(1)])
      expect(await desk.backlog()).toBe(4)
      const batches = await desk.backend.closeBatches(desk.run, { ...roomy, dry: true })
      expect(await desk.backlog()).toBe(4)
      const held = await desk.heldRejects(batches[0]!)
      expect(await desk.backlog()).toBe(4)
      await desk.commitRejects(held)
      expect(await desk.backlog()).toBe(1)
    })

    it('is no smaller for a batch that is split', async () => {
      const desk = await opened(100)
      const [batch = ''] = await desk.bring(desk.candidates(3))
      for (const _ of [1, 2]) {
        await eventually(
          () => desk.takeBatch(batch, { leaseMs: 1 }),
          ({ kind }) => kind === 'batch',
        )
      }
      await eventually(
        () => desk.takeBatch(batch, { leaseMs: 1 }),
        ({ kind }) => kind === 'split',
      )
      expect(await desk.backlog()).toBe(3)
    })
  })

  describe('a crawl', () => {
    it('waits while the backlog is above its mark, and goes on at half of it', async () => {
      const desk = await opened(6)
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2), desk.urlOf('b', 1))
      const small = { ...roomy, batchSize: 2 }
      const batches = await desk.bring(desk.candidates(6), small)
      expect(await desk.waits()).toBe(false)
      const before = await desk.session('a', { max: 1 })

      // What is under way is committed whatever the backlog, and nothing of it is lost.
      const committed = await desk.commit(before, { candidates: desk.candidates(1), ...small })
      expect(committed).toMatchObject({ kind: 'committed', crawlWaits: true })
      expect(await desk.backlog()).toBe(7)
      expect(await desk.lease('a')).toEqual({ kind: 'none' })
      expect(await desk.backend.waitingHosts(desk.run, 10)).toEqual([])
      expect(await desk.waits()).toBe(true)

      for (const [i, batch] of batches.entries()) {
        expect(await desk.lease('b')).toMatchObject({ kind: i < 2 ? 'none' : 'urls' })
        await desk.commitBatch(await desk.heldBatch(batch), [newImage(), newImage()])
      }
      expect(await desk.waits()).toBe(false)
      expect(await desk.progress()).toMatchObject({ urls: 2, pages: 2 })
      expect((await desk.backend.waitingHosts(desk.run, 10)).length).toBeGreaterThan(0)
    })

    it('waits whatever the backlog where the mark is below 0, and goes on when it is raised', async () => {
      const desk = await opened(-1)
      await desk.offer(desk.urlOf('a', 1))
      expect(await desk.lease('a')).toEqual({ kind: 'none' })
      expect(await desk.waits()).toBe(true)
      await desk.backend.setBacklogMark(desk.run, 20_000)
      expect(await desk.waits()).toBe(false)
      expect(await desk.lease('a')).toMatchObject({ kind: 'urls' })
    })

    it('gives a dead session’s URLs back while it waits', async () => {
      const desk = await opened(0)
      await desk.offer(desk.urlOf('a', 1))
      await desk.session('a', { leaseMs: 1 })
      await desk.backend.setBacklogMark(desk.run, -1)
      await eventually(
        () => desk.lease('a'),
        ({ kind }) => kind === 'none',
      )
      expect(await desk.progress()).toMatchObject({ urls: 1, pagesLeased: 0 })
    })

    it('that waited did not fail its hosts meanwhile', async () => {
      const desk = await opened(20_000)
      await desk.offer(desk.urlOf('a', 1))
      const fail = async (maxFailingMs: number) => {
        const session = await desk.session('a')
        const retry = session.urls.map(({ id }) => ({ id, delayMs: 0 }))
        const limits = { maxFailures: 1_000, maxFailingMs }
        await desk.commit(session, { done: [], retry, pages: 0, health: 'bad', ...limits })
      }
      await fail(3_600_000)
      await desk.backend.setBacklogMark(desk.run, -1)
      expect(await desk.lease('a')).toEqual({ kind: 'none' })
      const waitedUntil = Date.now() + 2_000
      await eventually(
        async () => Date.now(),
        (now) => now > waitedUntil,
      )
      await desk.backend.setBacklogMark(desk.run, 20_000)
      const wentOn = Date.now()
      expect(await desk.backend.waitingHosts(desk.run, 10)).toEqual([desk.hostName('a')])
      // Less than it has waited, and more than it goes on.
      await fail(Date.now() - wentOn + 1_900)
      expect(await desk.progress()).toMatchObject({ urls: 1 })
      expect((await desk.counters())['page_skipped:host_stalled']).toBeUndefined()
    })
  })

  describe('a source', () => {
    it('brings what it read, above the mark too, and the crawl waits from then on', async () => {
      const desk = await opened(2)
      const { backend, run } = desk
      await backend.openSources(run, ['list'])
      await backend.commitSource({
        ...{ run, source: 'list', from: '', to: '3', ended: false },
        candidates: desk.candidates(3),
        counters: {},
        ...roomy,
      })
      expect(await backend.progress(run)).toMatchObject({ backlog: 3, crawlWaits: true })
    })
  })
}
