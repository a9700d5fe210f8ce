import fc from 'fast-check'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Decoded, decodeImage, type ImageRejected } from '../../../src/filter/index.js'
import {
  claimedGif,
  claimedJpeg,
  claimedPng,
  pngChunk,
  scene,
  sceneOf,
  tiffHead,
} from '../../fixtures/filter/hostile.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'
import { runs } from '../../fixtures/runs.js'

const width = 300
const height = 220
const limits = { ...defaultFilterOptions, minBytes: 0 }
const never = new AbortController().signal
const decode = (bytes: Uint8Array, options = limits) =>
  decodeImage(bytes, options, { imageSize: 512, tensorSide: null }, never)

function decoded(outcome: Decoded | ImageRejected): Decoded {
  if ('reason' in outcome) throw new Error(`rejected: ${outcome.reason}, ${outcome.detail}`)
  expect(outcome.pixels.length).toBe(3 * outcome.width * outcome.height)
  return outcome
}

/** Mean difference of two pictures of one size, 0..255. */
function difference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length)
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length
}

const pixelAt = ({ pixels, width }: Decoded, x: number, y: number) => [
  ...pixels.subarray(3 * (y * width + x)).subarray(0, 3),
]

describe('A decoded image', () => {
  const original = scene(width, height)

  test.each([
    ['png', () => sceneOf(width, height).png(), 0],
    ['interlaced png', () => sceneOf(width, height).png({ progressive: true }), 0],
    ['16-bit png', () => sceneOf(width, height).toColourspace('rgb16').png(), 1],
    ['png with a palette', () => sceneOf(width, height).png({ palette: true }), 20],
    ['lossless webp', () => sceneOf(width, height).webp({ lossless: true }), 0],
    ['webp', () => sceneOf(width, height).webp({ quality: 95 }), 14],
    ['jpeg', () => sceneOf(width, height).jpeg({ quality: 95 }), 14],
    ['progressive jpeg', () => sceneOf(width, height).jpeg({ quality: 95, progressive: true }), 14],
    ['gif', () => sceneOf(width, height).gif(), 25],
    ['avif', () => sceneOf(width, height).avif({ quality: 90, effort: 0 }), 14],
    ['jpeg in Display P3', () => sceneOf(width, height).withIccProfile('p3').jpeg({ quality: 95 }), 16],
    ['png in Display P3', () => sceneOf(width, height).withIccProfile('p3').png(), 6],
  ])('has the colours that were encoded, in 8-bit sRGB: %s', async (_, encode, tolerance) => {
    const picture = decoded(await decode(await encode().toBuffer()))
    expect(picture).toMatchObject({ width, height, originalWidth: width, originalHeight: height })
    expect(difference(picture.pixels, original)).toBeLessThanOrEqual(tolerance)
  })

  test('has the colours that a wide-gamut profile means, not the numbers stored', async () => {
    const file = await sceneOf(width, height).withIccProfile('p3').png().toBuffer()
    const numbers = await sharp(file, { ignoreIcc: true }).removeAlpha().raw().toBuffer()
    const { pixels } = decoded(await decode(file))
    expect(difference(pixels, original)).toBeLessThan(difference(numbers, original) / 2)
  })

  test('has three channels where the source is CMYK or grey', async () => {
    const cmyk = decoded(
      await decode(await sceneOf(width, height).withIccProfile('cmyk').jpeg({ quality: 95 }).toBuffer()),
    )
    expect(difference(cmyk.pixels, original)).toBeLessThan(40)
    for (const file of [
      await sceneOf(width, height).greyscale().jpeg().toBuffer(),
      await sceneOf(width, height).toColourspace('grey16').png().toBuffer(),
      await sceneOf(width, height).greyscale().threshold(128).png({ palette: true, colours: 2 }).toBuffer(),
    ]) {
      const grey = decoded(await decode(file))
      for (const at of [0, 30_000, 90_000]) {
        expect(grey.pixels[at]).toBe(grey.pixels[at + 1])
        expect(grey.pixels[at]).toBe(grey.pixels[at + 2])
      }
    }
  })

  test.each(['png', 'webp', 'avif'] as const)('lies on white where it is transparent: %s', async (format) => {
    const half = {
      create: { width, height: height / 2, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
    } as const
    const file = await sharp({
      create: { width, height, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .composite([{ input: await sharp(half).png().toBuffer(), top: 0, left: 0 }])
      .toFormat(format, { lossless: true })
      .toBuffer()
    const picture = decoded(await decode(file))
    expect(pixelAt(picture, 150, 200)).toEqual([255, 255, 255])
    for (const [at, value] of [255, 127, 127].entries())
      expect(Math.abs(pixelAt(picture, 150, 50)[at]! - value)).toBeLessThanOrEqual(2)
  })

  test('lies on white where a grey or a 16-bit image is transparent', async () => {
    for (const file of [
      await sceneOf(width, height).greyscale().ensureAlpha(0).png().toBuffer(),
      await sceneOf(width, height).ensureAlpha(0).toColourspace('rgb16').png().toBuffer(),
    ])
      expect(decoded(await decode(file)).pixels.every((value) => value === 255)).toBe(true)
  })

  test.each(['gif', 'webp'] as const)('is the first frame of an animation: %s', async (format) => {
    const two = Buffer.concat([Buffer.alloc(width * height * 3, 200), Buffer.alloc(width * height * 3, 20)])
    const frames = { raw: { width, height: 2 * height, channels: 3, pageHeight: height } } as const
    const file = await sharp(two, frames)
      .toFormat(format, { delay: [50, 50] })
      .toBuffer()
    expect((await sharp(file).metadata()).pages).toBe(2)
    const picture = decoded(await decode(file))
    expect(picture).toMatchObject({ width, height })
    expect(difference(picture.pixels, two.subarray(0, width * height * 3))).toBeLessThan(3)
  })

  // EXIF 2.32, 4.6.4 A: where the stored row 0 and column 0 belong. Each takes the upright x, y to the stored x, y.
  const stored: Record<number, (x: number, y: number) => readonly [number, number]> = {
    1: (x, y) => [x, y],
    2: (x, y) => [width - 1 - x, y],
    3: (x, y) => [width - 1 - x, height - 1 - y],
    4: (x, y) => [x, height - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y) => [y, width - 1 - x],
    7: (x, y) => [height - 1 - y, width - 1 - x],
    8: (x, y) => [height - 1 - y, x],
  }

  test.each(Object.keys(stored).map(Number))(
    'is upright whatever its EXIF orientation: %i',
    async (orientation) => {
      const [storedWidth, storedHeight] = orientation > 4 ? [height, width] : [width, height]
      const turned = Buffer.alloc(original.length)
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const [toX, toY] = stored[orientation]!(x, y)
          original.copy(turned, 3 * (toY * storedWidth + toX), 3 * (y * width + x), 3 * (y * width + x + 1))
        }
      const raw = { raw: { width: storedWidth, height: storedHeight, channels: 3 } } as const
      const png = await sharp(turned, raw).withMetadata({ orientation }).png().toBuffer()
      const upright = decoded(await decode(png))
      expect(upright).toMatchObject({ width, height, originalWidth: width, originalHeight: height })
      expect(difference(upright.pixels, original)).toBe(0)
      const jpeg = await sharp(turned, raw).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer()
      expect(difference(decoded(await decode(jpeg)).pixels, original)).toBeLessThan(14)
    },
  )
})

describe('The working size', () => {
  const at = async (size: readonly [number, number], imageSize: number, tensorSide: number | null) => {
    const file = await sceneOf(...size)
      .jpeg()
      .toBuffer()
    return decoded(await decodeImage(file, limits, { imageSize, tensorSide }, never))
  }

  test('is the stored size where nothing is scored', async () => {
    expect(await at([1280, 860], 256, null)).toMatchObject({
      width: 256,
      height: 172,
      originalWidth: 1280,
      originalHeight: 860,
    })
    expect(await at([300, 200], 256, null)).toMatchObject({ width: 256, height: 171 })
    expect(await at([200, 250], 256, null)).toMatchObject({ width: 200, height: 250 })
  })

  test('holds twice the model input on the short side where that is more, and never more than was fetched', async () => {
    expect(await at([1280, 860], 256, 224)).toMatchObject({ width: 667, height: 448 })
    expect(await at([1280, 860], 1024, 224)).toMatchObject({ width: 1024, height: 688 })
    expect(await at([640, 500], 256, 224)).toMatchObject({ width: 640, height: 500 })
    expect(await at([240, 220], 512, 224)).toMatchObject({ width: 240, height: 220 })
  })

  test.each([
    [1280, 864, 256],
    [864, 1280, 256],
    [1536, 1024, 512],
    [2304, 1728, 256],
    [1280, 720, 320],
  ])(
    'is the stored size where a side is a multiple of it, turned or not: %i x %i to %i',
    async (w, h, imageSize) => {
      const scale = imageSize / Math.max(w, h)
      const [width, height] = [Math.round(w * scale), Math.round(h * scale)]
      const full = await sceneOf(w, h).raw().toBuffer()
      const raw = { raw: { width: w, height: h, channels: 3 } } as const
      const expected = await sharp(full, raw).resize(width, height, { fit: 'fill' }).raw().toBuffer()
      const upright = await sharp(full, raw).jpeg({ quality: 95 }).toBuffer()
      const turned = await sharp(full, raw)
        .rotate(270)
        .withMetadata({ orientation: 6 })
        .jpeg({ quality: 95 })
        .toBuffer()
      for (const file of [upright, turned]) {
        const picture = decoded(await decodeImage(file, limits, { imageSize, tensorSide: null }, never))
        expect(picture).toMatchObject({ width, height, originalWidth: w, originalHeight: h })
        expect(difference(picture.pixels, expected)).toBeLessThan(3)
      }
    },
  )

  test('shows the same picture as the full size', async () => {
    const file = await sceneOf(1280, 860).jpeg({ quality: 95 }).toBuffer()
    const small = decoded(await decodeImage(file, limits, { imageSize: 256, tensorSide: null }, never))
    const full = await sharp(file).resize(256, 172, { fit: 'fill', fastShrinkOnLoad: false }).raw().toBuffer()
    expect(difference(small.pixels, full)).toBeLessThan(3)
  })
})

describe('A file that is no usable image', () => {
  const files = new Map<string, Buffer>()
  const formats = ['jpeg', 'progressive jpeg', 'png', 'gif', 'webp', 'avif'] as const

  beforeAll(async () => {
    const picture = () => sceneOf(width, height)
    files.set('jpeg', await picture().jpeg().toBuffer())
    files.set('progressive jpeg', await picture().jpeg({ progressive: true }).toBuffer())
    files.set('png', await picture().png().toBuffer())
    files.set('gif', await picture().gif().toBuffer())
    files.set('webp', await picture().webp().toBuffer())
    files.set('avif', await picture().avif({ effort: 0 }).toBuffer())
  })

  test.each(formats)('is truncated wherever it was cut: %s', async (format) => {
    const file = files.get(format)!
    for (const share of [0.1, 0.4, 0.8, 0.97])
      expect(await decode(file.subarray(0, Math.floor(file.length * share)))).toMatchObject({
        reason: 'truncated',
      })
  })

  test('has the same verdict whatever else fails at the same moment', async () => {
    const damaged = Buffer.from(files.get('png')!)
    damaged.fill(7, 100, damaged.length - 100)
    const cut = formats.flatMap((format) =>
      [0.3, 0.5, 0.9].map((share) => files.get(format)!.subarray(0, files.get(format)!.length * share)),
    )
    const broken = [
      ...cut,
      damaged,
      // Cut within, with all its end; and whole, but with little data.
      Buffer.concat([files.get('jpeg')!.subarray(0, 4_000), files.get('jpeg')!.subarray(-400)]),
      claimedJpeg(files.get('jpeg')!, 2_000, 2_000),
      claimedPng(1_000, 1_000, 1_000),
    ]
    const alone: (Decoded | ImageRejected)[] = []
    for (const bytes of broken) alone.push(await decode(bytes))
    expect(alone.map((verdict) => 'reason' in verdict && verdict.reason)).toEqual([
      ...cut.map(() => 'truncated'),
      ...Array(4).fill('undecodable'),
    ])
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(broken.length - 1), { minLength: 2, maxLength: 60 }),
        async (crowd) => {
          const together = await Promise.all(crowd.map((at) => decode(broken[at]!)))
          expect(together).toEqual(crowd.map((at) => alone[at]))
        },
      ),
      { numRuns: runs.work },
    )
  })

  test.each(formats)('is not one with other bytes behind it: %s', async (format) => {
    decoded(await decode(Buffer.concat([files.get(format)!, Buffer.from('<html>'.repeat(100))])))
  })

  test.each(['jpeg', 'png', 'gif', 'avif'])('is refused where its data is damaged: %s', async (format) => {
    const file = Buffer.from(files.get(format)!)
    file.fill(0, file.length >> 1, (file.length >> 1) + (file.length >> 2))
    file.fill(0xff, (file.length >> 1) + 100, (file.length >> 1) + 200)
    expect(await decode(file)).toHaveProperty('reason')
  })

  test('is a bomb where it claims more pixels than allowed, without being decoded', async () => {
    const before = process.memoryUsage.rss()
    for (const bomb of [claimedPng(30_000, 30_000), claimedJpeg(files.get('jpeg')!, 65_000, 65_000)])
      expect(await decode(bomb)).toMatchObject({ reason: 'bomb' })
    expect(process.memoryUsage.rss() - before).toBeLessThan(300e6)
    expect(await decode(files.get('png')!, { ...limits, maxPixels: width * height - 1 })).toMatchObject({
      reason: 'bomb',
    })
    decoded(await decode(files.get('png')!, { ...limits, maxPixels: width * height }))
  })

  test('is a bomb where its pixels take more bytes than that while they are decoded', async () => {
    const side = 512
    const picture = (channels: 3 | 4) =>
      sharp({
        create: { width: side, height: side, channels, background: { r: 9, g: 90, b: 200, alpha: 0.5 } },
      })
    const deep = picture(4).toColourspace('rgb16')
    const files: [string, Buffer, times: number][] = [
      ['8-bit', await picture(4).png().toBuffer(), 1],
      ['16-bit', await deep.clone().png().toBuffer(), 2],
      ['8-bit, interlaced', await picture(4).png({ progressive: true }).toBuffer(), 2],
      ['16-bit, interlaced', await deep.clone().png({ progressive: true }).toBuffer(), 4],
      ['webp', await picture(4).webp().toBuffer(), 1],
      ['progressive jpeg', await picture(3).jpeg({ progressive: true }).toBuffer(), 1],
      ['gif', await picture(4).gif().toBuffer(), 2],
      ['avif', await picture(4).avif({ effort: 0 }).toBuffer(), 4],
    ]
    for (const [name, file, times] of files) {
      const outcome = (maxPixels: number) => decode(file, { ...limits, minBytes: 0, maxPixels })
      expect(await outcome(side * side * times), name).toHaveProperty('pixels')
      expect(await outcome(side * side * times - 1), name).toMatchObject({ reason: 'bomb' })
    }
  })

  test('is undecodable where it holds less data than its header promises, but ends well', async () => {
    // A decoder that forgives gives a half grey picture.
    expect(await decode(claimedJpeg(files.get('jpeg')!, 2000, 2000))).toMatchObject({ reason: 'undecodable' })
    expect(await decode(claimedPng(1000, 1000, 1000))).toMatchObject({ reason: 'undecodable' })
    const header = Buffer.alloc(13)
    const hollow = Buffer.concat([
      files.get('png')!.subarray(0, 8),
      pngChunk('IHDR', header),
      pngChunk('IEND', Buffer.alloc(0)),
    ])
    expect(await decode(hollow)).toMatchObject({ reason: 'undecodable' })
  })

  test.each([
    ['svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"/>')],
    ['not_image', Buffer.from('<!doctype html><title>404</title>')],
    ['not_image', Buffer.from([0xff, 0xff, 0xff])],
    ['not_image', Buffer.alloc(0)],
    ['format', tiffHead],
    ['side_small', claimedGif(1, 1)],
    ['truncated', Buffer.from([0xff, 0xd8, 0xff])],
  ])('is refused as %s: %#', async (reason, bytes) => {
    expect(await decode(bytes)).toMatchObject({ reason })
  })

  test('is refused by the loader itself where it is tiff, even past the sniffing', async () => {
    const tiff = await sceneOf(width, height).tiff().toBuffer()
    expect(await decode(tiff)).toMatchObject({ reason: 'format' })
    await expect(sharp(tiff).metadata()).rejects.toThrow()
    await expect(sharp(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')).metadata()).rejects.toThrow()
  })

  test('is refused by its size, its bytes and its shape', async () => {
    expect(await decode(files.get('png')!, { ...limits, minSide: 221 })).toEqual({
      reason: 'side_small',
      detail: '300 x 220',
    })
    expect(await decode(files.get('png')!, { ...limits, minBytes: 1e7 })).toMatchObject({
      reason: 'bytes_small',
    })
    expect(await decode(await sceneOf(210, 700).jpeg().toBuffer())).toEqual({
      reason: 'aspect',
      detail: '210 x 700',
    })
  })

  test('is not begun once the work was called off', async () => {
    const reason = new Error('lease lost')
    const called = decodeImage(
      files.get('png')!,
      limits,
      { imageSize: 512, tensorSide: null },
      AbortSignal.abort(reason),
    )
    await expect(called).rejects.toBe(reason)
  })
})

describe('A file that browsers show though it breaks its format', () => {
  const size = 480
  const photo = () => sceneOf(size, 320)
  const kinds = ['baseline', 'progressive', 'grey'] as const
  const files = new Map<(typeof kinds)[number], Buffer>()

  beforeAll(async () => {
    files.set('baseline', await photo().jpeg().toBuffer())
    files.set('progressive', await photo().jpeg({ progressive: true }).toBuffer())
    files.set('grey', await photo().greyscale().jpeg().toBuffer())
  })

  /** As the first frame shows it, whatever is wrong behind it. */
  const like = async (file: Buffer, whole: Buffer) =>
    difference(decoded(await decode(file)).pixels, decoded(await decode(whole)).pixels)

  test.each(kinds)('is decoded where its data lacks some bytes before its end mark: %s', async (kind) => {
    const whole = files.get(kind)!
    for (const lacking of [1, 2, 3, 4, 6, 10])
      expect(
        await like(Buffer.concat([whole.subarray(0, -2 - lacking), whole.subarray(-2)]), whole),
      ).toBeLessThan(1)
  })

  test.each(kinds)('is decoded where its end mark is lost, with some bytes or none: %s', async (kind) => {
    const whole = files.get(kind)!
    for (const lacking of [1, 2, 3, 6, 10])
      expect(await like(whole.subarray(0, -lacking), whole)).toBeLessThan(1)
  })

  test.each(kinds)('is not one that lacks rows, with its end mark or without: %s', async (kind) => {
    const whole = files.get(kind)!
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0.05, max: 0.97, noNaN: true }), async (share) => {
        const cut = whole.subarray(0, Math.floor(share * whole.length))
        expect(await decode(cut)).toMatchObject({ reason: 'truncated' })
      }),
      { numRuns: runs.file / 4 },
    )
    if (kind === 'progressive') return
    for (const share of [0.3, 0.6, 0.85])
      expect(
        await decode(Buffer.concat([whole.subarray(0, share * whole.length), whole.subarray(-2)])),
      ).toMatchObject({ reason: 'undecodable' })
  })

  test('is decoded where a camera writes a scan header that means nothing in a sequential picture', async () => {
    const whole = files.get('baseline')!
    const odd = Buffer.from(whole)
    const scan = odd.indexOf(Buffer.from([0xff, 0xda]))
    // B.2.3: first and last coefficient, and the bits of them.
    odd.set([0, 0, 0], scan + 2 + odd.readUInt16BE(scan + 2) - 3)
    expect(await like(odd, whole)).toBe(0)
  })

  test.each([false, true])(
    'is a GIF without its last bytes, and not one that lacks pixels (interlaced: %s)',
    async (progressive) => {
      const whole = await photo().gif({ progressive }).toBuffer()
      for (const lacking of [1, 2]) expect(await like(whole.subarray(0, -lacking), whole)).toBe(0)
      for (const share of [0.3, 0.9, 0.99])
        expect(await decode(whole.subarray(0, share * whole.length))).toMatchObject({ reason: 'truncated' })
    },
  )

  test('is a PNG whose checksums are wrong, and not one that lacks rows', async () => {
    for (const progressive of [false, true]) {
      const whole = await photo().png({ progressive }).toBuffer()
      const spoilt = Buffer.from(whole)
      const at = spoilt.indexOf('IDAT')
      spoilt[at + 4 + spoilt.readUInt32BE(at - 4)]! ^= 1
      expect(await like(spoilt, whole)).toBe(0)
      // The checksum of the data itself stands right before the last chunk's own.
      const sum = Buffer.from(whole)
      sum.fill(9, whole.length - 20, whole.length - 16)
      expect(await like(sum, whole)).toBe(0)
      for (const share of [0.3, 0.9, 0.98])
        expect(await decode(whole.subarray(0, share * whole.length))).toMatchObject({ reason: 'truncated' })
    }
  })
})
