import { describe, expect, it } from 'vitest'
import type { LeasedKind } from '../../../src/backend/backend.js'
import type { OpenDesk } from './conformance.js'
import { type Desk, decidedPage, eventually, newImage } from './desk.js'

const longMs = 600_000

/** What holds for the lease of all work that one worker at a time holds. */
export function heldRules(open: OpenDesk): void {
  /** One piece of such work, that nobody holds. */
  const made: Record<LeasedKind, (desk: Desk) => Promise<string | number>> = {
    batch: async (desk) => (await desk.bring(desk.candidates(1)))[0]!,
    plan: async (desk) => {
      const { batch } = await desk.batchOf([newImage()])
      return (await desk.backend.allotPlan({ run: desk.run, batches: [batch], shards: 1, shardSize: 1 }))!
    },
    page_file: async (desk) => {
      await desk.offer(desk.urlOf('a', 1))
      const session = await desk.session('a')
      await desk.commit(session, { decided: session.urls.map((url) => decidedPage(url, session.host)) })
      const [file] = await desk.backend.openPageFiles(desk.run, true)
      return file!
    },
  }
  const openWork = async (kind: LeasedKind) => {
    const desk = await open()
    const { backend, run } = desk
    const id = await made[kind](desk)
    const by = (token: string) => ({ run, kind, id, token }) as const
    return {
      extend: (token: string, leaseMs: number) => backend.extendLease({ ...by(token), leaseMs }),
      release: (token: string) => backend.releaseLease({ ...by(token), failed: false }),
      take: async (token: string, leaseMs: number) => {
        const wish = { run, token, leaseMs }
        if (kind === 'batch') return await backend.leaseBatch({ ...wish, batch: String(id) })
        if (kind === 'plan') return await backend.leasePlan({ ...wish, plan: Number(id) })
        return await backend.leasePageFile({ ...wish, file: Number(id), settleMs: 0 })
      },
      isOpen: async () => {
        if (kind === 'batch') return (await backend.openBatches(run, 10)).includes(String(id))
        if (kind === 'plan') return (await backend.openPlans(run)).includes(Number(id))
        return (await backend.openPageFiles(run, false)).includes(Number(id))
      },
    }
  }

  describe.each<LeasedKind>(['batch', 'plan', 'page_file'])('the lease of a %s', (kind) => {
    it('is taken, extended and given up by its holder alone', async () => {
      const work = await openWork(kind)
      expect([await work.isOpen(), await work.extend('one', longMs)]).toEqual([true, { kind: 'lost' }])
      const taken = await work.take('one', longMs)
      expect([taken.kind, await work.isOpen()]).toEqual([expect.not.stringMatching(/busy|gone/), false])
      expect(await work.take('other', longMs)).toMatchObject({ kind: 'busy' })
      expect(await work.extend('other', longMs)).toEqual({ kind: 'lost' })
      await work.release('other')
      expect([await work.isOpen(), await work.extend('one', longMs)]).toEqual([false, { kind: 'held' }])
      await work.release('one')
      expect([await work.isOpen(), await work.extend('one', longMs)]).toEqual([true, { kind: 'lost' }])
      expect((await work.take('other', longMs)).kind).toBe(taken.kind)
    })

    it('runs out so long after it was extended last, and is another’s then', async () => {
      const work = await openWork(kind)
      const taken = await work.take('dead', longMs)
      expect(await work.extend('dead', 2 * longMs)).toEqual({ kind: 'held' })
      const busy = await work.take('next', longMs)
      expect(busy.kind === 'busy' && busy.inMs).toBeGreaterThan(longMs)
      expect(await work.extend('dead', 1)).toEqual({ kind: 'held' })
      await eventually(() => work.isOpen(), Boolean)
      expect((await work.take('next', longMs)).kind).toBe(taken.kind)
      expect(await work.extend('dead', longMs)).toEqual({ kind: 'lost' })
      expect(await work.take('dead', longMs)).toMatchObject({ kind: 'busy' })
    })
  })
}
