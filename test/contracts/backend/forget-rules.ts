import { describe, expect, it } from 'vitest'
import type { OpenDesk } from './conformance.js'
import { type Desk, eventually, hex, newImage, newToken, noLimits, noProgress } from './desk.js'

/** `traces`: what the backend has of runs, by kind, where it can be looked into. */
export function forgetRules(open: OpenDesk, traces: () => Promise<Record<string, number>>): void {
  const end = async ({ backend, run }: Desk) => {
    const { seedings } = await backend.progress(run)
    expect(await backend.endRun({ run, seedings, as: 'done' })).toBe(true)
  }
  const mark = ({ backend, run }: Desk, ...duties: string[]) => backend.markForgotten({ run, duties })
  const forget = async (desk: Desk) => {
    expect(await mark(desk)).toEqual({ kind: 'marked' })
    let removed = 0
    await desk.backend.clearForgotten(desk.run, (more) => {
      removed += more
    })
    return removed
  }
  const listed = async ({ backend, run }: Desk) => (await backend.runs()).find((entry) => entry.run === run)

  describe('a run that is forgotten', () => {
    it('is one that has ended', async () => {
      const desk = await open()
      const { backend, run } = desk
      expect(await backend.markForgotten({ run: `no-${run}`, duties: [] })).toEqual({ kind: 'unknown' })
      for (const standing of ['running', 'paused', 'stopped'] as const) {
        await backend.setStanding(run, standing, null)
        expect(await mark(desk)).toEqual({ kind: 'goes_on' })
      }
      await end(desk)
      await desk.backend.offer(run, [desk.urlOf('a', 1)], true)
      expect(await mark(desk)).toEqual({ kind: 'goes_on' })
      expect(await desk.progress()).toMatchObject({ urls: 1 })
    })

    it('has no lease that anybody holds, and no duty', async () => {
      const held = { kind: 'held', inMs: expect.closeTo(600_000, -5) }
      const desk = await open()
      const { backend, run } = desk
      await desk.offer(desk.urlOf('a', 1))
      const session = await desk.session('a')
      await end(desk)
      expect(await mark(desk)).toEqual(held)
      await desk.commit(session, { candidates: desk.candidates(1), batchSize: 1 })
      const [batch = ''] = await backend.openBatches(run, 1)
      const judged = await desk.heldBatch(batch)
      expect(await mark(desk)).toEqual(held)
      await desk.commitBatch(judged, [newImage()])
      const plan = (await backend.allotPlan({ run, batches: [batch], shards: 1, shardSize: 1 }))!
      await backend.leasePlan({ run, plan, token: 't', leaseMs: 600_000 })
      expect(await mark(desk)).toEqual(held)
      await backend.releaseLease({ run, kind: 'plan', id: plan, token: 't', failed: false })
      const duty = `duty-${hex(4)}`
      await backend.claimDuty({ duty, token: 't', leaseMs: 600_000 })
      expect(await mark(desk, duty)).toEqual(held)
      await backend.dropDuty({ duty, token: 't' })
      expect(await desk.progress()).toMatchObject({ kept: 1, plansOpen: 1 })
      expect(await mark(desk, duty)).toEqual({ kind: 'marked' })
    })

    it('is none from then on, is listed as such, and leaves its name to nobody', async () => {
      const desk = await open()
      const { backend, run } = desk
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('b', 1))
      await desk.session('b', { leaseMs: 1 })
      await end(desk)
      const { createdMs } = (await listed(desk))!
      expect(await backend.createdMs(run)).toBe(createdMs)
      await eventually(
        () => mark(desk),
        ({ kind }) => kind === 'marked',
      )
      expect(await backend.createdMs(run)).toBeNull()
      expect(await listed(desk)).toMatchObject({ run, standing: 'forgetting', createdMs })
      expect(await backend.setStanding(run, 'running', null)).toBe(false)
      await expect(backend.openRun(run, {}, noLimits)).rejects.toThrow(`the run ${run} is being forgotten`)
      await expect(desk.lease('a')).rejects.toThrow()
      await expect(desk.offer(desk.urlOf('a', 2))).rejects.toThrow()
      expect(await mark(desk)).toEqual({ kind: 'marked' })
      expect(await forget(desk)).toBeGreaterThan(0)
      expect(await listed(desk)).toBeUndefined()
      expect(await mark(desk)).toEqual({ kind: 'unknown' })
    })

    it('leaves nothing but what is known of hosts, and its name to another that knows nothing of it', async () => {
      const before = await traces()
      const desk = await open()
      const { backend, run } = desk
      const image = newImage()
      const first = await desk.batchOf([image, newImage()], { counters: { images: 2 } })
      await backend.allotPlan({ run, batches: [first.batch], shards: 1, shardSize: 2 })
      await desk.batchOf([newImage()])
      await desk.bring([...desk.candidates(3), ...desk.rejects(2)])
      await desk.offer(desk.urlOf('busy', 1))
      await desk.bring(desk.rejects(2))
      await backend.openSources(run, ['list'])
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('b', 1), desk.urlOf('b', 2))
      await desk.commit(await desk.session('b', { max: 1 }))
      await backend.adoptModel(run, { id: 'one', name: 'one' } as never)
      await end(desk)
      const removed = await forget(desk)
      expect(removed).toBeGreaterThan(10)
      expect(await traces()).toEqual(before)

      const { created } = await backend.openRun(run, { of: 'another' }, noLimits)
      expect(created).toBe(true)
      expect(await desk.progress()).toEqual(noProgress)
      expect(await backend.counters(run)).toEqual({})
      expect(await backend.sources(run)).toEqual([])
      expect(await listed(desk)).toMatchObject({
        standing: 'running',
        model: null,
      })
      expect(await backend.options(run)).toEqual({ of: 'another' })
      const again = await desk.batchOf([image])
      expect(again.committed).toMatchObject({ kind: 'committed', kept: 1 })
    })

    it('takes nothing of another run, one on the same hosts neither', async () => {
      const [desk, other] = [await open(), await open()]
      const url = { ...desk.urlOf('a', 1), host: 'both.test' }
      await other.batchOf([newImage()])
      await desk.offer(url)
      await other.offer(url, other.urlOf('b', 1))
      const held = await other.session('b')
      const before = [await other.progress(), await other.counters()]
      await end(desk)
      await forget(desk)
      expect([await other.progress(), await other.counters()]).toEqual(before)
      expect(await other.commit(held)).toMatchObject({ kind: 'committed' })
      const given = await other.lease('a', { host: 'both.test', token: newToken() })
      expect(given).toMatchObject({ kind: 'urls', urls: { length: 1 } })
    })
  })
}
