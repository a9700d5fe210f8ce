import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { exifJson } from '../../../src/filter/exif.js'
import { sceneOf } from '../../fixtures/filter/hostile.js'
import { runs } from '../../fixtures/runs.js'

const blockOf = async (file: Buffer) => (await sharp(file).metadata()).exif

/** One directory of entries whose values fit into four bytes each, or point to `tail`. */
function tiff(
  order: 'II' | 'MM',
  entries: readonly (readonly [number, number, number, number])[],
  tail = '',
): Buffer {
  const little = order === 'II'
  const out = Buffer.alloc(10 + 12 * entries.length + 4 + tail.length)
  const u16 = (value: number, at: number) =>
    little ? out.writeUInt16LE(value, at) : out.writeUInt16BE(value, at)
  const u32 = (value: number, at: number) =>
    little ? out.writeUInt32LE(value, at) : out.writeUInt32BE(value, at)
  out.write(order)
  u16(42, 2)
  u32(8, 4)
  u16(entries.length, 8)
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = 10 + 12 * i
    u16(tag, at)
    u16(type, at + 2)
    u32(count, at + 4)
    if (type === 3 && count === 1) u16(value, at + 8)
    else u32(value, at + 8)
  }
  out.write(tail, 14 + 12 * entries.length, 'latin1')
  return out
}

describe('EXIF', () => {
  test('is read under the names that exifread gives it', async () => {
    const file = await sceneOf(40, 30)
      .withExif({
        IFD0: { Make: 'Canon', Model: 'EOS 5D', Copyright: 'Anna', ImageDescription: ' A red house ' },
        IFD2: {
          ExposureTime: '1/60',
          FNumber: '28/10',
          DateTimeOriginal: '2020:01:02 03:04:05',
          ISOSpeedRatings: '200',
        },
      })
      .jpeg()
      .toBuffer()
    expect(JSON.parse(exifJson(await blockOf(file)))).toMatchObject({
      'Image Make': 'Canon',
      'Image Model': 'EOS 5D',
      'Image Copyright': 'Anna',
      'Image ImageDescription': 'A red house',
      'EXIF ExposureTime': '1/60',
      'EXIF FNumber': '14/5',
      'EXIF ISOSpeedRatings': '200',
      'EXIF DateTimeOriginal': '2020:01:02 03:04:05',
    })
  })

  test.each(['webp', 'png', 'avif'] as const)('is read from %s too', async (format) => {
    const file = await sceneOf(64, 64)
      .withExif({ IFD0: { Make: 'Canon' } })
      .toFormat(format)
      .toBuffer()
    expect(JSON.parse(exifJson(await blockOf(file)))).toMatchObject({ 'Image Make': 'Canon' })
  })

  test('is {} where there is none or it cannot be read', () => {
    expect(exifJson(undefined)).toBe('{}')
    expect(exifJson(Buffer.from('Exif\0\0'))).toBe('{}')
    expect(exifJson(Buffer.from('no tiff at all'))).toBe('{}')
  })

  test('is the same in both byte orders', () => {
    for (const order of ['II', 'MM'] as const)
      expect(
        exifJson(
          tiff(
            order,
            [
              [0x0112, 3, 1, 6],
              [0x010f, 2, 6, 38],
            ],
            'Canon\0',
          ),
        ),
      ).toBe('{"Image Orientation":"6","Image Make":"Canon"}')
  })

  test('tells nothing of where and with whose camera a picture was taken', async () => {
    const file = await sceneOf(40, 30)
      .withExif({
        IFD0: { Make: 'Canon' },
        IFD2: { BodySerialNumber: '1234', CameraOwnerName: 'Anna' },
        IFD3: { GPSLatitude: '52/1 31/1 12/1' },
      })
      .jpeg()
      .toBuffer()
    expect(exifJson(await blockOf(file))).not.toMatch(/GPS|1234|Anna/)
  })

  test('is bounded, whatever a directory claims', () => {
    expect(
      exifJson(
        tiff('II', [
          [0x010f, 2, 0xffffffff, 0],
          [0x0110, 5, 0x20000000, 0],
          [0x8769, 4, 1, 8],
        ]),
      ),
    ).toBe('{}')
    const long = tiff('II', [[0x010f, 2, 5000, 26]], 'x'.repeat(5000))
    expect(JSON.parse(exifJson(long))['Image Make']).toHaveLength(200)
  })

  test('is a JSON object of strings for any bytes', () => {
    const tags = [0x010e, 0x010f, 0x0112, 0x011a, 0x8769, 0x829a, 0x9003, 0x9204]
    const entry = fc.tuple(fc.constantFrom(...tags), fc.nat(12), fc.nat(300), fc.nat(400))
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 20 }),
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.nat(400),
        (entries, tail, cut) => {
          const parsed: unknown = JSON.parse(exifJson(tiff('MM', entries, tail).subarray(0, cut)))
          expect(Object.values(parsed as object).every((value) => typeof value === 'string')).toBe(true)
        },
      ),
      { numRuns: runs.line },
    )
  })
})
