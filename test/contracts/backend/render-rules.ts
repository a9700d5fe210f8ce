import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noEvidence, type RenderEvidence } from '../../../src/crawl/index.js'
import { runs } from '../../fixtures/runs.js'
import type { OpenDesk } from './conformance.js'

const evidence = (signed: [number, number], plain: [number, number] = [0, 0]): RenderEvidence => ({
  signed: { renders: signed[0], paid: signed[1] },
  plain: { renders: plain[0], paid: plain[1] },
})

export function renderRules(open: OpenDesk): void {
  const withUrls = async (count: number) => {
    const desk = await open()
    await desk.offer(...Array.from({ length: count }, (_, i) => desk.urlOf('a', i)))
    return desk
  }
  const leased = async (desk: Awaited<ReturnType<OpenDesk>>): Promise<RenderEvidence | null> => {
    const lease = await desk.lease('a', { max: 1 })
    return lease.kind === 'urls' ? lease.rendered : null
  }

  describe('what rendering was worth on a host', () => {
    it('is nothing where nothing was rendered', async () => {
      expect(await leased(await withUrls(1))).toEqual(noEvidence)
    })

    it('comes with the next lease, whoever holds it', async () => {
      const desk = await withUrls(3)
      await desk.commit(await desk.session('a', { max: 1 }), { rendered: evidence([3, 2], [5, 0]) })
      await desk.commit(await desk.session('a', { max: 1 }), { rendered: evidence([1, 1], [0, 0]) })
      expect(await leased(desk)).toEqual(evidence([4, 3], [5, 0]))
    })

    it('is the same for every run', async () => {
      const desk = await withUrls(1)
      const host = desk.hostName('a')
      await desk.commit(await desk.session('a'), { rendered: evidence([3, 2], [5, 0]) })
      const other = await open()
      await other.backend.offer(other.run, [{ ...other.urlOf('x', 1), host }], true)
      const times = { delayMs: 0, windowMs: 10_000, leaseMs: 600_000 }
      const wish = { run: other.run, host, token: 'other', max: 1, ...times, groups: [], perGroup: 1 }
      expect(await other.backend.leaseHost(wish)).toMatchObject({ rendered: evidence([3, 2], [5, 0]) })
    })

    it('is added by the commits of a part of a session, too', async () => {
      const desk = await withUrls(3)
      const session = await desk.session('a', { max: 2 })
      const [first = 0, second = 0] = session.urls.map(({ id }) => id)
      await desk.commit(session, { partial: true, done: [first], rendered: evidence([1, 1]) })
      await desk.commit(session, { done: [second], rendered: evidence([2, 0]) })
      expect(await leased(desk)).toEqual(evidence([3, 1]))
    })

    it('is not changed by who lost the lease', async () => {
      const desk = await withUrls(2)
      const session = await desk.session('a', { max: 1 })
      const lost = await desk.commit({ ...session, token: 'another' }, { rendered: evidence([9, 9]) })
      expect(lost).toEqual({ kind: 'lost' })
      await desk.commit(session)
      expect(await leased(desk)).toEqual(noEvidence)
    })

    it('counts for half where more than a hundred renders of a kind are known', async () => {
      const desk = await withUrls(3)
      await desk.commit(await desk.session('a', { max: 1 }), { rendered: evidence([100, 99], [100, 0]) })
      await desk.commit(await desk.session('a', { max: 1 }), { rendered: evidence([1, 0], [0, 0]) })
      expect(await leased(desk)).toEqual(evidence([50, 49], [100, 0]))
    })

    it('is a sum, halved as it goes, whatever was rendered', async () => {
      const tally = fc
        .record({
          renders: fc.integer({ min: 0, max: 60 }),
          share: fc.double({ min: 0, max: 1, noNaN: true }),
        })
        .map(({ renders, share }) => ({ renders, paid: Math.floor(renders * share) }))
      const lesson = fc.record({ signed: tally, plain: tally })
      await fc.assert(
        fc.asyncProperty(fc.array(lesson, { maxLength: 6 }), async (lessons) => {
          const desk = await withUrls(lessons.length + 1)
          let wanted = noEvidence
          for (const rendered of lessons) {
            await desk.commit(await desk.session('a', { max: 1 }), { rendered })
            wanted = {
              signed: added(wanted.signed, rendered.signed),
              plain: added(wanted.plain, rendered.plain),
            }
          }
          expect(await leased(desk)).toEqual(wanted)
        }),
        { numRuns: runs.world },
      )
    })
  })
}

type Tally = RenderEvidence['signed']

function added(known: Tally, more: Tally): Tally {
  const renders = known.renders + more.renders
  const paid = known.paid + more.paid
  return renders > 100 ? { renders: Math.floor(renders / 2), paid: Math.floor(paid / 2) } : { renders, paid }
}
