import fc from 'fast-check'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { headerVerdict, imageSize, sniffBytes, sniffImage } from '../../../src/filter/index.js'
import { encodeBitmap } from '../../fixtures/filter/bitmaps.js'
import {
  claimedGif,
  claimedJpeg,
  claimedPng,
  pngChunk,
  pngSignature,
  sceneOf,
  tiffHead,
  withSegment,
} from '../../fixtures/filter/hostile.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'
import { runs } from '../../fixtures/runs.js'

const width = 403
const height = 301
const limits = { ...defaultFilterOptions, minBytes: 0 }
const files = new Map<string, Buffer>()

beforeAll(async () => {
  const scene = () => sceneOf(width, height)
  files.set('jpeg', await scene().jpeg().toBuffer())
  files.set('progressive jpeg', await scene().jpeg({ progressive: true }).toBuffer())
  files.set(
    'jpeg with 120 KB of metadata',
    withSegment(
      withSegment(files.get('jpeg')!, 0xe1, Buffer.alloc(60_000, 0xff)),
      0xed,
      Buffer.alloc(60_000),
    ),
  )
  files.set('png', await scene().png().toBuffer())
  files.set('gif', await scene().gif().toBuffer())
  files.set('webp, lossy', await scene().webp().toBuffer())
  files.set('webp, lossless', await scene().webp({ lossless: true }).toBuffer())
  files.set('webp, extended', await scene().ensureAlpha(0.5).webp().toBuffer())
  files.set('avif', await scene().avif({ effort: 0 }).toBuffer())
  files.set('avif with alpha', await scene().ensureAlpha(0.5).avif({ effort: 0 }).toBuffer())
  files.set(
    'bmp',
    encodeBitmap({ header: 40, depth: 24 }, width, height, () => 0x123456),
  )
  files.set(
    'bmp from the top',
    encodeBitmap({ header: 40, depth: 24, fromTop: true }, width, height, () => 0x123456),
  )
})

const names = [
  'jpeg',
  'progressive jpeg',
  'jpeg with 120 KB of metadata',
  'png',
  'gif',
  'webp, lossy',
  'webp, lossless',
  'webp, extended',
  'avif',
  'avif with alpha',
  'bmp',
  'bmp from the top',
]

describe('The dimensions of an image', () => {
  test.each(names)('are read from every prefix that holds them, and asked for before: %s', (name) => {
    const file = files.get(name)!
    expect(imageSize(file)).toEqual({ width, height })
    let told = false
    for (let length = 32; length <= file.length; length += length < 1200 ? 1 : 997) {
      const answer = imageSize(file.subarray(0, length))
      if (told || answer !== 'more') expect(answer).toEqual({ width, height })
      told ||= answer !== 'more'
    }
    expect(told).toBe(true)
  })

  test('stand within the first 1,024 bytes of every format unless metadata comes before them', () => {
    for (const name of names.filter((name) => !name.includes('metadata')))
      expect(imageSize(files.get(name)!.subarray(0, 1024))).toEqual({ width, height })
  })

  test('are unknown where a JPEG leaves its height to a later segment, or has no frame', async () => {
    expect(imageSize(claimedJpeg(files.get('jpeg')!, 400, 0))).toBe('unknown')
    expect(imageSize(Buffer.from([0xff, 0xd8, 0xff, 0xd9]))).toBe('unknown')
    expect(imageSize(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0, 1, 2]))).toBe('unknown')
  })

  test('are unknown where a PNG does not begin with its header', () => {
    expect(imageSize(Buffer.concat([pngSignature, pngChunk('tEXt', Buffer.alloc(40))]))).toBe('unknown')
  })

  test('are an answer, never an exception, for any bytes behind any magic number', () => {
    const heads = [...names.map((name) => files.get(name)!.subarray(0, 40)), Buffer.alloc(0)]
    fc.assert(
      fc.property(
        fc.constantFrom(...heads),
        fc.nat(40),
        fc.uint8Array({ maxLength: 200 }),
        (head, at, rest) => {
          const bytes = Buffer.concat([head.subarray(0, at), rest])
          const size = imageSize(bytes)
          expect(size === 'more' || size === 'unknown' || (size.width >= 0 && size.height >= 0)).toBe(true)
          expect(['more', 'wanted', 'rejected']).toContain(headerVerdict(bytes, limits, false).kind)
          expect(['wanted', 'rejected']).toContain(headerVerdict(bytes, limits, true).kind)
        },
      ),
      { numRuns: runs.line },
    )
  })
})

