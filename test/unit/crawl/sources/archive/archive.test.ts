import { createHash } from 'node:crypto'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  archivePlace,
  calm,
  filesOf,
  imagesOf,
  readerOf,
  stepsOf,
  told,
  toldBy,
} from '../../../../fixtures/crawl/sources/archive/reader.js'
import {
  archiveDate,
  members,
  page,
  pageRecord,
  record,
  requestRecord,
  response,
  wat,
} from '../../../../fixtures/crawl/sources/archive/warc-writer.js'
import { runs } from '../../../../fixtures/runs.js'

const info = record({
  type: 'warcinfo',
  url: null,
  contentType: 'application/warc-fields',
  block: 'software: x',
})

/** Why a file is not begun with; null = it is. */
const refusal = async (place: string, bytes: Buffer) =>
  (await readerOf(filesOf({ [place]: bytes }), place).check('', calm()))?.message ?? null

describe('an archive', () => {
  it('gives the images of its pages, on the word of the archive and of the day on which they were fetched', async () => {
    const [first, , third] = await stepsOf(members(info, requestRecord(1), pageRecord(1)))
    expect(first).toMatchObject({ candidates: [], counters: { records: 1, 'record_skipped:warcinfo': 1 } })
    expect(third?.candidates).toEqual([
      {
        imageUrl: 'http://img.test/1.jpg',
        fallbackUrls: [],
        captions: [{ source: 'alt', text: 'Picture 1' }],
        pageUrl: 'http://site.test/1.html',
        pageLanguage: null,
        licenceUrl: null,
        pagePermission: {
          rule: 'archive:none',
          value: null,
          source: 'x.warc.gz',
          checkedAt: new Date(archiveDate).toISOString(),
        },
      },
    ])
  })

  it('is read the same whether each record is a member, all are one, or nothing is compressed', async () => {
    const records = [info, ...[1, 2, 3, 4].flatMap((n) => [requestRecord(n), pageRecord(n)])]
    const plain = Buffer.concat(records)
    const ways = {
      members: members(...records),
      'one member': gzipSync(plain),
      'two members': members(Buffer.concat(records.slice(0, 4)), Buffer.concat(records.slice(4))),
      plain,
      'stored members': Buffer.concat(records.map((one) => gzipSync(one, { level: 0 }))),
    }
    for (const [way, bytes] of Object.entries(ways)) {
      for (const pieceBytes of [1, 7, 100_000]) {
        const { images, counters, skipped } = await told(bytes, pieceBytes)
        expect(images, way).toEqual(imagesOf(1, 2, 3, 4))
        expect(counters).toMatchObject({ records: 9, archive_pages: 4, 'record_skipped:request': 4 })
        expect(skipped).toEqual([])
      }
    }
  })

  it('can be read on from behind every step, as if it had been read in one go', async () => {
    const records = [info, ...[1, 2, 3, 4, 5].flatMap((n) => [requestRecord(n), pageRecord(n)])]
    const broken = members(pageRecord(6))
    broken[30] = 0xff - broken[30]!
    const big = pageRecord(7, { block: response(page(7) + noise(400_000).toString('base64')) })
    for (const bytes of [
      members(...records),
      gzipSync(Buffer.concat(records)),
      Buffer.concat(records),
      Buffer.concat([members(...records), broken, members(pageRecord(8))]),
      members(Buffer.concat([pageRecord(1), big, pageRecord(2)]), pageRecord(3)),
    ]) {
      const steps = await stepsOf(bytes)
      for (const [i, { cursor }] of steps.entries()) {
        expect(await stepsOf(bytes, cursor)).toEqual(steps.slice(i + 1))
      }
    }
  })

  it('is found out to be another one than that which was begun', async () => {
    const before = filesOf({ [archivePlace]: members(pageRecord(1), pageRecord(2)) })
    const after = filesOf({ [archivePlace]: members(pageRecord(1), pageRecord(3), pageRecord(4)) })
    for await (const { cursor } of readerOf(before).steps('', calm())) {
      expect(await readerOf(before).check(cursor, calm())).toBe(null)
      expect(await readerOf(after).check(cursor, calm())).toMatchObject({
        kind: 'changed',
        message: expect.stringContaining(`${archivePlace} is not the archive any more`),
      })
    }
    expect(await readerOf(filesOf({})).check('', calm())).toMatchObject({ kind: 'unreadable' })
    expect(await refusal('/x.zip', Buffer.from('PK\u0003\u0004'))).toBe(
      '/x.zip cannot be read: it is neither a WARC or WAT file nor a list of their paths',
    )
  })

  it('of a kind that is not read is refused by its name', async () => {
    const zstd = /: it is compressed with zstd, which is not read here: unfold it, or compress it with gzip$/
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0])
    const dictionary = Buffer.from([0x5d, 0x2a, 0x4d, 0x18, 4, 0, 0, 0])
    for (const start of [frame, dictionary]) expect(await refusal('/x.warc.zst', start)).toMatch(zstd)
    expect(await refusal('/x.wacz', Buffer.from('PK\u0003\u0004'))).toMatch(
      /: it is a WACZ file, which is not read here: unzip it/,
    )
  })

  it('is known by what is in it, whatever its name', async () => {
    const openFile = filesOf({ '/a': members(pageRecord(1)), '/b.txt': pageRecord(2) })
    for (const [place, n] of [
      ['/a', 1],
      ['/b.txt', 2],
    ] as const) {
      const steps = []
      for await (const step of readerOf(openFile, place).steps('', calm())) steps.push(step)
      expect(toldBy(steps).images).toEqual(imagesOf(n))
    }
  })
})

