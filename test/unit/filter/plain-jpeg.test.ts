import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { plainJpegSize } from '../../../src/filter/plain-jpeg.js'
import { claimedJpeg, sceneOf, withSegment } from '../../fixtures/filter/hostile.js'
import { runs } from '../../fixtures/runs.js'

const size = { width: 90, height: 64 }
const picture = () => sceneOf(size.width, size.height)

describe('a plain JPEG', () => {
  test.each([
    ['baseline', () => picture().jpeg()],
    ['progressive', () => picture().jpeg({ progressive: true })],
    ['grey', () => picture().greyscale().jpeg()],
    ['CMYK', () => picture().toColourspace('cmyk').jpeg()],
    ['with a colour profile', () => picture().withIccProfile('p3').jpeg()],
  ])('tells its size: %s', async (_, encode) => {
    expect(plainJpegSize(await encode().toBuffer())).toEqual(size)
  })

  test('tells its size behind comments, padding and XMP', async () => {
    const jpeg = await picture().jpeg().toBuffer()
    const padded = Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(9, 0xff), jpeg.subarray(2)])
    for (const file of [
      withSegment(jpeg, 0xfe, Buffer.alloc(60_000)),
      withSegment(jpeg, 0xe1, Buffer.from('http://ns.adobe.com/xap/1.0/\0<x/>')),
      padded,
    ])
      expect(plainJpegSize(file)).toEqual(size)
  })

  test('is none that has an EXIF block, wherever in its head', async () => {
    const jpeg = await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer()
    expect(plainJpegSize(jpeg)).toBeNull()
    const plain = await picture().jpeg().toBuffer()
    expect(plainJpegSize(withSegment(plain, 0xe1, Buffer.from('Exif\0\0II*\0')))).toBeNull()
    const scan = plain.indexOf(Buffer.from([0xff, 0xda]))
    const late = withSegment(
      Buffer.concat([plain.subarray(0, 2), plain.subarray(scan)]),
      0xe1,
      Buffer.from('Exif\0\0II*\0'),
    )
    expect(plainJpegSize(Buffer.concat([plain.subarray(0, scan), late.subarray(2)]))).toBeNull()
  })

  test('is none whose head is cut, that says no size, or two', async () => {
    const jpeg = await picture().jpeg().toBuffer()
    const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]))
    for (let end = 0; end < scan; end++) expect(plainJpegSize(jpeg.subarray(0, end))).toBeNull()
    expect(plainJpegSize(claimedJpeg(jpeg, 90, 0))).toBeNull()
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
    const twice = [jpeg.subarray(0, scan), jpeg.subarray(frame, scan), jpeg.subarray(scan)]
    expect(plainJpegSize(Buffer.concat(twice))).toBeNull()
    expect(plainJpegSize(await picture().png().toBuffer())).toBeNull()
  })

  test('has the size that the library sees, or is not taken for one, whatever is wrong with its head', async () => {
    const files = [
      await picture().jpeg().toBuffer(),
      await picture().jpeg({ progressive: true }).withMetadata({ orientation: 6 }).toBuffer(),
    ]
    const head = Math.max(...files.map((file) => file.indexOf(Buffer.from([0xff, 0xda])) + 20))
    const spoil = fc.tuple(fc.nat(head), fc.oneof(fc.nat(255), fc.constantFrom(0xff, 0xc0, 0xc4, 0xda, 0xe1)))
    let agreed = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(1), fc.array(spoil, { maxLength: 4 }), async (which, changes) => {
        const file = Buffer.from(files[which]!)
        for (const [at, value] of changes) file[at] = value
        const plain = plainJpegSize(file)
        const metadata = await sharp(file)
          .metadata()
          .catch(() => null)
        if (plain === null || metadata === null) return
        expect(plain).toEqual({ width: metadata.autoOrient.width, height: metadata.autoOrient.height })
        expect(metadata.exif).toBeUndefined()
        agreed++
      }),
      { numRuns: runs.line },
    )
    expect(agreed).toBeGreaterThan(200)
  })
})
