import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bitmapPixels } from '../../../src/filter/bitmap.js'
import { bitmapHeader } from '../../../src/filter/bitmap-header.js'
import { decodeImage } from '../../../src/filter/index.js'
import { type BitmapKind, type Colour, colourOf, encodeBitmap } from '../../fixtures/filter/bitmaps.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'
import { runs } from '../../fixtures/runs.js'

const depths = [1, 4, 8, 16, 24, 32] as const
const headers = [12, 16, 40, 52, 56, 64, 108, 124] as const
const kinds: BitmapKind[] = [
  ...headers.flatMap((header) =>
    depths
      .filter((depth) => header !== 12 || (depth <= 24 && depth !== 16))
      .map((depth) => ({ header, depth })),
  ),
  ...([40, 52, 56, 108, 124] as const).flatMap((header): BitmapKind[] => [
    { header, depth: 16, masks: [0xf800, 0x7e0, 0x1f, 0] },
    { header, depth: 32, masks: [0xff, 0xff00, 0xff0000, 0] },
    { header, depth: 32, masks: [0xff000000, 0xff0000, 0xff00, 0xff] },
  ]),
  { header: 40, depth: 8, coding: 'rle8' },
  { header: 40, depth: 4, coding: 'rle4' },
  { header: 64, depth: 24, coding: 'rle24' },
  { header: 40, depth: 24, fromTop: true },
  { header: 108, depth: 8, fromTop: true },
  { header: 40, depth: 4, offset: 'zero' },
  { header: 12, depth: 24, offset: 'zero' },
]

/** What a number that is stored for a pixel means. */
function meaning({ header, depth, masks }: BitmapKind, value: number): Colour {
  if (depth <= 8) return colourOf(value)
  const [red, green, blue, alpha] =
    masks ?? (depth === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0])
  const share = (mask: number) => {
    const low = mask & -mask
    return ((value & mask) >>> 0) / low / ((mask >>> 0) / low)
  }
  const opacity = alpha === 0 || header < 56 ? 1 : share(alpha)
  return [red, green, blue].map((mask) => Math.round(255 * (share(mask) * opacity + 1 - opacity))) as never
}

const size = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }))
const never = new AbortController().signal

