import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { decompressLz4, decompressLz4Raw, decompressZstd } from 'hyparquet-compressors'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { parseSrcset } from '../../src/crawl/extract/srcset.js'
import {
  canonicalUrl,
  decodeHtml,
  extractPage,
  pageDigest,
  parseRobots,
  robotsVerdict,
  trapVerdict,
  withoutSession,
} from '../../src/crawl/index.js'
import { listingPage } from '../../src/crawl/listing.js'
import { allOptOuts } from '../../src/crawl/permission/index.js'
import { looksLikeListing } from '../../src/crawl/sniff.js'
import { withoutReferences } from '../../src/crawl/sources/archive/references.js'
import type { ListFormat, ListSource } from '../../src/crawl/sources/index.js'
import { ListBlock } from '../../src/crawl/sources/list-block.js'
import { textPieces } from '../../src/crawl/sources/list-reader.js'
import { readListing } from '../../src/crawl/sources/sitemap.js'
import { atOnce } from '../../src/crawl/steps.js'
import { bitmapPixels } from '../../src/filter/bitmap.js'
import { bitmapHeader } from '../../src/filter/bitmap-header.js'
import { codingsOf, decoded, decodedStart } from '../../src/net/encoding.js'
import { addressVerdict, ChainCookies, ChunkReader, readHead, retryAfterMs } from '../../src/net/index.js'
import { bodyEndOf } from '../../src/net/response-head.js'
import { hostOf, parseConnectTo } from '../../src/records/index.js'
import { oldPages } from '../fixtures/crawl/languages.js'
import { stepsOf } from '../fixtures/crawl/sources/archive/reader.js'
import {
  members,
  page,
  pageRecord,
  record,
  response,
  wat,
} from '../fixtures/crawl/sources/archive/warc-writer.js'
import { encodeBitmap } from '../fixtures/filter/bitmaps.js'
import { runs } from '../fixtures/runs.js'

/** Of processor time, so that whatever else the machine does is not held against an input. */
const mostMicroseconds = 1_000_000
/** The heap may grow so much between the middle and the end of all inputs. */
const mostGrowth = 32 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
function heapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}

/** Tries every input: what it throws fails the test, as do an input that takes too long and a heap that grows with their number. */
async function tried<T>(arbitrary: fc.Arbitrary<T>, work: (input: T) => unknown): Promise<void> {
  let middle = 0
  for (const half of ['first', 'second']) {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (input) => {
        const before = process.cpuUsage()
        await work(input)
        const { user, system } = process.cpuUsage(before)
        expect(user + system).toBeLessThan(mostMicroseconds)
      }),
      { numRuns: Math.ceil(runs.fuzz / 2) },
    )
    if (half === 'first') middle = heapBytes()
  }
  expect(heapBytes() - middle).toBeLessThan(mostGrowth)
}

const noise = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: 'grapheme', maxLength: 50 }),
  fc.string({ maxLength: 50 }),
)
/** Pieces of a language, whole or broken, in any order, some of them far too often. */
const jumble = (pieces: readonly string[], noisy = noise) =>
  fc
    .array(
      fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...pieces) },
        { weight: 1, arbitrary: noisy },
        {
          weight: 1,
          arbitrary: fc
            .tuple(fc.constantFrom(...pieces), fc.integer({ min: 2, max: 400 }))
            .map(([piece, times]) => piece.repeat(times)),
        },
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join(''))

