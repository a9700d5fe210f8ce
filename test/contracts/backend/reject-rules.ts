import { describe, expect, it } from 'vitest'
import { rejectsPerBatch } from '../../../src/backend/batches.js'
import type { OpenDesk } from './conformance.js'
import { eventually, newImage, noProgress, partOf, roomy } from './desk.js'

export function rejectRules(open: OpenDesk): void {
  /** A crawl that is not dry. */
  const busyDesk = async () => {
    const desk = await open()
    await desk.offer(desk.urlOf('busy', 1))
    return desk
  }

  describe('rejects', () => {
    it('enter a run once, count for their captions as others do, and come back as they were', async () => {
      const desk = await open()
      const { backend, run } = desk
      const permission = {
        rule: 'robots:none',
        value: null,
        source: 'robots.txt',
        checkedAt: '2026-01-02T03:04:05.678Z',
      }
      const found = [
        desk.reject('img.test', 1, 'Logo'),
        desk.reject('img.test', 2, 'logo', { pagePermission: permission, pageUrl: null }),
        desk.reject('img.test', 3, 'a "quote", a \\ and a\nline', {
          reason: 'caption_markup',
          licenceUrl: 'https://licence.test/by',
          pagePermission: { ...permission, value: 'ü' },
        }),
      ]
      const [kept] = desk.candidates(1)
      const batches = await desk.bring([found[0]!, kept!, found[1]!, found[0]!, found[2]!])
      expect(batches).toHaveLength(2)
      expect(await desk.bring(found)).toEqual([])
      expect(await desk.counters()).toEqual({ candidates: 4 })
      expect(await backend.captionCounts(run, ['LOGO', kept!.texts[0]!])).toEqual([2, 1])
      const [first = '', second = ''] = await backend.openBatches(run, 10)
      const { rejects } = await desk.heldRejects(first)
      expect(rejects).toEqual(found.map(({ reject }) => reject))
      expect((await desk.heldBatch(second)).candidates.map(({ body }) => body)).toEqual([kept!.body])
    })

    it('of many commits, and of lists, make one batch', async () => {
      const desk = await busyDesk()
      const { backend, run } = desk
      const pages = [desk.rejects(3), desk.rejects(130), desk.rejects(1)]
      for (const found of pages) expect(await desk.bring(found)).toEqual([])
      await backend.openSources(run, ['list'])
      const rows = desk.rejects(120)
      const commit = { run, source: 'list', from: '', to: '120', ended: true, counters: {} }
      await backend.commitSource({ ...commit, candidates: rows, ...roomy })
      expect(await desk.progress()).toMatchObject({ buffered: 254, batchesOpen: 0 })
      const [batch = '', ...more] = await backend.closeBatches(run, { ...roomy, dry: true })
      expect(more).toEqual([])
      expect(await desk.progress()).toMatchObject({ buffered: 0, batchesOpen: 1 })
      const { rejects } = await desk.heldRejects(batch)
      const found = [...pages.flat(), ...rows].map(({ reject }) => reject)
      expect(rejects).toHaveLength(found.length)
      expect(rejects).toEqual(expect.arrayContaining(found))
    })

    it('make a batch when they are many, or the oldest is old, however few candidates wait', async () => {
      const desk = await busyDesk()
      const { backend, run } = desk
      await desk.bring([...desk.rejects(2), ...desk.candidates(1)])
      expect(await backend.closeBatches(run, { ...roomy, dry: false })).toEqual([])
      const perPage = 2_000
      for (let i = 1; i < rejectsPerBatch / perPage; i++)
        expect(await desk.bring(desk.rejects(perPage))).toEqual([])
      const [full = ''] = await desk.bring(desk.rejects(perPage))
      expect((await desk.heldRejects(full)).rejects).toHaveLength(rejectsPerBatch + 2)
      expect(await desk.progress()).toMatchObject({ buffered: 1, batchesOpen: 1 })

      await desk.bring(desk.rejects(1))
      const old = await backend.closeBatches(run, { ...roomy, batchAgeMs: 0, dry: false })
      expect(old).toHaveLength(2)
      expect(await backend.closeBatches(run, { ...roomy, batchAgeMs: 0, dry: false })).toEqual([])
    })

    it('make none while the run is paused, or has all its pairs', async () => {
      const desk = await open({ maxPairs: 1 })
      const { backend, run } = desk
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2))
      const session = await desk.session('a')
      const [first, second] = session.urls.map(({ id }) => id)
      await desk.commit(session, { partial: true, done: [first!], candidates: desk.rejects(1) })
      const close = () => backend.closeBatches(run, { ...roomy, dry: true })
      await backend.setStanding(run, 'paused', null)
      expect(await close()).toEqual([])
      await backend.setStanding(run, 'running', null)
      const [batch = ''] = await desk.bring(desk.candidates(1), { batchSize: 1 })
      await desk.commitBatch(await desk.heldBatch(batch), [newImage()])
      const last = await desk.commit(session, { done: [second!], candidates: desk.rejects(1) })
      expect(last).toMatchObject({ kind: 'committed', batches: [] })
      expect(await close()).toEqual([])
      expect(await desk.progress()).toMatchObject({ buffered: 2, batchesOpen: 0 })
      await backend.setLimits(run, { maxPages: null, maxPairs: 2, maxPagesPerHost: null })
      expect(await close()).toHaveLength(1)
    })
  })

  describe('a batch of rejects', () => {
    it('comes before those of candidates that were made earlier', async () => {
      const desk = await busyDesk()
      const small = { ...roomy, batchSize: 2 }
      const [first = '', second = ''] = await desk.bring(desk.candidates(4), small)
      const [batch = ''] = await desk.bring(desk.rejects(1), { ...small, batchAgeMs: 0 })
      const { backend, run } = desk
      expect(await backend.openBatches(run, 10)).toEqual([batch, first, second])
      const held = await desk.heldRejects(batch)
      expect(await backend.openBatches(run, 10)).toEqual([first, second])
      await backend.releaseLease({ run, kind: 'batch', id: batch, token: held.token, failed: false })
      expect(await backend.openBatches(run, 1)).toEqual([batch])
    })

    it('is committed with a row for each, keeps nothing, and is planned like others', async () => {
      const desk = await open()
      const { backend, run } = desk
      const [batch = ''] = await desk.bring(desk.rejects(3))
      const held = await desk.heldRejects(batch)
      expect(await desk.progress()).toEqual({ ...noProgress, pages: 1, batchesOpen: 1, batchesLeased: 1 })
      const counters = { 'rejected:caption_placeholder': 3 }
      expect(await desk.commitRejects(held, { counters })).toEqual({ kind: 'committed', kept: 0, losers: [] })
      expect(await desk.commitRejects(held, { counters })).toEqual({ kind: 'lost' })
      expect(await desk.takeBatch(batch)).toEqual({ kind: 'gone' })
      expect(await desk.progress()).toEqual({ ...noProgress, pages: 1, unplannedRows: 3 })
      expect(await desk.counters()).toEqual({ candidates: 3, ...counters })
      const part = partOf(held, 3)
      expect(await backend.liveParts(run)).toEqual([part.name])
      const plan = (await backend.allotPlan({ run, batches: [batch], shards: 0, shardSize: 5 })) ?? -1
      const lease = await backend.leasePlan({ run, plan, token: 't', leaseMs: 60_000 })
      expect(lease).toMatchObject({
        plan: { parts: [{ batch, name: part.name, rows: 3, kept: [], losers: [] }] },
      })
    })

    it('is refused with too few rows, and nothing of it is written', async () => {
      const desk = await open()
      const [batch = ''] = await desk.bring(desk.rejects(3))
      const held = await desk.heldRejects(batch)
      const before = await desk.progress()
      await expect(desk.commitRejects(held, { part: partOf(held, 2) })).rejects.toThrow('3 candidates')
      expect(await desk.progress()).toEqual(before)
      expect(await desk.commitRejects(held)).toMatchObject({ kind: 'committed' })
    })

    it('has one holder, is never split, and gives the same to whoever comes after the dead', async () => {
      const desk = await open()
      const { backend, run } = desk
      const [batch = ''] = await desk.bring(desk.rejects(5))
      const first = await desk.heldRejects(batch, { leaseMs: 1 })
      for (let deaths = 0; deaths < 4; deaths++) {
        const next = await eventually(
          () => desk.takeBatch(batch, { leaseMs: 1 }),
          ({ kind }) => kind !== 'busy',
        )
        expect(next).toEqual({ kind: 'rejects', rejects: first.rejects })
      }
      await backend.resetLeases()
      for (let failures = 0; failures < 3; failures++) {
        const { token } = await desk.heldRejects(batch)
        expect(await desk.takeBatch(batch)).toMatchObject({ kind: 'busy' })
        await backend.releaseLease({ run, kind: 'batch', id: batch, token, failed: true })
      }
      const held = await desk.heldRejects(batch)
      expect(held.rejects).toEqual(first.rejects)
      expect(await desk.commitRejects(first)).toEqual({ kind: 'lost' })
      expect(await desk.commitRejects(held)).toMatchObject({ kind: 'committed' })
      expect(await desk.progress()).toMatchObject({ batchesOpen: 0, batchesLeased: 0, unplannedRows: 5 })
    })

    it('that a plan in the store has is waited for no more', async () => {
      const desk = await open()
      const { backend, run } = desk
      const [batch = '', other = ''] = await desk.bring([...desk.rejects(20), ...desk.candidates(2)])
      const held = await desk.heldRejects(batch)
      const parts = [
        { batch, ...partOf(held, 20), kept: [], losers: [] },
        { batch: other, ...partOf({ batch: other, token: 't' }, 2), kept: [1], losers: [] },
      ]
      const plan = { plan: 0, firstShard: 0, shards: 1, shardSize: 5, createdAtMs: 1, parts }
      expect((await backend.progress(run)).backlog).toBe(3)
      expect(await backend.adoptPlan(run, plan)).toBe(true)
      expect(await backend.progress(run)).toMatchObject({ batchesOpen: 0, buffered: 0, kept: 1, backlog: 0 })
      expect(await desk.commitRejects(held)).toEqual({ kind: 'lost' })
      expect(await backend.openBatches(run, 10)).toEqual([])
    })
  })
}