describe('an archived page', () => {
  const imagesIn = async (...records: Buffer[]) => told(members(...records))

  it('is read with the codings that it was archived with, or without them though it names them', async () => {
    const html = Buffer.from(page(1))
    const chunks = (bytes: Buffer) =>
      Buffer.concat([
        ...Array.from({ length: Math.ceil(bytes.length / 10) }, (_, i) =>
          bytes.subarray(i * 10, i * 10 + 10),
        ).map((piece) =>
          Buffer.concat([Buffer.from(`${piece.length.toString(16)};x=y\r\n`), piece, Buffer.from('\r\n')]),
        ),
        Buffer.from('0\r\n\r\n'),
      ])
    const bodies: [Buffer, Record<string, string>][] = [
      [gzipSync(html), { 'Content-Encoding': 'gzip' }],
      [deflateSync(html), { 'content-encoding': 'deflate' }],
      [deflateRawSync(html), { 'content-encoding': 'deflate' }],
      [brotliCompressSync(html), { 'Content-Encoding': 'br' }],
      [chunks(html), { 'Transfer-Encoding': 'chunked' }],
      [chunks(gzipSync(html)), { 'Transfer-Encoding': 'chunked', 'Content-Encoding': 'gzip' }],
      [html, { 'Content-Encoding': 'gzip' }],
      [html, { 'Transfer-Encoding': 'chunked', 'Content-Encoding': 'br' }],
      [html, { 'Content-Encoding': 'dcb' }],
    ]
    for (const [body, headers] of bodies) {
      const { images, counters } = await imagesIn(record({ block: response(body, headers) }))
      expect([images, counters], JSON.stringify(headers)).toEqual([
        imagesOf(1),
        { records: 1, archive_pages: 1, images_seen: 1, candidates_seen: 1 },
      ])
    }
  })

  it.each([
    ['a number', '12\n'],
    ['a large number', '2024\r\n'],
    ['a zero', '0\r\n\r\n'],
    ['a word', 'cafe\n'],
    ['as much as its first line says', '13\n<!-- eighteen -->\n'],
  ])('is taken as it is where its first line is %s, and it names chunks that are gone', async (_, start) => {
    const body = Buffer.from(`${start}${page(1)}`)
    for (const coding of [{}, { 'Content-Encoding': 'gzip' }]) {
      const { images } = await imagesIn(
        record({ block: response(body, { 'Transfer-Encoding': 'chunked', ...coding }) }),
      )
      expect(images).toEqual(imagesOf(1))
    }
  })

  it('is whole though its last chunk is missing, where it has its end tag', async () => {
    const html = `<html>${page(1)}</html>`
    const block = response(`${html.length.toString(16)}\r\n${html}\r\n`, { 'Transfer-Encoding': 'chunked' })
    expect((await imagesIn(record({ block }))).images).toEqual(imagesOf(1))
  })

  it('has the charset that its archived head says', async () => {
    const body = Buffer.from('<img src=/a.jpg alt="gar\u00e7on">', 'latin1')
    const [step] = await stepsOf(
      members(record({ block: response(body, { 'Content-Type': 'text/html; charset=iso-8859-1' }) })),
    )
    expect(step?.candidates[0]?.captions).toEqual([{ source: 'alt', text: 'gar\u00e7on' }])
  })

  it('gives nothing that it opts out of, in its head or in itself', async () => {
    const head: Record<string, Record<string, string>> = {
      'x-robots-tag': { 'X-Robots-Tag': 'noimageindex' },
      tdm: { 'TDM-Reservation': '1' },
      aipref: { 'Content-Usage': 'train-ai=n' },
      'content-signal': { 'Content-Signal': 'ai-train=no' },
    }
    for (const [rule, headers] of Object.entries(head)) {
      const asPage = record({ block: response(page(1), headers) })
      const asWat = wat({ headers, links: [{ path: 'IMG@/src', url: '/a.jpg', alt: 'A cat' }] })
      for (const one of [asPage, asWat]) {
        expect(await imagesIn(one)).toEqual({
          images: [],
          counters: { records: 1, 'record_skipped:opt_out': 1, [`page_opted_out:${rule}`]: 1 },
          skipped: [],
        })
      }
    }
    const meta = { name: 'robots', content: 'noai' }
    const inPage = record({ block: response(`<meta name=robots content=noai>${page(1)}`) })
    const inWat = wat({ head: { Metas: [meta] }, links: [{ path: 'IMG@/src', url: '/a.jpg', alt: 'A cat' }] })
    for (const one of [inPage, inWat]) {
      const { images, counters } = await imagesIn(one)
      expect(images).toEqual([])
      expect(counters).toMatchObject({ archive_pages: 1, 'images_opted_out:meta-robots': 1 })
    }
  })

  it('is counted by reason where it gives nothing, and what is in order is not listed', async () => {
    const reasons: [string, Buffer][] = [
      [
        'revisit',
        record({ type: 'revisit', contentType: 'application/http; msgtype=response', block: response('') }),
      ],
      ['truncated', pageRecord(1, { fields: { 'WARC-Truncated': 'length' } })],
      ['http_3xx', record({ block: response('', { Location: '/x' }, '302 Found') })],
      ['http_4xx', record({ block: response(page(1), {}, '404 Not Found') })],
      ['http_5xx', record({ block: response(page(1), {}, '503 Busy') })],
      ['http_other', record({ block: response(page(1), {}, '206 Partial Content') })],
      ['not_html', record({ block: response('x', { 'Content-Type': 'image/png' }) })],
      ['not_http', record({ url: 'dns:site.test', contentType: 'text/dns', block: '1.2.3.4' })],
      ['bad_url', record({ url: 'ftp://site.test/', block: response(page(1)) })],
      ['empty', record({ block: response('') })],
      ['metadata', record({ type: 'metadata', contentType: 'application/warc-fields', block: 'a: b' })],
      ['conversion', record({ type: 'conversion', contentType: 'text/plain', block: 'text' })],
      ['resource', record({ type: 'resource', contentType: 'text/html', block: page(1) })],
      ['other', record({ type: 'continuation', block: 'x' })],
      ['metadata', wat({ type: 'request' })],
      ['revisit', wat({ type: 'revisit' })],
      ['truncated', wat({ warc: { 'WARC-Truncated': 'length' } })],
      ['http_4xx', wat({ status: '404' })],
    ]
    for (const [reason, one] of reasons) {
      expect(await imagesIn(one)).toEqual({
        images: [],
        counters: { records: 1, [`record_skipped:${reason}`]: 1 },
        skipped: [],
      })
    }
  })
})

