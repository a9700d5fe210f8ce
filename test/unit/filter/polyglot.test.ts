import { beforeAll, describe, expect, test } from 'vitest'
import { decodeImage } from '../../../src/filter/index.js'
import { sceneOf, withSegment } from '../../fixtures/filter/hostile.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'

const limits = { ...defaultFilterOptions, minBytes: 0 }
const verdict = async (bytes: Uint8Array) => {
  const outcome = await decodeImage(
    bytes,
    limits,
    { imageSize: 512, tensorSide: null },
    new AbortController().signal,
  )
  return 'reason' in outcome ? outcome.reason : `${outcome.width}x${outcome.height}`
}
const page = Buffer.from('<!doctype html><script>alert(1)</script>')
const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')
/** The end of an empty ZIP archive, which readers look for from the back. */
const zip = Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)])

let jpeg: Buffer
let png: Buffer
let gif: Buffer
beforeAll(async () => {
  jpeg = await sceneOf(300, 220).jpeg().toBuffer()
  png = await sceneOf(300, 220).png().toBuffer()
  gif = await sceneOf(300, 220).gif().toBuffer()
})

describe('a file that is two things', () => {
  test.each<[string, () => Buffer, string]>([
    ['a JPEG with a page in its comment is the picture', () => withSegment(jpeg, 0xfe, page), '300x220'],
    ['a JPEG with a page in its metadata is the picture', () => withSegment(jpeg, 0xe1, page), '300x220'],
    ['a JPEG with an archive behind it is the picture', () => Buffer.concat([jpeg, zip]), '300x220'],
    ['a GIF with a page behind it is the picture', () => Buffer.concat([gif, page]), '300x220'],
    ['a PNG with an SVG behind it is the picture', () => Buffer.concat([png, svg]), '300x220'],
    ['a page with a picture behind it is none', () => Buffer.concat([page, png]), 'not_image'],
    ['an SVG with a picture behind it is none', () => Buffer.concat([svg, jpeg]), 'svg'],
    ['an archive with a picture behind it is none', () => Buffer.concat([zip, jpeg]), 'not_image'],
    [
      'a script that begins like a GIF is none',
      () => Buffer.from('GIF89a/*aaaa*/=0;alert(1)'),
      'undecodable',
    ],
    [
      'a PNG under the signature of a GIF is none',
      () => Buffer.concat([Buffer.from('GIF89a'), png.subarray(6)]),
      'undecodable',
    ],
    ['two JPEGs are the first', () => Buffer.concat([jpeg, jpeg]), '300x220'],
  ])('%s', async (_, file, expected) => {
    expect(await verdict(file())).toBe(expected)
  })
})
