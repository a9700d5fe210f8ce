import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/backend/backend.js'
import type { OpenDesk } from './conformance.js'
import { eventually, newImage } from './desk.js'
import { flipped } from './phash.js'

/** More calls than any commit makes. */
const mostCalls = 100

export function cutRules(open: OpenDesk, dying: (calls: number) => Backend): void {
  describe('the commit of a batch whose holder dies within it', () => {
    /** Images kept before, and those of a batch: some near to one of the others, some to one of their own. */
    const old = Array.from({ length: 20 }, () => newImage())
    const fresh = Array.from({ length: 100 }, (_, i) => newImage(i / 1000))
    const losing = [...old.slice(0, 5), ...fresh.slice(0, 10)].map(({ phash }, i) => ({
      ...newImage(0.05 + (i % 2)),
      phash: flipped(phash, [i]),
    }))
    const images = [...fresh, ...losing]
    const everything = [...old, ...images]

    const begun = async () => {
      const desk = await open()
      await desk.batchOf(old)
      const [batch = ''] = await desk.bring(desk.candidates(images.length))
      return { desk, batch }
    }
    const endOf = async ({ desk }: Awaited<ReturnType<typeof begun>>) => {
      const wish = { run: desk.run, images: everything, near: true, distance: 0 }
      return {
        found: await desk.backend.findDuplicates(wish),
        progress: await desk.progress(),
        counters: await desk.counters(),
        parts: await desk.backend.unplannedParts(desk.run, 10).then((parts) => parts.map(({ kept }) => kept)),
      }
    }

    it('is made whole by the next holder, wherever it was cut, as if nobody had died', async () => {
      const whole = await begun()
      const answer = await whole.desk.commitBatch(await whole.desk.heldBatch(whole.batch), images)
      expect(answer).toMatchObject({ kind: 'committed', kept: images.length - losing.length })
      const expected = await endOf(whole)

      let calls = 0
      for (let cut = true; cut; calls++) {
        const one = await begun()
        const { desk, batch } = one
        const dead = await desk.heldBatch(batch, { leaseMs: 1 })
        const first = await desk.commitBatch(dead, images, {}, dying(calls)).catch(() => 'cut' as const)
        cut = first === 'cut'
        if (!cut) expect(first).toEqual(answer)
        const given = await eventually(
          () => desk.takeBatch(batch, { token: 'next' }),
          ({ kind }) => kind !== 'busy',
        )
        if (given.kind === 'batch') {
          const wish = { run: desk.run, images, near: true, distance: 3 }
          const ofOld = (await desk.backend.findDuplicates(wish)).map(({ of }) => of)
          expect(old.map(({ sha256 }) => sha256)).toEqual(expect.arrayContaining(ofOld))
          const next = { ...given, batch, token: 'next' }
          expect(await desk.commitBatch(next, images)).toEqual(answer)
        }
        expect(await endOf(one)).toEqual(expected)
      }
      expect(calls).toBeLessThan(mostCalls)
    })
  })
}