const html = jumble([
  ...[
    '<img src=a.jpg alt="a cat">',
    '<img ',
    'srcset="a 1x, b 2x"',
    ' alt=',
    'data-src=/x',
    '>',
    '"',
    "'",
    '<',
  ],
  ...[
    '<picture>',
    '<source srcset=a>',
    '</picture>',
    '<figure>',
    '<figcaption>',
    '</figure>',
    '<h2>',
    '</h2>',
  ],
  ...[
    '<a href=/x rel=nofollow>',
    '</a>',
    '<base href="//b/">',
    '<meta property=og:image content=x>',
    '<noscript>',
  ],
  ...[
    '<script type="application/ld+json">',
    '{"@type":"ImageObject","url":"x"}',
    '</script>',
    '<!--',
    '-->',
    '<![CDATA[',
  ],
  ...[
    '<svg>',
    '</svg>',
    '<template>',
    '<table>',
    '&#x110000;',
    '&amp',
    '\0',
    '<meta charset=utf-7>',
    '<html lang=x>',
  ],
])
const urlText = jumble(
  [
    ...[
      'http://',
      'https:',
      '//',
      'a.test',
      '[::1]',
      '127.1',
      ':80',
      '@',
      '/',
      '\\',
      '..',
      '/./',
      '?',
      '#',
      '%',
    ],
    ...[
      '%41',
      '%zz',
      '%00',
      ' ',
      '\t',
      'xn--',
      'ß',
      '。',
      '&sid=0123456789abcdef',
      ';jsessionid=1',
      '=',
      '2024/05',
      'a',
    ],
  ],
  fc.string({ unit: 'binary', maxLength: 10 }),
)
const absolute = urlText.map((text) => canonicalUrl(text, 'http://h.test/a/b?c') ?? 'http://h.test/')