describe('The format of a body', () => {
  const page = Buffer.from('<!DOCTYPE html><html><body>GIF89a</body></html>')

  test.each(names)('is told by its first bytes: %s', (name) => {
    const format = /^(?:progressive )?(\w+)/.exec(name)![1]!
    expect(sniffImage(files.get(name)!.subarray(0, 32)).format).toBe(format)
  })

  test('is that of its beginning, whatever follows', () => {
    const gif = files.get('gif')!
    expect(sniffImage(Buffer.concat([gif, page])).format).toBe('gif')
    expect(sniffImage(Buffer.concat([page, gif])).format).toBe('html')
    expect(sniffImage(Buffer.concat([Buffer.from('GIF89a<script>alert(1)</script>')])).format).toBe('gif')
  })

  test.each([
    ['html', '<!DOCTYPE html><p>no image here'],
    ['html', '\ufeff\n <html><head>'],
    ['html', '{"error": "not found"}'],
    ['html', 'Not Found, sorry'],
    ['html', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
    ['html', '<html><body><svg width="1"></svg></body></html>'],
    ['svg', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['svg', '<?xml version="1.0"?>\n<!-- drawn by hand -->\n<!DOCTYPE svg>\n<svg:svg width="5">'],
    ['html', 'BM is a short name for a thing'],
    ['unknown', '\x1f\x8b\x08\0\0\0\0\0'],
    ['unknown', '\xff\xff\xff'],
    ['unknown', ''],
  ])('is %s for %j', (format, text) => {
    const bytes = Buffer.from(text, format === 'unknown' ? 'latin1' : 'utf8')
    expect(sniffImage(bytes).format).toBe(format)
  })

  test('is svg in UTF-16 too', () => {
    expect(sniffImage(Buffer.from('\ufeff<svg xmlns="x">', 'utf16le')).format).toBe('svg')
  })

  test('tells AVIF from HEIC by the brands', () => {
    const brands = (...names: string[]) => {
      const box = Buffer.from(`\0\0\0\0ftyp${names[0]}\0\0\0\0${names.slice(1).join('')}`, 'latin1')
      box.writeUInt32BE(box.length)
      return sniffImage(box).format
    }
    expect(brands('avif', 'mif1')).toBe('avif')
    expect(brands('mif1', 'miaf', 'avif')).toBe('avif')
    expect(brands('heic', 'mif1')).toBe('heic')
    expect(brands('isom', 'mp41')).toBe('unknown')
  })

  test('is tiff and ico by their signatures', async () => {
    expect(sniffImage(await sceneOf(20, 20).tiff().toBuffer()).format).toBe('tiff')
    expect(sniffImage(Buffer.from([0, 0, 1, 0, 1, 0, 16, 16])).format).toBe('ico')
  })
})

describe('The verdict on a head', () => {
  const head = (file: Buffer) => headerVerdict(file.subarray(0, 2000), limits, false)
  const reasonOf = (file: Buffer) => {
    const verdict = head(file)
    return verdict.kind === 'rejected' ? verdict.reason : verdict.kind
  }

  test('asks for more until it can tell, and then wants a good image', () => {
    const file = files.get('jpeg with 120 KB of metadata')!
    expect(headerVerdict(file.subarray(0, 0), limits, false)).toEqual({ kind: 'more' })
    expect(headerVerdict(file.subarray(0, 100_000), limits, false)).toEqual({ kind: 'more' })
    expect(headerVerdict(file, limits, false)).toEqual({ kind: 'wanted', format: 'jpeg', width, height })
  })

  test('waits for enough bytes before it calls something no image', () => {
    expect(headerVerdict(Buffer.alloc(sniffBytes - 1, 0x41), limits, false)).toEqual({ kind: 'more' })
    expect(reasonOf(Buffer.alloc(sniffBytes, 0x41))).toBe('not_image')
  })

  test('refuses what only claims to be large as a bomb, before anything is decoded', () => {
    expect(reasonOf(claimedPng(30_000, 30_000))).toBe('bomb')
    expect(reasonOf(claimedGif(65_535, 65_535))).toBe('bomb')
    expect(reasonOf(claimedJpeg(files.get('jpeg')!, 65_000, 65_000))).toBe('bomb')
    expect(reasonOf(claimedPng(8192, 8192))).toBe('wanted')
    expect(reasonOf(claimedPng(8192, 8193))).toBe('bomb')
  })

  test('refuses small and long images, and those of no size', () => {
    expect(reasonOf(claimedPng(199, 300))).toBe('side_small')
    expect(reasonOf(claimedPng(300, 199))).toBe('side_small')
    expect(reasonOf(claimedPng(200, 600))).toBe('wanted')
    expect(reasonOf(claimedPng(200, 601))).toBe('aspect')
    expect(reasonOf(claimedPng(0, 601))).toBe('undecodable')
    expect(headerVerdict(claimedPng(10, 6000), { ...limits, minSide: 0, maxAspect: 0 }, false).kind).toBe(
      'wanted',
    )
  })

  test('refuses formats that are not decoded', async () => {
    expect(reasonOf(tiffHead)).toBe('format')
    expect(
      reasonOf(
        await sharp({ create: { width: 300, height: 300, channels: 3, background: 'red' } })
          .tiff()
          .toBuffer(),
      ),
    ).toBe('format')
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
    expect(headerVerdict(svg, limits, true)).toMatchObject({ reason: 'svg' })
    expect(headerVerdict(Buffer.from([0xff, 0xff, 0xff]), limits, true)).toMatchObject({
      reason: 'not_image',
    })
  })
})
