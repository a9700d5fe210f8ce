import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { eventually, hex, newImage, newToken, noLimits, noProgress } from './desk.js'

export function runRules(open: OpenDesk): void {
  type Desk = Awaited<ReturnType<OpenDesk>>
  const entryOf = async ({ backend, run }: Desk) => (await backend.runs()).find((entry) => entry.run === run)

  describe('the runs', () => {
    it('are listed in the order in which they were opened, with what they were opened with', async () => {
      const first = await open({ maxPages: 7 })
      const second = await open()
      const names = (await first.backend.runs()).map(({ run }) => run)
      expect(names.indexOf(first.run)).toBeLessThan(names.indexOf(second.run))
      expect(await entryOf(first)).toEqual({
        run: first.run,
        standing: 'running',
        note: null,
        ended: null,
        createdMs: expect.closeTo(Date.now(), -6),
        optionsVersion: 0,
        limits: { maxPages: 7, maxPairs: null, maxPagesPerHost: null },
        model: null,
      })
    })

    it('have another version with other options, and the same with the same', async () => {
      const desk = await open()
      const versionOf = async () => (await entryOf(desk))?.optionsVersion
      const first = await versionOf()
      await desk.backend.setOptions(desk.run, { name: desk.run })
      expect(await versionOf()).toBe(first)
      await desk.backend.setOptions(desk.run, { name: 'other' })
      expect(await versionOf()).toBeGreaterThan(first!)
    })

    it('keep options, bodies and texts as they are, whatever is in them', async () => {
      const desk = await open()
      const { backend, run } = desk
      const odd = {
        none: [],
        empty: {},
        null: null,
        text: 'a "quote"\n\\ü \u2028😀',
        deep: [[], [{}]],
        fraction: 0.1 + 0.2,
      }
      const whole = { ...odd, big: Number.MAX_SAFE_INTEGER }
      await backend.setOptions(run, whole)
      expect((await backend.openRun(run, {}, noLimits)).options).toEqual(whole)
      expect(await backend.options(run)).toEqual(whole)
      expect(await backend.options(`${run}-not`)).toBeNull()
      const worker = `odd-${hex(4)}`
      await backend.beat({ worker, body: whole, ttlMs: 60_000 })
      expect(await backend.workers()).toContainEqual({ worker, body: whole, agoMs: expect.any(Number) })
      await backend.setStanding(run, 'failed', odd.text)
      expect(await entryOf(desk)).toMatchObject({ note: odd.text })
      expect((await backend.openSources(run, [odd.text])).map(({ source }) => source)).toEqual([odd.text])
      expect(await backend.openSources(run, [])).toEqual([])
      const { plan, counters } = { plan: 3, counters: { bytes: Number.MAX_SAFE_INTEGER } }
      const shape = { firstShard: 0, shards: 1, shardSize: 1, createdAtMs: 1_700_000_000_000, parts: [] }
      await backend.adoptPlan(run, { plan, ...shape })
      await backend.leasePlan({ run, plan, token: 't', leaseMs: 30_000 })
      expect(await backend.commitPlan({ run, plan, token: 't', counters })).toEqual({ kind: 'committed' })
      expect(await desk.counters()).toMatchObject(counters)
      expect(await backend.liveParts(run)).toEqual([])
    })

    it('are scored with what the first worker says', async () => {
      const desk = await open()
      const { backend, run } = desk
      const first = { id: 'one/1', isClip: true, threshold: 0.28 }
      expect(await backend.adoptModel(run, first)).toEqual(first)
      expect(await backend.adoptModel(run, { id: 'two/1', isClip: false, threshold: null })).toEqual(first)
      expect(await entryOf(desk)).toMatchObject({ model: first })
      const other = await open()
      const none = { id: null, isClip: false, threshold: null }
      expect(await backend.adoptModel(other.run, none)).toEqual(none)
    })

    it('have a standing; there is none of a run that nobody opened', async () => {
      const desk = await open()
      expect(await desk.backend.setStanding(desk.run, 'failed', 'the bucket is gone')).toBe(true)
      expect(await entryOf(desk)).toMatchObject({ standing: 'failed', note: 'the bucket is gone' })
      expect(await desk.backend.setStanding(desk.run, 'running', null)).toBe(true)
      expect(await entryOf(desk)).toMatchObject({ standing: 'running', note: null })
      expect(await desk.backend.setStanding(`none-${hex(4)}`, 'paused', null)).toBe(false)
    })
  })

  for (const standing of ['paused', 'stopped', 'failed'] as const) {
    describe(`a run that is ${standing}`, () => {
      it('starts no session, closes and starts no batch, and goes on where it was', async () => {
        const desk = await open()
        const { backend, run } = desk
        await desk.offer(desk.urlOf('a', 1), desk.urlOf('b', 1))
        const [batch = ''] = await desk.bring(desk.candidates(2), { batchSize: 2 })
        await desk.bring(desk.candidates(1))
        const before = await desk.progress()
        await backend.setStanding(run, standing, null)
        expect(await desk.lease('a')).toEqual({ kind: 'none' })
        expect(await backend.waitingHosts(run, 10)).toEqual([])
        expect(await desk.takeBatch(batch)).toEqual({ kind: 'gone' })
        expect(await backend.openBatches(run, 10)).toEqual([])
        expect(await desk.progress()).toEqual({ ...before, standing })
        await backend.setStanding(run, 'running', null)
        expect((await backend.waitingHosts(run, 10)).toSorted()).toEqual([
          desk.hostName('a'),
          desk.hostName('b'),
        ])
        expect(await backend.openBatches(run, 10)).toContain(batch)
        expect((await desk.session('a')).urls).toHaveLength(1)
        expect((await desk.heldBatch(batch)).candidates).toHaveLength(2)
      })

      it('commits what is under way, and carries out its plans', async () => {
        const desk = await open()
        const { backend, run } = desk
        await desk.offer(desk.urlOf('a', 1))
        const session = await desk.session('a')
        const [batch = ''] = await desk.bring(desk.candidates(1), { batchSize: 1 })
        const held = await desk.heldBatch(batch)
        await backend.setStanding(run, standing, null)
        expect(await desk.commit(session, { pages: 1 })).toMatchObject({ kind: 'committed' })
        expect(await desk.commitBatch(held, [newImage()])).toMatchObject({ kind: 'committed', kept: 1 })
        const plan = await backend.allotPlan({ run, batches: [batch], shards: 1, shardSize: 10 })
        expect(await backend.openPlans(run)).toEqual([plan])
        const token = newToken()
        expect(await backend.leasePlan({ run, plan: plan!, token, leaseMs: 60_000 })).toMatchObject({
          kind: 'plan',
        })
        expect(await backend.commitPlan({ run, plan: plan!, token, counters: {} })).toEqual({
          kind: 'committed',
        })
      })

      it('is rung for where a worker died, until what it held is given back', async () => {
        const desk = await open()
        const { backend, run } = desk
        await desk.offer(desk.urlOf('a', 1))
        await desk.session('a', { leaseMs: 1 })
        const [batch = ''] = await desk.bring(desk.candidates(1), { batchSize: 1 })
        await desk.heldBatch(batch, { leaseMs: 1 })
        await backend.setStanding(run, standing, null)
        await eventually(
          () => backend.waitingHosts(run, 10),
          (hosts) => hosts.length === 1,
        )
        await eventually(
          () => backend.openBatches(run, 10),
          (batches) => batches.length === 1,
        )
        expect(await desk.lease('a')).toEqual({ kind: 'none' })
        expect(await desk.takeBatch(batch)).toEqual({ kind: 'gone' })
        expect(await desk.progress()).toEqual({
          ...noProgress,
          standing,
          urls: 1,
          hosts: 1,
          pages: 1,
          batchesOpen: 1,
        })
      })
    })
  }

  describe('the end of a run', () => {
    it('is told once it is reached, and taken back by new seeds', async () => {
      const desk = await open()
      const { backend, run } = desk
      const { seedings } = await backend.progress(run)
      expect(await backend.endRun({ run, seedings, as: 'done' })).toBe(true)
      expect(await entryOf(desk)).toMatchObject({ standing: 'running', ended: 'done' })
      expect(await desk.progress()).toMatchObject({ ended: 'done' })
      await backend.offer(run, [desk.urlOf('a', 1)], true)
      expect(await desk.progress()).toMatchObject({ ended: null, urls: 1 })
    })

    it('is not reached where it was seeded or set going since it was looked at', async () => {
      const desk = await open()
      const { backend, run } = desk
      const early = await backend.progress(run)
      await backend.offer(run, [desk.urlOf('a', 1)], true)
      expect(await backend.endRun({ run, seedings: early.seedings, as: 'done' })).toBe(false)
      const later = await backend.progress(run)
      await backend.setStanding(run, 'running', null)
      expect(await backend.endRun({ run, seedings: later.seedings, as: 'done' })).toBe(false)
      expect(await desk.progress()).toMatchObject({ ended: null })
    })

    it('is taken back by setting the run going, and not by stopping it', async () => {
      const desk = await open()
      const { backend, run } = desk
      const { seedings } = await backend.progress(run)
      await backend.endRun({ run, seedings, as: 'max-pages' })
      await backend.setStanding(run, 'stopped', null)
      expect(await entryOf(desk)).toMatchObject({ standing: 'stopped', ended: 'max-pages' })
      await backend.setStanding(run, 'running', null)
      expect(await entryOf(desk)).toMatchObject({ standing: 'running', ended: null })
    })
  })

  describe('a duty', () => {
    it('is one holder’s until it lets go or its time is over', async () => {
      const { backend } = await open()
      const duty = `duty-${hex(4)}`
      const claim = (token: string, leaseMs = 600_000) => backend.claimDuty({ duty, token, leaseMs })
      expect([await claim('one'), await claim('two'), await claim('one')]).toEqual([true, false, true])
      await backend.dropDuty({ duty, token: 'two' })
      expect(await claim('two')).toBe(false)
      await backend.dropDuty({ duty, token: 'one' })
      expect([await claim('two', 1), await eventually(() => claim('one'), Boolean)]).toEqual([true, true])
    })

    it('is free, and no worker is listed any more, once the only process there is takes over', async () => {
      const { backend } = await open()
      const duty = `duty-${hex(4)}`
      const worker = `worker-${hex(4)}`
      await backend.claimDuty({ duty, token: 'dead', leaseMs: 600_000 })
      await backend.beat({ worker, ttlMs: 600_000, body: {} })
      await backend.resetLeases()
      expect(await backend.claimDuty({ duty, token: 'new', leaseMs: 600_000 })).toBe(true)
      expect((await backend.workers()).map((known) => known.worker)).not.toContain(worker)
    })
  })

  describe('the workers', () => {
    it('are listed while they say that they live', async () => {
      const { backend } = await open()
      const [lives, dies, leaves] = [hex(6), hex(6), hex(6)]
      const beat = (worker: string, ttlMs: number, jobs: number) =>
        backend.beat({ worker, body: { jobs }, ttlMs })
      await beat(lives, 600_000, 1)
      await beat(lives, 600_000, 2)
      await beat(dies, 1, 0)
      await beat(leaves, 600_000, 0)
      await backend.removeWorker(leaves)
      const mine = async () =>
        (await backend.workers()).filter(({ worker }) => [lives, dies, leaves].includes(worker))
      const listed = await eventually(mine, (workers) => workers.length === 1)
      expect(listed).toEqual([{ worker: lives, body: { jobs: 2 }, agoMs: expect.any(Number) }])
    })
  })
}