describe('a WAT record', () => {
  it('gives its images with their texts, resolved against the page and its base', async () => {
    const [step] = await stepsOf(
      members(
        wat({
          head: {
            Title: 'A page',
            Base: '/base/',
            Metas: [
              { name: 'HTML@/lang', content: 'de' },
              { property: 'og:image', content: '/og.jpg' },
              { property: 'og:title', content: 'The page' },
            ],
            Link: [{ path: 'LINK@/href', url: '/licence', rel: 'license' }],
          },
          links: [
            { path: 'A@/href', url: '/other.html', text: 'Other' },
            { path: 'IMG@/src', url: 'cat.jpg', alt: 'A cat', title: 'Cat' },
            { path: 'IMG@/longdesc', url: '/long.html' },
            { path: 'IMG@/src', url: 'spacer.gif', 'data-src': '/lazy.jpg', alt: 'A lazy dog' },
            { path: 'IMG@/data-src', url: '/later.jpg', alt: 'A later dog' },
            { path: 'IMG@/src', url: '/bare.jpg' },
            { path: 'IMG@/src', url: 'data:image/png;base64,x', alt: 'A dot' },
          ],
        }),
      ),
    )
    expect(
      step?.candidates.map(({ imageUrl, captions }) => [imageUrl, captions.map((one) => one.text)]),
    ).toEqual([
      ['http://site.test/base/cat.jpg', ['A cat', 'Cat']],
      ['http://site.test/lazy.jpg', ['A lazy dog']],
      ['http://site.test/later.jpg', ['A later dog']],
      ['http://site.test/og.jpg', ['The page']],
    ])
    expect(step?.candidates[0]).toMatchObject({
      pageUrl: 'http://site.test/dir/page.html',
      pageLanguage: 'de',
      licenceUrl: 'http://site.test/licence',
      pagePermission: { rule: 'archive:none' },
    })
    expect(step?.counters).toMatchObject({
      images_seen: 5,
      'image_skipped:no_caption': 1,
      'image_skipped:data_url': 1,
    })
  })

  it('that is nonsense is named, whatever kind of nonsense', async () => {
    const asWat = (json: string) => record({ type: 'metadata', contentType: 'application/json', block: json })
    for (const json of ['', '{', '[]', 'null', '{"Envelope": null}']) {
      expect(await told(members(asWat(json)))).toMatchObject({ images: [], skipped: ['json@0'] })
    }
    const odd = [
      wat({ links: 'x' }),
      wat({ links: [null, 1, [], { path: 1 }, { path: 'IMG@/src' }, { path: 'IMG@/src', url: {} }] }),
      wat({ head: [], headers: { 'X-Robots-Tag': ['all', 3] } }),
      wat({ head: { Metas: { name: 'x' }, Title: 7, Base: [] } }),
    ]
    for (const one of odd) expect(await told(members(one))).toMatchObject({ images: [], skipped: [] })
  })
})

