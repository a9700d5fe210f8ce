import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { storedSize } from '../../../src/filter/image.js'
import { type Decoded, decodeImage, encodeStored } from '../../../src/filter/index.js'
import { sceneOf } from '../../fixtures/filter/hostile.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'

const options = { ...defaultFilterOptions, minBytes: 0, minSide: 0, maxAspect: 0 }

async function decodedScene(
  width: number,
  height: number,
  tensorSide: number | null = null,
): Promise<Decoded> {
  const file = await sceneOf(width, height).png().toBuffer()
  const outcome = await decodeImage(
    file,
    options,
    { imageSize: options.imageSize, tensorSide },
    new AbortController().signal,
  )
  if ('reason' in outcome) throw new Error(outcome.reason)
  return outcome
}

describe('The stored image', () => {
  test('keeps its ratio, has the wanted longer side, and is never enlarged', () => {
    expect(storedSize(1280, 860, 512)).toEqual({ width: 512, height: 344 })
    expect(storedSize(860, 1280, 512)).toEqual({ width: 344, height: 512 })
    expect(storedSize(512, 200, 512)).toEqual({ width: 512, height: 200 })
    expect(storedSize(300, 200, 512)).toEqual({ width: 300, height: 200 })
    expect(storedSize(10_000, 2, 512)).toEqual({ width: 512, height: 1 })
  })

  test.each([
    ['jpg', 'jpeg'],
    ['png', 'png'],
    ['webp', 'webp'],
  ] as const)('is what it says it is: %s', async (format, name) => {
    const image = await encodeStored(await decodedScene(900, 600), { ...options, format })
    const { format: read, width, height, hasAlpha, exif, icc } = await sharp(image.bytes).metadata()
    expect({ read, width, height, hasAlpha, exif, icc }).toEqual({
      read: name,
      width: 512,
      height: 341,
      hasAlpha: false,
    })
    expect(image).toMatchObject({ width: 512, height: 341 })
    expect(image.sha256).toBe(createHash('sha256').update(image.bytes).digest('hex'))
  })

  test.each(['jpg', 'png', 'webp'] as const)('has the same bytes every time: %s', async (format) => {
    const picture = await decodedScene(700, 500)
    const images = await Promise.all([1, 2, 3].map(() => encodeStored(picture, { ...options, format })))
    expect(new Set(images.map((image) => image.sha256)).size).toBe(1)
  })

  test('has the same size whether or not a model wanted more pixels', async () => {
    const scored = await decodedScene(1280, 861, 224)
    expect(scored.width).toBeGreaterThan(512)
    const image = await encodeStored(scored, options)
    expect(image).toMatchObject({ width: 512, height: 344 })
  })

  test('costs fewer bytes at a lower quality', async () => {
    const picture = await decodedScene(700, 500)
    const [high, low] = await Promise.all(
      [95, 60].map((quality) => encodeStored(picture, { ...options, quality })),
    )
    expect(low!.bytes.length).toBeLessThan(high!.bytes.length)
  })
})
