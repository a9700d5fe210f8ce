import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { eventually, newImage, noProgress } from './desk.js'

const leaseMs = 600_000

export function planRules(open: OpenDesk): void {
  const openPlanned = async () => {
    const desk = await open()
    const { backend, run } = desk
    const first = await desk.batchOf([newImage(), newImage()])
    const second = await desk.batchOf([newImage()])
    const plan = await backend.allotPlan({
      run,
      batches: [first.batch, second.batch],
      shards: 2,
      shardSize: 2,
    })
    return { ...desk, plan: plan!, first, second }
  }

  describe('plans', () => {
    it('take committed batches, in their order', async () => {
      const desk = await open()
      const { backend, run } = desk
      const batches = await desk.bring(desk.candidates(6), { batchSize: 2 })
      const held = await Promise.all(batches.map((batch) => desk.heldBatch(batch)))
      await desk.commitBatch(held[2]!, [newImage(), newImage()])
      await desk.commitBatch(held[0]!, [newImage()])
      expect(await backend.unplannedParts(run, 10)).toEqual([
        { batch: batches[0], kept: 1, rows: 2, agoMs: expect.closeTo(0, -5) },
        { batch: batches[2], kept: 2, rows: 2, agoMs: expect.closeTo(0, -5) },
      ])
      expect(await backend.unplannedParts(run, 1)).toHaveLength(1)
    })

    it('number their shards without a gap', async () => {
      const desk = await open()
      const { backend, run } = desk
      const first: number[] = []
      for (const shards of [2, 0, 3]) {
        const { batch } = await desk.batchOf([newImage()])
        const plan = await backend.allotPlan({ run, batches: [batch], shards, shardSize: 100 })
        const leased = await backend.leasePlan({ run, plan: plan!, token: 't', leaseMs })
        if (leased.kind !== 'plan') throw new Error(leased.kind)
        expect(leased.plan).toMatchObject({ plan, shards, shardSize: 100 })
        first.push(leased.plan.firstShard)
      }
      expect(first).toEqual([0, 2, 2])
      expect(await desk.progress()).toMatchObject({
        nextShard: 5,
        plansOpen: 3,
        unplannedKept: 0,
        unplannedRows: 0,
      })
    })

    it('take a batch once', async () => {
      const { backend, run, first, progress, ...desk } = await openPlanned()
      const { batch } = await desk.batchOf([newImage()])
      const before = await progress()
      const wish = { run, shards: 1, shardSize: 2 }
      expect(await backend.allotPlan({ ...wish, batches: [batch, first.batch] })).toBeNull()
      expect(await backend.allotPlan({ ...wish, batches: [batch, '987654321'] })).toBeNull()
      expect(await backend.allotPlan({ ...wish, batches: [] })).toBeNull()
      expect(await progress()).toEqual(before)
      const open_ = (await desk.bring(desk.candidates(1)))[0]!
      expect(await backend.allotPlan({ ...wish, batches: [open_] })).toBeNull()
    })

    it('hand out what the commits of their batches stored', async () => {
      const desk = await open()
      const { backend, run } = desk
      const [batch = ''] = await desk.bring(desk.candidates(3))
      const held = await desk.heldBatch(batch)
      const image = newImage(0.9)
      const part = { name: 'parts/x.tar', size: 4_096, sha256: image.sha256, rows: 3 }
      await desk.commitBatch(held, [newImage(0.1), image, { ...image, score: 0.3 }], { part })
      const plan = (await backend.allotPlan({ run, batches: [batch], shards: 1, shardSize: 2 }))!
      expect(await backend.leasePlan({ run, plan, token: 't', leaseMs })).toEqual({
        kind: 'plan',
        plan: {
          plan,
          firstShard: 0,
          shards: 1,
          shardSize: 2,
          createdAtMs: expect.any(Number),
          parts: [
            {
              batch,
              ...part,
              kept: [0, 1],
              losers: [{ row: 2, reason: 'duplicate_exact', duplicateOf: image.sha256 }],
            },
          ],
        },
      })
    })

    it('are the same each time they are handed out', async () => {
      const { backend, run, plan } = await openPlanned()
      const one = await backend.leasePlan({ run, plan, token: 'one', leaseMs })
      await backend.releaseLease({ run, kind: 'plan', id: plan, token: 'one', failed: false })
      expect(await backend.leasePlan({ run, plan, token: 'two', leaseMs })).toEqual(one)
    })

    it('have one holder, who can be lost', async () => {
      const { backend, run, plan } = await openPlanned()
      expect(await backend.openPlans(run)).toEqual([plan])
      expect(await backend.leasePlan({ run, plan, token: 'dead', leaseMs: 1 })).toMatchObject({
        kind: 'plan',
      })
      await eventually(
        () => backend.leasePlan({ run, plan, token: 'next', leaseMs }),
        ({ kind }) => kind === 'plan',
      )
      expect(await backend.openPlans(run)).toEqual([])
      expect(await backend.leasePlan({ run, plan, token: 'third', leaseMs })).toMatchObject({ kind: 'busy' })
      expect(await backend.extendLease({ run, kind: 'plan', id: plan, token: 'dead', leaseMs })).toEqual({
        kind: 'lost',
      })
      expect(await backend.commitPlan({ run, plan, token: 'dead', counters: { shards: 1 } })).toEqual({
        kind: 'lost',
      })
      await backend.releaseLease({ run, kind: 'plan', id: plan, token: 'dead', failed: false })
      expect(await backend.extendLease({ run, kind: 'plan', id: plan, token: 'next', leaseMs })).toEqual({
        kind: 'held',
      })
      expect(await backend.leasePlan({ run, plan: 987_654, token: 't', leaseMs })).toEqual({ kind: 'gone' })
    })

    it('free their parts when they are carried out', async () => {
      const { backend, run, plan, first, second, ...desk } = await openPlanned()
      const unplanned = await desk.batchOf([newImage()])
      const names = (await backend.liveParts(run)).toSorted()
      expect(names).toHaveLength(3)
      await backend.leasePlan({ run, plan, token: 't', leaseMs })
      expect((await backend.liveParts(run)).toSorted()).toEqual(names)
      const commit = { run, plan, token: 't', counters: { shards: 2 } }
      expect(await backend.commitPlan(commit)).toEqual({ kind: 'committed' })
      expect(await backend.commitPlan(commit)).toEqual({ kind: 'lost' })
      expect(await backend.liveParts(run)).toEqual([unplanned.part.name])
      expect(names).toEqual(expect.arrayContaining([first.part.name, second.part.name]))
      expect(await desk.counters()).toMatchObject({ shards: 2, kept: 4 })
      expect(await backend.leasePlan({ run, plan, token: 't', leaseMs })).toEqual({ kind: 'gone' })
      expect(await desk.progress()).toEqual({
        ...noProgress,
        pages: 3,
        kept: 4,
        unplannedKept: 1,
        unplannedRows: 1,
        nextShard: 2,
      })
    })
  })

  describe('a plan that the store knows and the backend does not', () => {
    const forgotten = (batch: string, rows: number, kept: number[]) => ({
      plan: 4,
      firstShard: 7,
      shards: 2,
      shardSize: 2,
      createdAtMs: 1_700_000_000_000,
      parts: [{ batch, name: `parts/${batch}-t.tar`, size: 2_048, sha256: 'ab', rows, kept, losers: [] }],
    })

    it('is adopted once, and its numbers are never given again', async () => {
      const desk = await open()
      const { backend, run } = desk
      const plan = forgotten('12', 3, [0, 2])
      expect(await backend.adoptPlan(run, plan)).toBe(true)
      expect(await backend.adoptPlan(run, plan)).toBe(false)
      expect(await desk.progress()).toEqual({ ...noProgress, kept: 2, plansOpen: 1, nextShard: 9 })
      expect(await backend.openPlans(run)).toEqual([4])
      expect(await backend.liveParts(run)).toEqual(['parts/12-t.tar'])
      expect(await backend.leasePlan({ run, plan: 4, token: 't', leaseMs })).toEqual({ kind: 'plan', plan })

      const { batch } = await desk.batchOf([newImage()])
      expect(Number(batch)).toBeGreaterThan(12)
      expect(await backend.allotPlan({ run, batches: [batch], shards: 1, shardSize: 2 })).toBe(5)
      expect(await desk.progress()).toMatchObject({ kept: 3, nextShard: 10, plansOpen: 2 })
    })

    it('is handed out with its losers as it was adopted', async () => {
      const { backend, run } = await open()
      const losers = [
        { row: 3, reason: 'duplicate_near' as const, duplicateOf: 'ab'.repeat(32) },
        { row: 0, reason: 'max_pairs' as const, duplicateOf: null },
      ]
      const [part] = forgotten('12', 4, []).parts
      const plan = { ...forgotten('12', 4, []), parts: [{ ...part!, losers }] }
      expect(await backend.adoptPlan(run, plan)).toBe(true)
      expect(await backend.leasePlan({ run, plan: 4, token: 't', leaseMs })).toEqual({ kind: 'plan', plan })
      await backend.adoptPlan(run, { ...plan, plan: 5, parts: [] })
      expect(await backend.leasePlan({ run, plan: 5, token: 't', leaseMs })).toMatchObject({
        plan: { parts: [] },
      })
    })

    it('takes its batches, whatever the backend thought of them', async () => {
      const desk = await open()
      const { backend, run } = desk
      const done = await desk.batchOf([newImage(), newImage()])
      expect(await backend.adoptPlan(run, forgotten(done.batch, 2, [0, 1]))).toBe(true)
      expect(await desk.progress()).toMatchObject({
        kept: 2,
        unplannedKept: 0,
        unplannedRows: 0,
        plansOpen: 1,
      })
      expect(await backend.unplannedParts(run, 10)).toEqual([])

      const [batch = ''] = await desk.bring(desk.candidates(3))
      const held = await desk.heldBatch(batch)
      expect(await backend.adoptPlan(run, { ...forgotten(batch, 3, [1]), plan: 5, firstShard: 9 })).toBe(true)
      expect(await desk.progress()).toEqual({ ...noProgress, pages: 2, kept: 3, plansOpen: 2, nextShard: 11 })
      expect(await desk.commitBatch(held, [newImage()])).toEqual({ kind: 'lost' })
      expect(await desk.takeBatch(batch)).toEqual({ kind: 'gone' })
      expect(await backend.openBatches(run, 10)).toEqual([])
    })

    it('that the backend knows is left as it is', async () => {
      const { backend, run, plan, first, progress } = await openPlanned()
      const before = await progress()
      expect(await backend.adoptPlan(run, { ...forgotten(first.batch, 2, []), plan })).toBe(false)
      expect(await progress()).toEqual(before)
    })
  })
}
