import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { hammingDistance, perceptualHash } from '../../../src/filter/index.js'
import { scene, sceneOf } from '../../fixtures/filter/hostile.js'

const photos = new URL('../../../../shared/data/flickr8k-test/images/', import.meta.url)
const have = existsSync(photos)

async function hashOf(file: Uint8Array): Promise<string> {
  const { data, info } = await sharp(file)
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const pixels = info.channels === 3 ? data : Buffer.from([...data].flatMap((grey) => [grey, grey, grey]))
  return perceptualHash({ pixels, width: info.width, height: info.height })
}

/** A black ring in the middle of a white picture; its edges are soft. */
function circle(width: number, height: number, radius: number) {
  const greys = Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [(at % width) - width / 2, Math.floor(at / width) - height / 2]
    return 255 * Math.min(Math.max(Math.abs(Math.hypot(x, y) - radius) - 2.5, 0), 1)
  })
  return sharp(Buffer.from(greys), { raw: { width, height, channels: 1 } }).toColourspace('srgb')
}

describe('The perceptual hash', () => {
  test('is 16 hex digits for a picture of any size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80 }), fc.integer({ min: 1, max: 80 }), (width, height) => {
        expect(perceptualHash({ pixels: scene(width, height), width, height })).toMatch(/^[0-9a-f]{16}$/)
      }),
    )
  })

  test('is zero for a picture of one colour, whatever the colour and however it was compressed', async () => {
    for (const background of ['white', 'black', '#777']) {
      const plain = sharp({ create: { width: 300, height: 200, channels: 3, background } })
      expect(await hashOf(await plain.jpeg({ quality: 50 }).toBuffer())).toBe('0000000000000000')
    }
  })

  test('changes with the picture turned or mirrored', async () => {
    const upright = await hashOf(await sceneOf(300, 200).png().toBuffer())
    for (const turned of [sceneOf(300, 200).flip(), sceneOf(300, 200).flop(), sceneOf(300, 200).rotate(90)])
      expect(hammingDistance(upright, await hashOf(await turned.png().toBuffer()))).toBeGreaterThan(10)
  })

  test('of a symmetric drawing on white outlasts scaling and compression', async () => {
    const drawing = await circle(400, 300, 90).png().toBuffer()
    const hash = await hashOf(drawing)
    for (const copy of [
      await sharp(drawing).resize(200).png().toBuffer(),
      await sharp(drawing).jpeg({ quality: 40 }).toBuffer(),
      await sharp(drawing).webp({ quality: 40 }).toBuffer(),
    ])
      expect(hammingDistance(hash, await hashOf(copy))).toBeLessThanOrEqual(3)
  })

  test.skipIf(!have)(
    'puts copies of a photo within distance 3 and other photos beyond it (needs ../shared/data, else skipped)',
    async () => {
      const files = readdirSync(photos)
        .slice(0, 60)
        .map((name) => readFileSync(new URL(name, photos)))
      const hashes = await Promise.all(files.map(hashOf))
      let near = 0
      let copies = 0
      for (const [at, file] of files.entries())
        for (const copy of [
          sharp(file).resize({ width: 112 }).jpeg({ quality: 50 }),
          sharp(file).resize({ width: 168 }).png(),
          sharp(file).jpeg({ quality: 40 }),
          sharp(file).webp({ quality: 75 }),
        ]) {
          copies++
          if (hammingDistance(hashes[at]!, await hashOf(await copy.toBuffer())) <= 3) near++
        }
      expect(near / copies).toBeGreaterThan(0.99)
      const distances = hashes.flatMap((a, i) => hashes.slice(0, i).map((b) => hammingDistance(a, b)))
      expect(Math.min(...distances)).toBeGreaterThan(3)
    },
  )
})

describe('The Hamming distance', () => {
  const hash = fc.bigInt(0n, 2n ** 64n - 1n).map((bits) => bits.toString(16).padStart(16, '0'))

  test('counts the bits that differ', () => {
    expect(hammingDistance('0000000000000000', 'ffffffffffffffff')).toBe(64)
    expect(hammingDistance('8000000000000001', '0000000000000000')).toBe(2)
  })

  test('is a metric', () => {
    fc.assert(
      fc.property(hash, hash, hash, (a, b, c) => {
        expect(hammingDistance(a, b)).toBe(hammingDistance(b, a))
        expect(hammingDistance(a, b) === 0).toBe(a === b)
        expect(hammingDistance(a, c)).toBeLessThanOrEqual(hammingDistance(a, b) + hammingDistance(b, c))
      }),
    )
  })
})
