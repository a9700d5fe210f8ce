import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { eventually, type HeldBatch, newImage, noProgress, partOf, roomy } from './desk.js'

export function batchRules(open: OpenDesk): void {
  describe('candidates', () => {
    it('enter a run once, however often their page is fetched', async () => {
      const desk = await open()
      const found = desk.candidates(2)
      const [batch = ''] = await desk.bring([...found, found[0]!])
      expect(await desk.bring(found)).toEqual([])
      const { candidates } = await desk.heldBatch(batch)
      expect(candidates.map(({ body }) => body)).toEqual(found.map(({ body }) => body))
      expect(candidates.map(({ attempts }) => attempts)).toEqual([0, 0])
      expect(await desk.counters()).toEqual({ candidates: 2 })
      expect(await desk.progress()).toMatchObject({ buffered: 0, batchesOpen: 1, batchesLeased: 1 })
    })

    it('are known by their key: the same picture under another caption is another', async () => {
      const desk = await open()
      await desk.bring([desk.candidate('img.test', 1, 'a cat'), desk.candidate('img.test', 1, 'a dog')])
      expect(await desk.counters()).toEqual({ candidates: 2 })
    })

    it('count how many of them carry a caption, whatever its case', async () => {
      const desk = await open()
      const cat = desk.candidate('img.test', 1, 'A Cat')
      await desk.bring([cat, desk.candidate('img.test', 2, 'a cat'), desk.candidate('img.test', 3, 'a dog')])
      await desk.bring([cat])
      const twice = { ...desk.candidate('img.test', 4, 'Über'), texts: ['Über', 'über', 'a dog'] }
      await desk.bring([twice])
      const { backend, run } = desk
      expect(await backend.captionCounts(run, ['a cat', 'A CAT', 'a bird', 'a dog', 'über'])).toEqual([
        2, 2, 0, 2, 1,
      ])
      expect(await backend.captionCounts(run, [])).toEqual([])
      const other = await open()
      expect(await other.backend.captionCounts(other.run, ['a cat'])).toEqual([0])
    })
  })

  describe('a batch is closed', () => {
    /** A crawl that is not dry. */
    const busyDesk = async () => {
      const desk = await open()
      await desk.offer(desk.urlOf('busy', 1))
      return desk
    }

    it('when it is full', async () => {
      const desk = await busyDesk()
      expect(await desk.bring(desk.candidates(4), { batchSize: 5 })).toEqual([])
      expect(await desk.progress()).toMatchObject({ buffered: 4, batchesOpen: 0 })
      const batches = await desk.bring(desk.candidates(7), { batchSize: 5 })
      expect(batches).toHaveLength(2)
      expect(await desk.progress()).toMatchObject({ buffered: 1, batchesOpen: 2 })
      expect((await desk.heldBatch(batches[0]!)).candidates).toHaveLength(5)
      expect(await desk.backend.closeBatches(desk.run, { ...roomy, batchSize: 5, dry: false })).toEqual([])
    })

    it('when its oldest candidate is old', async () => {
      const desk = await busyDesk()
      const { backend, run } = desk
      await desk.bring(desk.candidates(3))
      expect(await backend.closeBatches(run, { ...roomy, dry: false })).toEqual([])
      expect(await backend.closeBatches(run, { ...roomy, batchAgeMs: 0, dry: false })).toHaveLength(1)
      expect(await desk.progress()).toMatchObject({ buffered: 0, batchesOpen: 1 })
    })

    it('when the crawl is dry: by its last commit, or because the page budget is used up', async () => {
      const desk = await open()
      expect(await desk.bring(desk.candidates(3))).toHaveLength(1)
      const limited = await open({ maxPages: 1 })
      await limited.offer(limited.urlOf('more', 1, 9))
      expect(await limited.bring(limited.candidates(3))).toHaveLength(1)
    })

    it('when the crawl is said to be dry', async () => {
      const desk = await busyDesk()
      await desk.bring(desk.candidates(3))
      expect(await desk.backend.closeBatches(desk.run, { ...roomy, dry: true })).toHaveLength(1)
      expect(await desk.backend.closeBatches(desk.run, { ...roomy, dry: true })).toEqual([])
    })

    it('dealt round-robin over image hosts, at most so many of one', async () => {
      const desk = await open()
      const found = [
        ...Array.from({ length: 10 }, (_, i) => desk.candidate('a.test', i)),
        ...Array.from({ length: 3 }, (_, i) => desk.candidate('b.test', i)),
        ...Array.from({ length: 1 }, (_, i) => desk.candidate('c.test', i)),
      ]
      const batches = await desk.bring(found, { batchSize: 6, perHost: 4 })
      const dealt: string[] = []
      for (const batch of batches) {
        const { candidates } = await desk.heldBatch(batch)
        const hosts = candidates.map(({ body }) => new URL(body.imageUrl).host.charAt(0))
        expect(hosts.length).toBeLessThanOrEqual(6)
        expect(hosts.filter((host) => host === 'a').length).toBeLessThanOrEqual(4)
        dealt.push(hosts.toSorted().join(''))
      }
      expect(dealt[0]).toBe('aaabbc')
      expect([...dealt.join('')].toSorted().join('')).toBe('aaaaaaaaaabbbc')
    })
  })

  describe('the lease of a batch', () => {
    it('has one holder, and is known by those who look for open batches', async () => {
      const desk = await open()
      const { backend, run } = desk
      const batches = await desk.bring(desk.candidates(4), { batchSize: 2 })
      expect((await backend.openBatches(run, 10)).toSorted()).toEqual(batches.toSorted())
      expect(await backend.openBatches(run, 1)).toHaveLength(1)
      await desk.heldBatch(batches[0]!)
      const answer = await desk.takeBatch(batches[0]!)
      expect(answer).toMatchObject({ kind: 'busy' })
      expect((answer as { inMs: number }).inMs).toBeGreaterThan(0)
      expect(await backend.openBatches(run, 10)).toEqual([batches[1]])
      expect(await desk.takeBatch('987654321')).toEqual({ kind: 'gone' })
    })

    it('is held as long as it is extended, and lost when another has it', async () => {
      const desk = await open()
      const { backend, run } = desk
      const [batch = ''] = await desk.bring(desk.candidates(1))
      const dead = await desk.heldBatch(batch, { leaseMs: 1 })
      expect(
        await backend.extendLease({ run, kind: 'batch', id: batch, token: 'nobody', leaseMs: 600_000 }),
      ).toEqual({
        kind: 'lost',
      })
      await eventually(
        () => desk.takeBatch(batch),
        ({ kind }) => kind === 'batch',
      )
      expect(
        await backend.extendLease({ run, kind: 'batch', id: batch, token: dead.token, leaseMs: 600_000 }),
      ).toEqual({ kind: 'lost' })
      expect(await desk.progress()).toMatchObject({ batchesOpen: 1, batchesLeased: 1 })
    })

    it('goes on when it is extended in time', async () => {
      const desk = await open()
      const [batch = ''] = await desk.bring(desk.candidates(1))
      const held = await desk.heldBatch(batch, { leaseMs: 60_000 })
      const wish = { run: desk.run, kind: 'batch', id: batch, token: held.token, leaseMs: 3_600_000 } as const
      expect(await desk.backend.extendLease(wish)).toEqual({ kind: 'held' })
      const answer = await desk.takeBatch(batch)
      expect((answer as { inMs: number }).inMs).toBeGreaterThan(60_000)
    })

    it('that was lost commits nothing, and neither does a second commit', async () => {
      const desk = await open()
      const [batch = ''] = await desk.bring(desk.candidates(1))
      const dead = await desk.heldBatch(batch, { leaseMs: 1 })
      const retaken = await eventually(
        () => desk.heldBatch(batch).catch(() => null),
        (held) => held !== null,
      )
      const before = await desk.progress()
      expect(await desk.commitBatch(dead, [newImage()])).toEqual({ kind: 'lost' })
      expect(await desk.progress()).toEqual(before)
      expect(await desk.commitBatch(retaken!, [newImage()])).toMatchObject({ kind: 'committed', kept: 1 })
      expect(await desk.commitBatch(retaken!, [newImage()])).toEqual({ kind: 'lost' })
      expect(await desk.takeBatch(batch)).toEqual({ kind: 'gone' })
      expect(await desk.progress()).toMatchObject({
        kept: 1,
        batchesOpen: 0,
        batchesLeased: 0,
        unplannedRows: 1,
      })
    })
  })

  describe('a batch whose workers die', () => {
    const die = async (desk: Awaited<ReturnType<OpenDesk>>, batch: string) => {
      const answer = await eventually(
        () => desk.takeBatch(batch, { leaseMs: 1 }),
        ({ kind }) => kind !== 'busy',
      )
      return answer
    }

    it('is split after two starts, and a single candidate comes with the number of them', async () => {
      const desk = await open()
      const found = desk.candidates(3)
      const [whole = ''] = await desk.bring(found)
      expect(await die(desk, whole)).toMatchObject({ kind: 'batch', starts: 0, failures: 0 })
      expect(await die(desk, whole)).toMatchObject({ kind: 'batch', starts: 1, failures: 0 })
      const split = await die(desk, whole)
      expect(split).toMatchObject({ kind: 'split' })
      const halves = (split as { batches: readonly string[] }).batches
      expect(halves).toHaveLength(2)
      expect(await desk.takeBatch(whole)).toEqual({ kind: 'gone' })
      expect(await desk.progress()).toEqual({ ...noProgress, pages: 1, batchesOpen: 2 })

      const held: HeldBatch[] = []
      for (const half of halves) held.push(await desk.heldBatch(half))
      const bodies = held.flatMap(({ candidates }) => candidates.map(({ body }) => body.imageUrl))
      expect(bodies.toSorted()).toEqual(found.map(({ body }) => body.imageUrl).toSorted())
      expect(held.map(({ starts }) => starts)).toEqual([0, 0])
      const single = held.find(({ candidates }) => candidates.length === 1)!

      await desk.backend.resetLeases()
      await die(desk, single.batch)
      const third = await eventually(
        () => desk.heldBatch(single.batch).catch(() => null),
        (taken) => taken !== null,
      )
      expect(third).toMatchObject({ starts: 2, failures: 0, candidates: [single.candidates[0]] })
      expect(await desk.commitBatch(third!, [newImage()])).toMatchObject({ kind: 'committed', kept: 1 })
    })

    it('of one candidate that fails comes with the number of failures', async () => {
      const desk = await open()
      const { backend, run } = desk
      const [batch = ''] = await desk.bring(desk.candidates(1))
      for (let failures = 0; failures < 3; failures++) {
        const held = await desk.heldBatch(batch)
        expect(held).toMatchObject({ starts: 0, failures })
        await backend.releaseLease({ run, kind: 'batch', id: batch, token: held.token, failed: true })
      }
    })

    it('does not count a start that was given up, but one that failed', async () => {
      const desk = await open()
      const { backend, run } = desk
      const [batch = ''] = await desk.bring(desk.candidates(2))
      for (let i = 0; i < 4; i++) {
        const { token } = await desk.heldBatch(batch)
        await backend.releaseLease({ run, kind: 'batch', id: batch, token, failed: false })
      }
      expect(await desk.progress()).toMatchObject({ batchesLeased: 0, batchesOpen: 1 })
      for (let i = 0; i < 2; i++) {
        const { token } = await desk.heldBatch(batch)
        await backend.releaseLease({ run, kind: 'batch', id: batch, token, failed: true })
      }
      expect(await desk.takeBatch(batch)).toMatchObject({ kind: 'split' })
    })

    it('is not given up by one who does not hold it', async () => {
      const desk = await open()
      const [batch = ''] = await desk.bring(desk.candidates(1))
      const held = await desk.heldBatch(batch)
      await desk.backend.releaseLease({
        run: desk.run,
        kind: 'batch',
        id: batch,
        token: 'nobody',
        failed: true,
      })
      expect(await desk.progress()).toMatchObject({ batchesLeased: 1 })
      expect(await desk.commitBatch(held, [])).toMatchObject({ kind: 'committed' })
    })
  })

  describe('the commit of a batch', () => {
    it('keeps, rejects and puts back; what is put back returns with one more attempt', async () => {
      const desk = await open()
      const [batch = ''] = await desk.bring(desk.candidates(4))
      const held = await desk.heldBatch(batch)
      const [later, now] = [held.candidates[1]!, held.candidates[3]!]
      const committed = await desk.commitBatch(held, [newImage()], {
        deferred: [
          { id: later.id, delayMs: 3_600_000 },
          { id: now.id, delayMs: 0 },
        ],
        counters: { deferred: 2, 'rejected:score_low': 1 },
      })
      expect(committed).toEqual({ kind: 'committed', kept: 1, losers: [] })
      expect(await desk.progress()).toEqual({
        ...noProgress,
        pages: 1,
        buffered: 2,
        kept: 1,
        unplannedKept: 1,
        unplannedRows: 2,
      })
      expect(await desk.counters()).toEqual({ candidates: 4, deferred: 2, 'rejected:score_low': 1, kept: 1 })

      const { backend, run } = desk
      const [again = '', ...more] = await backend.closeBatches(run, { ...roomy, dry: false })
      expect(more).toEqual([])
      expect((await desk.heldBatch(again)).candidates).toEqual([
        { ...now, id: expect.any(Number), attempts: 1 },
      ])
      expect(await backend.closeBatches(run, { ...roomy, dry: true })).toEqual([])
      expect(await desk.progress()).toMatchObject({ buffered: 1, batchesOpen: 1 })
    })

    it('leaves nothing behind where every candidate was put back', async () => {
      const desk = await open()
      const [batch = ''] = await desk.bring(desk.candidates(2))
      const held = await desk.heldBatch(batch)
      const deferred = held.candidates.map(({ id }) => ({ id, delayMs: 0 }))
      expect(await desk.commitBatch(held, [], { deferred })).toEqual({
        kind: 'committed',
        kept: 0,
        losers: [],
      })
      expect(await desk.progress()).toEqual({ ...noProgress, pages: 1, buffered: 2 })
      expect(await desk.backend.unplannedParts(desk.run, 10)).toEqual([])
      expect(await desk.backend.liveParts(desk.run)).toEqual([])
    })

    it('is done with candidates that have no row, whether others have one or not', async () => {
      const desk = await open()
      const [some = ''] = await desk.bring(desk.candidates(3))
      const held = await desk.heldBatch(some)
      const part = partOf(held, 2)
      expect(await desk.commitBatch(held, [newImage()], { part, dropped: 1 })).toMatchObject({ kept: 1 })
      const [none = ''] = await desk.bring(desk.candidates(2))
      const commit = { part: null, dropped: 2 }
      expect(await desk.commitBatch(await desk.heldBatch(none), [], commit)).toMatchObject({ kept: 0 })
      expect(await desk.progress()).toMatchObject({ buffered: 0, batchesOpen: 0 })
      expect(await desk.backend.liveParts(desk.run)).toEqual([part.name])
    })

    it.each([
      ['too few rows', (held: HeldBatch) => ({ part: partOf(held, 1) })],
      ['a candidate of another batch', () => ({ deferred: [{ id: 987_654_321, delayMs: 0 }] })],
    ])('refuses %s, and writes nothing of it', async (_, parts) => {
      const desk = await open()
      const [batch = ''] = await desk.bring(desk.candidates(2))
      const held = await desk.heldBatch(batch)
      const before = await desk.progress()
      await expect(desk.commitBatch(held, [newImage()], parts(held))).rejects.toThrow()
      expect(await desk.progress()).toEqual(before)
      expect(await desk.commitBatch(held, [newImage()])).toMatchObject({ kind: 'committed', kept: 1 })
    })

    it('is stale where a duplicate cites an image that is not kept: the batch is free again, its start not counted', async () => {
      const desk = await open()
      const kept = newImage()
      await desk.batchOf([kept])
      const [batch = ''] = await desk.bring(desk.candidates(2))
      for (let i = 0; i < 3; i++) {
        const held = await desk.heldBatch(batch)
        const before = await desk.progress()
        const cited = [kept.sha256, newImage().sha256]
        expect(await desk.commitBatch(held, [newImage()], { cited })).toEqual({ kind: 'stale' })
        expect(await desk.progress()).toEqual({ ...before, batchesLeased: 0 })
        expect(await desk.backend.openBatches(desk.run, 10)).toEqual([batch])
      }
      const held = await desk.heldBatch(batch)
      const cited = [kept.sha256, kept.sha256]
      expect(await desk.commitBatch(held, [newImage()], { cited })).toMatchObject({
        kind: 'committed',
        kept: 1,
      })
    })
  })
}