describe(`${runs.fuzz} inputs of each kind do no harm`, { timeout: 3_600_000 }, () => {
  it('extraction', () =>
    tried(html, (text) => {
      const page = extractPage(text, 'http://h.test/p', {
        imageSize: 512,
        productToken: 'pairmill',
        contentLanguage: null,
        xRobotsTag: null,
      })
      for (const { imageUrl } of page.candidates) expect(canonicalUrl(imageUrl)).toBe(imageUrl)
    }))

  it('srcset', () =>
    tried(
      jumble([',', ' ', '1x', '2w', 'a.jpg', '(', ')', '-1w', '1e9x', '0x', '\n', 'data:,', '1.5.x']),
      (text) => {
        for (const { url } of parseSrcset(text)) expect(text).toContain(url)
      },
    ))

  it('charset', () => {
    const type = fc.oneof(
      noise.map((name) => `text/html; charset=${name}`),
      fc
        .constantFrom(
          'utf-8',
          'utf-16le',
          'gb18030',
          'iso-2022-jp',
          'big5',
          'x-user-defined',
          'utf-7',
          '"',
          '',
        )
        .map((name) => `text/html;charset=${name}`),
      fc.constant(null),
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      html.map((text) => Buffer.from(text)),
      html.map((text) => Buffer.from(text, 'utf16le')),
      fc
        .tuple(html, fc.constantFrom(...oldPages))
        .map(([text, { captions, encodings }]) =>
          iconv.encode(text + captions.join(text), encodings[0] ?? ''),
        ),
      fc
        .array(fc.tuple(fc.nat(255), fc.nat(400)))
        .map((some) => Buffer.concat(some.map(([byte, times]) => Buffer.alloc(times, byte)))),
    )
    return tried(fc.tuple(bytes, type), ([body, contentType]) => {
      expect(typeof decodeHtml(body, contentType)).toBe('string')
    })
  })

  it('robots.txt', () => {
    const file = jumble([
      ...[
        'User-agent: *',
        'user-agent:pairmill',
        'Disallow:',
        ' /',
        '*',
        '$',
        'Allow: /a',
        'Crawl-delay: 1e9',
        '\n',
      ],
      ...[
        '\r',
        '\ufeff',
        '#',
        'Sitemap: x',
        ':',
        '%2F',
        '%',
        'Content-Signal: ai-train=no',
        'Content-Usage: x=y',
        '**/',
      ],
    ])
    return tried(fc.tuple(file, absolute), ([body, url]) => {
      const rules = parseRobots(body, 'pairmill')
      const record = { kind: 'rules', body, fetchedAtMs: 0, expiresAtMs: 1, status: 200, detail: '' } as const
      expect(typeof robotsVerdict(record, rules, url).allowed).toBe('boolean')
      expect(robotsVerdict(record, rules, `http://${hostOf(url)}/robots.txt`).allowed).toBe(true)
    })
  })

  it('heads and chunks of careless servers', () => {
    const bytes = jumble([
      ...['HTTP/1.1 200 OK', 'http/1.0 302', 'HTTP/1.1 103 x', '\r\n', '\n', '\r', ': ', '\t', ' '],
      ...['Content-Length: 5', 'Content-Length: 7', 'Transfer-Encoding: chunked', 'Set-Cookie: a=b; Path=/'],
      ...['Set-Cookie: c; Domain=h.test; Secure; Max-Age=0', 'Expires=x', 'Content-Type', '\0', '\x7f'],
      ...['5\r\nhello\r\n', '0\r\n\r\n', 'ffffffff\r\n', '5;x=y\n'],
    ])
    return tried(fc.tuple(bytes, fc.integer({ min: 1, max: 50 })), ([text, size]) => {
      const block = Buffer.from(text, 'latin1')
      const read = readHead(block, true)
      if (read !== null && read !== 'more') {
        expect(read.bodyAt).toBeLessThanOrEqual(block.length)
        for (const value of Object.values(read.head.headers))
          expect(value).not.toMatch(/[^\t\n\x20-\x7e\x80-\xff]/)
        bodyEndOf(read.head)
        const cookies = new ChainCookies()
        cookies.take('http://www.h.test/a/b', read.head, 0)
        expect(cookies.valueFor('http://www.h.test/a/b') ?? '').not.toMatch(/[\r\n\0]/)
      }
      const whole = new ChunkReader()
      const parts = new ChunkReader()
      const once = Buffer.concat(whole.push(block))
      const pieces: Buffer[] = []
      for (let at = 0; at < block.length; at += size)
        pieces.push(...parts.push(block.subarray(at, at + size)))
      expect(Buffer.concat(pieces).equals(once)).toBe(true)
      expect([parts.isDone, parts.isBroken]).toEqual([whole.isDone, whole.isBroken])
    })
  })

  it('headers', () => {
    const field = jumble([
      'gzip',
      ',',
      ';',
      '=',
      '"',
      'br',
      'Mon, 01 Jan 2029 00:00:00 GMT',
      '9',
      '.',
      '-',
      ' ',
    ])
    return tried(fc.tuple(field, fc.uint8Array({ maxLength: 300 })), async ([value, body]) => {
      const asked = retryAfterMs(value, 0)
      expect(asked === null || asked >= 0).toBe(true)
      const codings = codingsOf(value)
      if ('kind' in codings) return
      const plain = await decoded(body, codings, 1_000_000)
      await decodedStart(body, codings, 1_000_000)
      expect('kind' in plain ? plain.kind : 'bytes').toMatch(/^(failed|bytes)$/)
    })
  })

  it('URLs', () =>
    tried(urlText, (text) => {
      const url = canonicalUrl(text, 'http://h.test/a/b?c')
      parseConnectTo(text)
      for (const scheme of ['http://', 'HTTPS://']) {
        const own = canonicalUrl(`${scheme}${text}`)
        expect(canonicalUrl(`${scheme}${text}`, 'http://h.test/a/b?c')).toBe(own)
        const parsed = URL.canParse(`${scheme}${text}`, 'https://h.test/a/b?c')
        expect(URL.canParse(`${scheme}${text}`)).toBe(parsed)
        if (parsed)
          expect(new URL(`${scheme}${text}`, 'https://h.test/a/b?c').href).toBe(
            new URL(`${scheme}${text}`).href,
          )
      }
      if (url === null) return
      expect(canonicalUrl(url)).toBe(url)
      trapVerdict(url, { url: 'http://h.test/a/b?c', depth: 30 }, 0)
      withoutSession(url)
      pageDigest(text, url)
    }))

  it('sitemaps and feeds', () => {
    const listing = jumble([
      ...[
        '<?xml version="1.0"?>',
        '<urlset>',
        '</urlset>',
        '<sitemapindex>',
        '<rss>',
        '<channel>',
        '<feed>',
        '<url>',
      ],
      ...[
        '</url>',
        '<item>',
        '</item>',
        '<entry>',
        '<loc>',
        '</loc>',
        'http://h.test/a',
        '<image:image>',
        '<image:loc>',
      ],
      ...[
        '</image:loc>',
        '</image:image>',
        '<image:caption>',
        'A cat',
        '</image:caption>',
        '<media:content url="b.jpg"',
      ],
      ...[
        ' medium="image">',
        '<enclosure url=c type=image/png>',
        '<link href=d rel=enclosure type="image/x">',
        '<title>',
      ],
      ...[
        '<!DOCTYPE x [<!ENTITY y "zzzz">]>',
        '&y;',
        '<content:encoded><![CDATA[<img src=e.jpg alt="A dog">]]></content:encoded>',
        '<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9">',
        '<description>',
        '<!-- -->',
        'http://h.test/b\n',
        '&#0;',
        '<![CDATA[',
        ']]>',
        '<!--',
        '-->',
        '<',
        '>',
        '\0',
        '\ufeff',
      ],
    ])
    const rules = { productToken: 'pairmill', obeyed: allOptOuts, imageSize: 512 }
    return tried(listing, (text) => {
      looksLikeListing(Buffer.from(text))
      for (const urls of [false, true]) {
        const page = atOnce(listingPage(Buffer.from(text), {}, 'http://h.test/s', rules, urls))
        for (const { imageUrl } of page?.candidates ?? []) expect(canonicalUrl(imageUrl)).toBe(imageUrl)
      }
      const found = readListing(text, 'http://h.test/sitemap.xml')
      for (const url of found?.links ?? []) expect(canonicalUrl(url)).toBe(url)
      for (const { imageUrl, captions } of found?.candidates ?? []) {
        expect(canonicalUrl(imageUrl)).toBe(imageUrl)
        expect(captions.length).toBeGreaterThan(0)
      }
    })
  })

  it('web archives', () => {
    const wats = [
      wat({ links: [{ path: 'IMG@/src', url: '/a.jpg', alt: 'A cat' }] }),
      wat({ links: [null, 7, { path: [] }], head: { Metas: 'x' }, headers: { 'x-robots-tag': [1] } }),
    ]
    const pageLength = response(page(5)).length
    const records = [
      ...[
        pageRecord(1),
        pageRecord(2, { length: 30 }),
        pageRecord(3, { length: 3_000 }),
        pageRecord(4, { date: 'x' }),
      ],
      record({ block: response('5\r\nabcde\r\n', { 'Transfer-Encoding': 'chunked' }) }),
      record({ block: response(gzipSync('<p>x</p>').subarray(0, 20), { 'Content-Encoding': 'gzip' }) }),
      record({ type: 'warcinfo', block: 'a: b' }),
      record({ contentType: null, block: response('<p>x', { 'Content-Encoding': 'br' }) }),
      ...[-9, -1, 1, 5, 31].map((by) => pageRecord(5, { length: pageLength + by })),
      Buffer.from(pageRecord(6).toString().replaceAll('\r\n', '\n')),
      ...wats,
    ]
    const whole = fc.constantFrom(...records)
    const header = jumble([
      ...[
        'WARC/1.0',
        'WARC/',
        '\r\n',
        '\n',
        ':',
        ' ',
        'WARC-Type: response',
        'Content-Length: ',
        '99999999999',
        '-1',
        '7',
      ],
      ...[
        'Content-Type: application/http',
        'Content-Type: application/json',
        'WARC-Target-URI: <http://h.test/>',
        '\0',
      ],
      ...[
        'WARC-Date: 2024-01-01T00:00:00Z',
        'HTTP/1.1 200 OK',
        'HTTP/1.1 ',
        'Content-Encoding: br',
        '{"Envelope":{}}',
        '\t',
      ],
    ])
    const piece = fc.oneof(
      { weight: 4, arbitrary: whole },
      {
        weight: 4,
        arbitrary: fc.array(whole, { minLength: 1, maxLength: 3 }).map((some) => members(...some)),
      },
      {
        weight: 2,
        arbitrary: fc.array(whole, { maxLength: 4 }).map((some) => gzipSync(Buffer.concat(some))),
      },
      { weight: 2, arbitrary: header.map((text) => Buffer.from(text)) },
      { weight: 1, arbitrary: header.map((text) => gzipSync(text)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
      { weight: 1, arbitrary: fc.constant(Buffer.from([0x1f, 0x8b, 0x08, 0x00])) },
    )
    const archive = fc
      .tuple(
        fc.array(piece, { maxLength: 6 }),
        fc.array(fc.tuple(fc.nat(5_000), fc.nat(255)), { maxLength: 4 }),
        fc.option(fc.nat(5_000)),
      )
      .map(([pieces, flips, cut]) => {
        const bytes = Buffer.concat(pieces)
        for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value
        return cut === null ? bytes : bytes.subarray(0, cut)
      })
    return tried(fc.tuple(archive, fc.integer({ min: 1, max: 2_000 })), async ([bytes, pieceBytes]) => {
      const steps = await stepsOf(bytes, '', pieceBytes).catch((error: unknown) => {
        // What is no archive by its first bytes is taken for a list of paths, or refused.
        expect(String(error)).toMatch(/SourceError/)
        return []
      })
      for (const { candidates, counters } of steps) {
        for (const { imageUrl } of candidates) expect(canonicalUrl(imageUrl)).toBe(imageUrl)
        expect(
          counters.records === 1 ||
            counters['record_skipped:bad_path'] === 1 ||
            counters['record_skipped:absent'] === 1,
        ).toBe(true)
      }
    })
  })

  it('lists', () => {
    const table = jumble([
      ...[
        'url',
        'caption',
        ',',
        '\t',
        '\n',
        '\r\n',
        '"',
        '""',
        '\\"',
        '\\',
        ' ',
        '\u0000',
        '\ufeff',
        'http://h.test/a.jpg',
      ],
      ...[
        'url,caption\n',
        'url\tcaption\n',
        '"http://h.test/b.jpg","A cat"\n',
        '{"url":"http://h.test/c.jpg",',
      ],
      ...[
        '"caption":["A cat","A dog"]}\n',
        '"caption":NaN}\n',
        '-Infinity',
        '["a"]',
        '{}',
        'null',
        '\n"',
        '",',
      ],
    ])
    const encodings = ['utf8', 'utf16le', 'latin1'] as const
    const formats: readonly ListFormat[] = ['csv', 'tsv', 'jsonl', 'txt']
    const columns = { url: 'url', caption: 'caption', page: 'page', licence: null }
    const given = fc.tuple(
      ...[fc.constantFrom(...formats), table, fc.constantFrom('', 'url,caption\n', 'caption\turl\n')],
      ...[fc.constantFrom(...encodings), fc.integer({ min: 1, max: 20 })],
    )
    return tried(given, async ([format, text, header, encoding, count]) => {
      const bytes = Buffer.from(header + text, encoding)
      const pieceBytes = Math.ceil(bytes.length / count) || 1
      async function* pieces() {
        for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
      }
      const source: ListSource = { kind: 'list', path: '/list', format, gzip: false, columns }
      const block = new ListBlock()
      let line = 0
      for await (const rows of textPieces(source, pieces(), 0)) {
        for (const row of rows) {
          expect(row.line).toBeGreaterThan(line)
          line = row.line
          block.add(row)
        }
      }
      expect(block.entries(0, block.size).reduce((sum, { rows }) => sum + rows, 0)).toBe(block.rows)
      for (const { row } of block.entries(0, block.size)) {
        if (row.kind !== 'candidate') continue
        const { imageUrl, captions } = row.candidate
        expect(canonicalUrl(imageUrl)).toBe(imageUrl)
        expect(captions.length > 0 && captions.length <= 16).toBe(true)
      }
    })
  })

  it('packed pages of parquet files', () => {
    const words = Buffer.from('A cat on a mat, a cat on a hat. ')
    // Sixty short phrases as a frame of zstd; a block of LZ4 that repeats what it began with.
    const frame =
      'KLUv/WCKAyUHAFJJGxaQzQGAreJHwFUty4RwkZQkK1I/Y2dy7Ar117+3tbW3v9f12THVmdkRV5HfM9W6dy57sK9e8esmBq26n4yZ' +
      '3ano/KybjAdJ7IDWcsli/EEJ85xwQFsURl3UNBIxLQQvaklxgMOYc21dcFFbbAhGoNE8ulLtmgFAJUk5BltrJEEeCTKDRERQ8CB2' +
      'zKKcndMxr59BQiIreSFBV51Xca54nESeBz6HRBzSRJQl4iUR5BFdkQC2jee0HTY4ObJFj91IEwglHnS7RH6HojMHOhb+cIvgwPdB' +
      'D/Cz1c3+ZEsdSE/Aqg=='
    const seeds = [
      Buffer.from(frame, 'base64'),
      Buffer.concat([Buffer.from([0xff, 17]), words, Buffer.from([32, 0, 0xff, 0xff, 9])]),
    ]
    const packed = fc
      .tuple(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 5 }),
        fc.nat(300),
      )
      .map(([seed, flips, cut]) => {
        const bytes = Buffer.from(seed)
        for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value
        return bytes.subarray(0, Math.max(1, bytes.length - (cut % 7 === 0 ? cut : 0)))
      })
    const input = fc.oneof(packed, fc.uint8Array({ maxLength: 300 }))
    const decoders = [decompressLz4, decompressLz4Raw, (bytes: Uint8Array) => decompressZstd(bytes)]
    return tried(fc.tuple(input, fc.constantFrom(...decoders)), ([bytes, decompress]) => {
      try {
        expect(decompress(bytes, 1_000)).toBeInstanceOf(Uint8Array)
      } catch (error) {
        // What cannot be unfolded is said by an error of any kind, which ends the reading of the file.
        expect(error).toBeInstanceOf(Error)
      }
    })
  })

  it('character references', () =>
    tried(
      jumble([
        '&',
        '&amp;',
        'amp;',
        '&#38;',
        '&#x110000;',
        '&#0;',
        ';',
        '"',
        '<',
        '>',
        "'",
        '=',
        'lt',
        '&copy',
      ]),
      (text) => {
        expect(withoutReferences(text).length).toBeLessThanOrEqual(text.length)
      },
    ))

  it('bitmaps', () => {
    const files = [
      encodeBitmap({ header: 40, depth: 8, coding: 'rle8' }, 60, 40, (x, y) => (x >> 2) + y),
      encodeBitmap({ header: 40, depth: 4, coding: 'rle4' }, 61, 40, (x, y) => ((x >> 2) + y) % 16),
      encodeBitmap({ header: 64, depth: 24, coding: 'rle24' }, 31, 20, (x, y) => (x >> 2) * y),
      encodeBitmap({ header: 124, depth: 32, masks: [255, 65280, 0xff0000, 0xff000000] }, 9, 8, () => 1e9),
      encodeBitmap({ header: 12, depth: 1 }, 90, 30, (x, y) => (x + y) % 2),
    ]
    const damage = fc.array(fc.tuple(fc.oneof(fc.nat(70), fc.nat(3_000)), fc.nat(255)), { maxLength: 20 })
    return tried(
      fc.tuple(fc.constantFrom(...files), damage, fc.option(fc.nat(4_000))),
      ([file, changes, end]) => {
        const bytes = Buffer.from(end === null ? file : file.subarray(0, end))
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        const header = bitmapHeader(bytes)
        if (header === null || header.width * header.height > 2 ** 20) return
        const pixels = bitmapPixels(bytes, header)
        if (pixels !== 'truncated') expect(pixels.length).toBe(3 * header.width * header.height)
      },
    )
  })

  it('addresses', () =>
    tried(
      jumble(['127', '.', '0', ':', '::', 'ffff', '%eth0', '64:ff9b::', '/', '[', ']', '0x', '1e3']),
      (text) => {
        const verdict = addressVerdict(text, [])
        expect(verdict.allowed === true || typeof verdict.range === 'string').toBe(true)
      },
    ))
})