describe('A BMP', () => {
  test.each(kinds.map((kind) => [JSON.stringify(kind), kind] as const))(
    'has the colours that were written: %s',
    (_, kind) => {
      fc.assert(
        fc.property(size, fc.nat(), ([width, height], seed) => {
          // Runs of some pixels; an alpha that is never 0 everywhere.
          const at = (x: number, y: number) => {
            const value = Math.imul((x >> 1) * 7919 + y * 104729 + seed, 0x9e3779b1) >>> 0
            return x + y === 0 ? 2 ** kind.depth - 1 : value >>> (32 - kind.depth)
          }
          const file = encodeBitmap(kind, width, height, at)
          const header = bitmapHeader(file)!
          expect(header).toMatchObject({ width, height })
          const pixels = bitmapPixels(file, header) as Uint8Array
          expect(pixels.length).toBe(3 * width * height)
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++)
              for (const [c, wanted] of meaning(kind, at(x, y)).entries())
                expect(Math.abs(pixels[3 * (y * width + x) + c]! - wanted)).toBeLessThanOrEqual(1)
        }),
        { numRuns: 10 },
      )
    },
  )

  test('is opaque where the alpha of every pixel is 0', () => {
    const kind: BitmapKind = { header: 124, depth: 32, masks: [0xff0000, 0xff00, 0xff, 0xff000000] }
    const file = encodeBitmap(kind, 9, 5, () => 0x102030)
    expect([...(bitmapPixels(file, bitmapHeader(file)!) as Uint8Array).subarray(0, 3)]).toEqual([
      0x10, 0x20, 0x30,
    ])
  })

  test('is white where no run reaches', () => {
    const file = encodeBitmap({ header: 40, depth: 8, coding: 'rle8' }, 4, 3, () => 1)
    const pixelsAt = bitmapHeader(file)!.offset
    // A move by 1 and 1, one pixel, the end.
    const moved = Buffer.concat([file.subarray(0, pixelsAt), Buffer.from([0, 2, 1, 1, 1, 7, 0, 1])])
    const pixels = bitmapPixels(moved, bitmapHeader(moved)!) as Uint8Array
    const shown = Array.from({ length: 12 }, (_, at) => [...pixels.subarray(3 * at, 3 * at + 3)])
    expect(shown.filter((colour) => colour.join() !== '255,255,255')).toEqual([[...colourOf(7)]])
    expect(shown[5]).toEqual([...colourOf(7)])
  })

  test.each(kinds.map((kind) => [JSON.stringify(kind), kind] as const))(
    'is truncated where rows are missing: %s',
    (_, kind) => {
      const file = encodeBitmap(kind, 33, 21, (x, y) => (x * y) % 2 ** Math.min(kind.depth, 24))
      const header = bitmapHeader(file)!
      for (const share of [0, 0.3, 0.9])
        expect(
          bitmapPixels(file.subarray(0, header.offset + share * (file.length - header.offset)), header),
        ).toBe('truncated')
    },
  )

  test('is an answer, never an exception, whatever its bytes, and lays out no more than its header names', () => {
    const files = kinds.map((kind) =>
      encodeBitmap(kind, 17, 9, (x, y) => (x + y) % 2 ** Math.min(kind.depth, 24)),
    )
    const damage = fc.array(fc.tuple(fc.nat(1200), fc.nat(255)), { maxLength: 12 })
    fc.assert(
      fc.property(fc.constantFrom(...files), damage, fc.nat(1200), (file, changes, end) => {
        const bytes = Buffer.from(file.subarray(0, Math.max(2, end)))
        for (const [at, value] of changes) if (at > 1 && at < bytes.length) bytes[at] = value
        const header = bitmapHeader(bytes)
        if (header === null || header.width * header.height > 1e6) return
        const pixels = bitmapPixels(bytes, header)
        if (pixels !== 'truncated') expect(pixels.length).toBe(3 * header.width * header.height)
      }),
      { numRuns: runs.line },
    )
  })
})

describe('A decoded BMP', () => {
  const limits = { ...defaultFilterOptions, minBytes: 0, minSide: 0 }
  const decode = (bytes: Uint8Array, options = limits) =>
    decodeImage(bytes, options, { imageSize: 64, tensorSide: null }, never)

  test('is brought to its working size like any other image', async () => {
    const file = encodeBitmap({ header: 40, depth: 24 }, 200, 100, () => 0x336699)
    const picture = await decode(file)
    expect(picture).toMatchObject({
      width: 64,
      height: 32,
      originalWidth: 200,
      originalHeight: 100,
      sourceFormat: 'bmp',
    })
    expect(picture).toMatchObject({ exif: '{}' })
    expect([...('pixels' in picture ? picture.pixels.subarray(0, 3) : [])]).toEqual([0x33, 0x66, 0x99])
  })

  test('is refused with the reason of what is wrong', async () => {
    const file = encodeBitmap({ header: 40, depth: 8, coding: 'rle8' }, 100, 100, () => 3)
    expect(await decode(file.subarray(0, -90))).toMatchObject({ reason: 'truncated' })
    expect(await decode(file, { ...limits, maxPixels: 9_999 })).toMatchObject({ reason: 'bomb' })
    // Six bytes a pixel are laid out where four are allowed for all pixels.
    expect(await decode(file, { ...limits, maxPixels: 14_999 })).toMatchObject({ reason: 'bomb' })
    expect(await decode(file, { ...limits, maxPixels: 15_000 })).toHaveProperty('pixels')
    const jpegWithin = Buffer.from(file)
    jpegWithin.writeUInt32LE(4, 30)
    expect(await decode(jpegWithin)).toMatchObject({ reason: 'undecodable' })
  })
})
