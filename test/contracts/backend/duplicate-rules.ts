import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hammingDistance } from '../../../src/filter/index.js'
import { runs } from '../../fixtures/runs.js'
import type { OpenDesk } from './conformance.js'
import { hex, type Image, newImage } from './desk.js'
import { flipped } from './phash.js'

const phashes = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((n) => n.toString(16).padStart(16, '0'))
const bitsOf = (count: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max: 63 }), { minLength: count, maxLength: count })

export function duplicateRules(open: OpenDesk): void {
  describe('looking for duplicates', () => {
    it('finds kept images by content and by near hash, the nearest first', async () => {
      const desk = await open()
      const zero = { sha256: hex(32), phash: '0000000000000000' }
      const six = { sha256: hex(32), phash: '000000000000003f' }
      await desk.batchOf([zero, six])
      const images = [
        { sha256: zero.sha256, phash: 'ffffffffffffffff' },
        { sha256: hex(32), phash: '0000000000000007' },
        { sha256: hex(32), phash: 'fff0000000000000' },
        { sha256: hex(32), phash: '000000000000001f' },
        { sha256: six.sha256, phash: '0000000000000000' },
      ]
      const { backend, run } = desk
      const found = await backend.findDuplicates({ run, images, near: true, distance: 3 })
      expect(found.map(({ index, near }) => [index, near])).toEqual([
        [0, false],
        [1, true],
        [3, true],
        [4, false],
      ])
      expect(found[2]).toEqual({ index: 3, of: six.sha256, near: true })
      expect(found[3]).toEqual({ index: 4, of: six.sha256, near: false })
      expect([zero.sha256, six.sha256]).toContain(found[1]!.of)
      expect(await backend.findDuplicates({ run, images, near: true, distance: 0 })).toHaveLength(2)
    })

    it('finds equal content alone where near ones are not asked for', async () => {
      const desk = await open()
      const kept = newImage()
      await desk.batchOf([kept])
      const images = [
        { ...newImage(), phash: kept.phash },
        { ...newImage(), sha256: kept.sha256 },
      ]
      const { backend, run } = desk
      expect(await backend.findDuplicates({ run, images, near: false, distance: 3 })).toEqual([
        { index: 1, of: kept.sha256, near: false },
      ])
      expect(await backend.findDuplicates({ run, images: [], near: true, distance: 3 })).toEqual([])
    })

    it('keeps the images of different runs apart', async () => {
      const one = await open()
      const other = await open()
      const kept = newImage()
      await one.batchOf([kept])
      const wish = { run: other.run, images: [kept], near: true, distance: 3 }
      expect(await other.backend.findDuplicates(wish)).toEqual([])
    })

    it('finds every hash within the distance, wherever the bits differ, and none beyond it', async () => {
      const desk = await open()
      const variants = fc.tuple(phashes, bitsOf(0), bitsOf(1), bitsOf(2), bitsOf(3), bitsOf(4))
      const cases = fc.sample(variants, 60)
      const kept = cases.map(([phash]) => ({ sha256: hex(32), phash, score: 1 }))
      await desk.batchOf(kept, { dedupe: 'near', distance: 0 })
      const images = cases.flatMap(([phash, ...flips]) =>
        flips.map((bits) => ({ sha256: hex(32), phash: flipped(phash, bits) })),
      )
      const { run, backend } = desk
      const found = await backend.findDuplicates({ run, images, near: true, distance: 3 })
      const expected = images.flatMap(({ phash }, index) =>
        kept.some((image) => hammingDistance(image.phash, phash) <= 3) ? [index] : [],
      )
      expect(found.map(({ index }) => index)).toEqual(expected)
      const hashOf = new Map(kept.map(({ sha256, phash }) => [sha256, phash]))
      for (const { index, of } of found)
        expect(hammingDistance(hashOf.get(of)!, images[index]!.phash)).toBeLessThanOrEqual(3)
    })
  })

  describe('claiming images', () => {
    it('lets the best score of a batch win, the first row where two score the same', async () => {
      const desk = await open()
      const image = newImage()
      const near = { sha256: hex(32), phash: flipped(image.phash, [0, 17, 63]) }
      const { committed } = await desk.batchOf([
        { ...image, score: 0.2 },
        { ...near, score: 0.4 },
        { ...image, score: null },
        { ...near, score: 0.4 },
      ])
      expect(committed).toMatchObject({ kind: 'committed', kept: 1 })
      const { losers } = committed as { losers: readonly { row: number }[] }
      expect(losers.toSorted((a, b) => a.row - b.row)).toEqual([
        { row: 0, reason: 'duplicate_near', duplicateOf: near.sha256 },
        { row: 2, reason: 'duplicate_near', duplicateOf: near.sha256 },
        { row: 3, reason: 'duplicate_exact', duplicateOf: near.sha256 },
      ])
      expect(await desk.counters()).toMatchObject({
        kept: 1,
        'rejected:duplicate_near': 2,
        'rejected:duplicate_exact': 1,
      })
    })

    it('lets the first of two racing batches win, whatever the scores', async () => {
      const desk = await open()
      const [first = '', second = ''] = await desk.bring(desk.candidates(2), { batchSize: 1 })
      const image = newImage(0.3)
      const winner = await desk.heldBatch(first)
      const loser = await desk.heldBatch(second)
      await desk.commitBatch(winner, [image])
      expect(await desk.commitBatch(loser, [{ ...image, score: 0.9 }])).toEqual({
        kind: 'committed',
        kept: 0,
        losers: [{ row: 0, reason: 'duplicate_exact', duplicateOf: image.sha256 }],
      })
      expect(await desk.progress()).toMatchObject({ kept: 1, unplannedKept: 1, unplannedRows: 2 })
    })

    it('claims only what is kept: a picture rejected once can be kept beside another caption', async () => {
      const desk = await open()
      const image = newImage()
      const [rejecting = '', keeping = ''] = await desk.bring(desk.candidates(2), { batchSize: 1 })
      await desk.commitBatch(await desk.heldBatch(rejecting), [])
      const wish = { run: desk.run, images: [image], near: true, distance: 3 }
      expect(await desk.backend.findDuplicates(wish)).toEqual([])
      expect(await desk.commitBatch(await desk.heldBatch(keeping), [image])).toMatchObject({ kept: 1 })
    })

    it('takes equal content alone for a duplicate where dedupe is exact', async () => {
      const desk = await open()
      const image = newImage()
      const near = { sha256: hex(32), phash: image.phash }
      const { committed } = await desk.batchOf([image, near, image], { dedupe: 'exact' })
      expect(committed).toMatchObject({ kept: 2, losers: [{ row: 2, reason: 'duplicate_exact' }] })
    })

    it('keeps everything where dedupe is off', async () => {
      const desk = await open()
      const image = newImage()
      const { committed } = await desk.batchOf([image, image], { dedupe: 'off' })
      expect(committed).toEqual({ kind: 'committed', kept: 2, losers: [] })
    })

    it('keeps no two within the distance, and every loser names a kept one within it', async () => {
      // Hashes from a small corner of the space, so that most are near some other, and many are chains of near ones.
      const image = fc.record({
        sha256: fc.integer({ min: 0, max: 30 }).map((n) => n.toString(16).padStart(64, '0')),
        phash: fc
          .uniqueArray(fc.integer({ min: 0, max: 63 }), { maxLength: 6 })
          .map((bits) => flipped('0', bits)),
        score: fc.option(fc.double({ min: -1, max: 1, noNaN: true })),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(image, { minLength: 1, maxLength: 8 }), { maxLength: 4 }),
          async (batches) => {
            const desk = await open()
            const kept: Image[] = []
            const lost: { image: Image; of: string; reason: string }[] = []
            for (const images of batches) {
              const { committed } = await desk.batchOf(images)
              if (committed.kind !== 'committed') throw new Error(committed.kind)
              const losers = new Map(committed.losers.map((loser) => [loser.row, loser]))
              expect(committed.kept + losers.size).toBe(images.length)
              for (const [row, image] of images.entries()) {
                const loser = losers.get(row)
                if (loser === undefined) kept.push(image)
                else lost.push({ image, of: loser.duplicateOf ?? '', reason: loser.reason })
              }
            }
            for (const [i, a] of kept.entries())
              for (const b of kept.slice(i + 1)) {
                expect(a.sha256).not.toBe(b.sha256)
                expect(hammingDistance(a.phash, b.phash)).toBeGreaterThan(3)
              }
            for (const { image, of, reason } of lost) {
              const winner = kept.find(({ sha256 }) => sha256 === of)!
              if (reason === 'duplicate_exact') expect(image.sha256).toBe(winner.sha256)
              else expect(hammingDistance(image.phash, winner.phash)).toBeLessThanOrEqual(3)
            }
            expect(await desk.progress()).toMatchObject({ kept: kept.length })
          },
        ),
        { numRuns: runs.world },
      )
    })
  })
}
