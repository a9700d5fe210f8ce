import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { imagesOf, stepsOf, told } from '../../../../fixtures/crawl/sources/archive/reader.js'
import {
  members,
  page,
  pageRecord,
  type RecordParts,
  record,
  requestRecord,
  response,
  wat,
} from '../../../../fixtures/crawl/sources/archive/warc-writer.js'
import { runs } from '../../../../fixtures/runs.js'

/** The same records with each a member, in one member, and not compressed. */
const waysOf = (...records: readonly Buffer[]): [string, Buffer][] => [
  ['members', members(...records)],
  ['one member', gzipSync(Buffer.concat(records))],
  ['plain', Buffer.concat(records)],
]

/** A page's record with other line ends in its own head, and in that of its response. */
function withLineEnds(n: number, own: string, ownLast: string, http: string, httpLast: string): Buffer {
  const head = (text: string, end: string, last: string) =>
    `${text.trimEnd().split('\r\n').join(end)}${end}${last}`
  const [responseHead = ''] = response('').toString().split('\r\n\r\n')
  const block = Buffer.from(head(responseHead, http, httpLast) + page(n))
  const whole = pageRecord(n, { block }).toString('latin1')
  const at = whole.indexOf('\r\n\r\n')
  return Buffer.concat([
    Buffer.from(head(whole.slice(0, at), own, ownLast)),
    Buffer.from(whole.slice(at + 4), 'latin1'),
  ])
}

describe('heads in an archive', () => {
  it('end with their first empty line, whichever line ends they have', async () => {
    const ends = ['\n', '\r\n'] as const
    for (const own of ends) {
      for (const ownLast of ends) {
        for (const http of ends) {
          for (const httpLast of ends) {
            const records = [pageRecord(1), withLineEnds(2, own, ownLast, http, httpLast), pageRecord(3)]
            for (const [way, bytes] of waysOf(...records)) {
              for (const pieceBytes of [1, 1_000]) {
                const { images, skipped } = await told(bytes, pieceBytes)
                expect([way, own, ownLast, http, httpLast, images, skipped]).toEqual([
                  ...[way, own, ownLast, http, httpLast],
                  imagesOf(1, 2, 3),
                  [],
                ])
              }
            }
          }
        }
      }
    }
  })
})

describe('lengths in an archive', () => {
  const off = (n: number, by: number, parts: RecordParts = {}) => {
    const block = Buffer.from(parts.block ?? response(page(n)))
    return pageRecord(n, { ...parts, block, length: block.length + by })
  }

  it('may be off by some bytes, of records that are wanted and others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -32, max: 32 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: -20, max: 20 }),
        fc.constantFrom(1, 7, 1_000),
        async (offs, requestOff, pieceBytes) => {
          const request = 'GET / HTTP/1.1\r\nHost: site.test\r\nAccept: */*\r\n\r\n'
          const records = [
            off(0, requestOff, { type: 'request', block: request }),
            ...offs.map((by, n) => off(n + 1, by)),
            requestRecord(9),
          ]
          for (const [way, bytes] of waysOf(...records)) {
            const { images, skipped, counters } = await told(bytes, pieceBytes)
            expect([way, skipped]).toEqual([way, []])
            expect(images).toEqual(imagesOf(...offs.map((_, n) => n + 1)))
            expect(counters.records).toBe(offs.length + 2)
          }
        },
      ),
      { numRuns: runs.file },
    )
  })

  it('may be off of the last record, and of one whose body is compressed', async () => {
    const packed = response(gzipSync(page(1)), { 'Content-Encoding': 'gzip' })
    for (const by of [-9, -1, 1, 4, 9]) {
      for (const [way, bytes] of waysOf(off(1, by, { block: packed }), off(2, by))) {
        const { images, skipped } = await told(bytes)
        expect([by, way, images, skipped]).toEqual([by, way, imagesOf(1, 2), []])
      }
    }
  })
})

describe('an archived body', () => {
  const comment = `<!-- ${'terms of use '.repeat(200)} -->`
  const codings = ['gzip', 'x-gzip', 'deflate', 'br', 'zstd', 'compress', 'gzip, br']

  it('whose named coding is gone is taken as it is, whatever it begins with', async () => {
    for (const coding of codings) {
      for (const start of [comment, 'Just words, and then ']) {
        const block = response(start + page(1), { 'Content-Encoding': coding })
        expect([coding, await told(members(record({ block })))]).toMatchObject([
          coding,
          { images: imagesOf(1), skipped: [] },
        ])
      }
    }
  })

  it('that is coded is decoded still, and a fault where it is broken', async () => {
    const html = comment + page(1)
    for (const [coding, body] of [
      ['gzip', gzipSync(html)],
      ['deflate', deflateSync(html)],
      ['br', brotliCompressSync(html)],
    ] as const) {
      const named = { 'Content-Encoding': coding }
      expect((await told(members(record({ block: response(body, named) })))).images).toEqual(imagesOf(1))
      const broken = await told(members(record({ block: response(body.subarray(0, -9), named) })))
      expect([coding, broken.images, broken.skipped.length]).toEqual([coding, [], 1])
    }
  })
})

describe('a record without a media type', () => {
  const bare = { contentType: null }

  it('is what its block shows', async () => {
    const links = [{ path: 'IMG@/src', url: 'http://img.test/2.jpg', alt: 'A cat' }]
    const asWat = wat({ links }).toString().replace('Content-Type: application/json\r\n', '')
    const { images, skipped } = await told(members(pageRecord(1, bare), Buffer.from(asWat)))
    expect(images).toEqual(imagesOf(1, 2))
    expect(skipped).toEqual([])
  })

  it('is passed over where that is nothing to read', async () => {
    const dns = record({ ...bare, url: 'dns:site.test', block: '20240203 site.test. IN A 1.2.3.4' })
    const fields = record({ ...bare, type: 'metadata', block: 'fetchTimeMs: 7' })
    expect(await told(members(dns, fields))).toEqual({
      images: [],
      skipped: [],
      counters: { records: 2, 'record_skipped:not_http': 1, 'record_skipped:metadata': 1 },
    })
  })
})

describe('a WAT record of an early extractor', () => {
  it('has its character references undone, in URLs and texts', async () => {
    const [step] = await stepsOf(
      members(
        wat({
          head: {
            Base: '/b?x=1&amp;y=2',
            Metas: [
              { property: 'og:image', content: '/og.jpg?a=1&amp;b=2' },
              { property: 'og:title', content: 'The Caf&eacute;' },
            ],
            Link: [{ path: 'LINK@/href', url: '/by?a&amp;b', rel: 'license' }],
          },
          links: [
            { path: 'IMG@/src', url: '/1.jpg?w=3&amp;h=2&copy=1', alt: 'Cat &amp; dog', title: '&#39;tis' },
            { path: 'IMG@/srcset', url: '/2.jpg?w=3&amp;h=2 300w', alt: 'A &lt;b&gt; key' },
          ],
        }),
      ),
    )
    const shown = step?.candidates.map(({ imageUrl, captions, licenceUrl }) => [
      imageUrl,
      captions.map(({ text }) => text).join(', '),
      licenceUrl,
    ])
    expect(shown).toEqual([
      ['http://site.test/1.jpg?w=3&h=2&copy=1', "Cat & dog, 'tis", 'http://site.test/by?a&b'],
      ['http://site.test/2.jpg?w=3&h=2', 'A <b> key', 'http://site.test/by?a&b'],
      ['http://site.test/og.jpg?a=1&b=2', 'The Caf\u00e9', 'http://site.test/by?a&b'],
    ])
  })
})
