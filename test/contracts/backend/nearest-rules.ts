import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from '../../fixtures/runs.js'
import type { OpenDesk } from './conformance.js'
import { type Desk, type Image, newImage } from './desk.js'
import { comparing, flipped } from './phash.js'

const atOnce = 128

/** Keeps all of them, near or not. */
export async function keepAll(desk: Desk, images: readonly Image[]): Promise<void> {
  for (let first = 0; first < images.length; first += atOnce) {
    const { committed } = await desk.batchOf(images.slice(first, first + atOnce), { distance: -1 })
    expect(committed).toMatchObject({ kind: 'committed', losers: [] })
  }
}

/** Looks for each image, and for neighbours of it at distances of 0 to 4; all must be answered as by comparing with every kept one. */
export async function expectNearest(desk: Desk, kept: readonly Image[], some: readonly Image[]) {
  const bits = fc.uniqueArray(fc.integer({ min: 0, max: 63 }), { minLength: 4, maxLength: 4 })
  const flips = fc.sample(bits, some.length)
  const images = some.flatMap((image, i) =>
    [0, 1, 2, 3, 4].map((distance) => ({
      sha256: newImage().sha256,
      phash: flipped(image.phash, flips[i]!.slice(0, distance)),
    })),
  )
  const found = await desk.backend.findDuplicates({ run: desk.run, images, near: true, distance: 3 })
  const nearest = comparing(kept)
  const expected = images.flatMap(({ phash }, index) => {
    const of = nearest(phash, 3)
    return of === null ? [] : [{ index, of, near: true }]
  })
  expect(found).toEqual(expected)
}

export function nearestRules(open: OpenDesk): void {
  describe('the nearest kept image', () => {
    it('is the one that comparing with all of them gives, the first by its content where two are as near', async () => {
      const desk = await open()
      const strangers = Array.from({ length: runs.text }, () => newImage())
      const pairs = fc.sample(fc.uniqueArray(fc.integer({ min: 0, max: 63 }), { maxLength: 5 }), runs.text)
      const neighbours = pairs.map((bits, i) => ({
        ...newImage(),
        phash: flipped(strangers[i]!.phash, bits),
      }))
      const kept = [...strangers, ...neighbours]
      await keepAll(desk, kept)
      await expectNearest(desk, kept, kept)
    })
  })
}