describe('a broken archive', () => {
  const before = pageRecord(1)
  const after = [pageRecord(2), pageRecord(3)]
  const at = members(before).length

  it('loses the record that is broken and nothing else, and says what is wrong with it', async () => {
    const flipped = members(pageRecord(9))
    flipped[flipped.length - 20] = 0xff - flipped[flipped.length - 20]!
    const cutMember = members(pageRecord(9)).subarray(0, -30)
    const badSum = members(pageRecord(9))
    badSum[badSum.length - 6] = 0xff - badSum[badSum.length - 6]!
    const badLength = members(pageRecord(9))
    badLength.writeUInt32LE(7, badLength.length - 4)
    const faults: [string, Buffer][] = [
      ['gzip', flipped],
      ['gzip', cutMember],
      ['gzip', badSum],
      ['gzip', badLength],
      ['gzip', Buffer.from('no member at all')],
      ['gzip', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0xff]), Buffer.alloc(70_000)])],
      ['length', members(pageRecord(9, { length: 1_000_000 }))],
      ['length', members(pageRecord(9, { length: 40 }))],
      ['malformed', members(pageRecord(9, { length: '-1' }))],
      ['malformed', members(pageRecord(9, { length: 'many' }))],
      ['malformed', members(pageRecord(9, { length: '9'.repeat(40) }))],
      ['malformed', members(pageRecord(9, { version: 'WARC/x' }))],
      ['malformed', members(pageRecord(9, { date: null }))],
      ['malformed', members(pageRecord(9, { date: 'yesterday' }))],
      ['malformed', members(Buffer.from('What is this?'))],
      ['header_large', members(pageRecord(9, { fields: { 'X-Long': 'x'.repeat(100_000) } }))],
      ['too_large', members(pageRecord(9, { length: 9_000_000_000_000 }))],
      ['too_large', members(record({ block: response(Buffer.alloc(9_000_000, 'long ')) }))],
      ['http_head', members(record({ block: 'no head' }))],
      ['http_head', members(record({ block: `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}` }))],
      ['encoding', members(record({ block: response('\u0001 no gzip', { 'Content-Encoding': 'gzip' }) }))],
      [
        'too_large',
        members(
          record({ block: response(gzipSync(Buffer.alloc(50_000_000)), { 'Content-Encoding': 'gzip' }) }),
        ),
      ],
      [
        'cut',
        members(record({ block: response('5\r\nabcde\r\n40\r\nabc', { 'Transfer-Encoding': 'chunked' }) })),
      ],
    ]
    for (const [reason, bytes] of faults) {
      const { images, skipped, counters } = await told(
        Buffer.concat([members(before), bytes, members(...after)]),
      )
      expect([reason, images]).toEqual([reason, imagesOf(1, 2, 3)])
      expect(skipped).toEqual([`${reason}@${at}`])
      expect(counters).toMatchObject({ records: 4, [`record_skipped:${reason}`]: 1 })
    }
  })

  it('that is cut off gives what comes before', async () => {
    for (const whole of [members(before, ...after), Buffer.concat([before, ...after])]) {
      const { images, skipped } = await told(whole.subarray(0, -40))
      expect(images).toEqual(imagesOf(1, 2))
      expect(skipped).toEqual([expect.stringMatching(/^cut@/)])
    }
  })

  it('is found again behind a member that breaks after megabytes, or ends with another', async () => {
    const large = members(
      record({ block: response(Buffer.concat([Buffer.from(page(8)), noise(3_000_000)])) }),
    )
    const flipped = Buffer.from(large)
    flipped[2_500_000] = 0xff - flipped[2_500_000]!
    for (const bytes of [flipped, large.subarray(0, 2_000_000)]) {
      const { images, skipped } = await told(
        Buffer.concat([members(before), bytes, members(...after)]),
        300_000,
      )
      expect(images).toEqual(imagesOf(1, 2, 3))
      // Data that do not compress are copied, and so may be what follows them, to the end of the file.
      expect(skipped).toEqual([expect.stringMatching(new RegExp(`^(gzip|cut)@${at}$`))])
    }
  })

  it('that is not compressed is found again at the next record', async () => {
    for (const [reason, bytes] of [
      ['length', pageRecord(9, { length: 40 })],
      ['length', pageRecord(9, { length: 400 })],
      ['malformed', pageRecord(9, { length: 'x' })],
      ['header_large', pageRecord(9, { fields: { 'X-Long': 'x'.repeat(100_000) } })],
    ] as const) {
      const { images, skipped } = await told(Buffer.concat([before, bytes, ...after]))
      expect([reason, images]).toEqual([reason, imagesOf(1, 2, 3)])
      expect(skipped).toHaveLength(1)
      expect(skipped[0]).toMatch(new RegExp(`^${reason}@`))
    }
  })

  it('loses from one great member what follows the break', async () => {
    const records = Array.from({ length: 50 }, (_, n) =>
      pageRecord(n, { block: response(page(n) + noise(9_000).toString('base64')) }),
    )
    const whole = gzipSync(Buffer.concat(records))
    whole[(whole.length / 2) | 0]! ^= 0xff
    const { images, skipped } = await told(Buffer.concat([whole, members(...after)]), 50_000)
    expect(images.slice(-2)).toEqual(imagesOf(2, 3))
    const read = images.slice(0, -2)
    expect(read).toEqual(imagesOf(...Array.from({ length: read.length }, (_, n) => n)))
    expect(read.length).toBeGreaterThan(15)
    expect(skipped).toEqual(['gzip@0'])
  })

  it('costs neither memory nor much time where it unfolds to gigabytes', async () => {
    const bomb = Buffer.concat([
      gzipSync(Buffer.concat([pageRecord(9, { length: 3_000_000_000 }), Buffer.alloc(300_000_000)])),
    ])
    const before = process.memoryUsage.rss()
    const { images, skipped } = await told(Buffer.concat([bomb, members(...after)]), 300_000)
    expect(images).toEqual(imagesOf(2, 3))
    expect(skipped).toEqual(['length@0'])
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024)
  })

  it('gives the same records however it is cut into pieces on its way, and never throws', async () => {
    const whole = members(info, ...[1, 2, 3, 4, 5].map((n) => pageRecord(n)))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 3 }),
        fc.nat(whole.length),
        fc.integer({ min: 1, max: 300 }),
        async (flips, cut, pieceBytes) => {
          const bytes = Buffer.from(whole.subarray(0, cut === 0 ? whole.length : cut))
          for (const [place, value] of flips) if (place < bytes.length) bytes[place] = value
          const steps = await stepsOf(Buffer.concat([bytes, members(pageRecord(6))]), '', 100_000)
          expect(await stepsOf(Buffer.concat([bytes, members(pageRecord(6))]), '', pieceBytes)).toEqual(steps)
          // What stands behind the damage is there.
          expect(toldBy(steps).images).toContain('http://img.test/6.jpg')
        },
      ),
      { numRuns: runs.text },
    )
  })
})

/** Bytes that do not compress, the same each time. */
function noise(bytes: number): Buffer {
  return createHash('shake256', { outputLength: bytes }).digest()
}
