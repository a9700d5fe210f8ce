import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSrcset } from '../../src/crawl/extract/srcset.js'
import {
  canonicalUrl,
  decodeHtml,
  extractPage,
  hostOf,
  pageDigest,
  parseRobots,
  robotsVerdict,
  trapVerdict,
  withoutSession,
} from '../../src/crawl/index.js'
import { readListing } from '../../src/crawl/sources/sitemap.js'
import { bitmapPixels } from '../../src/filter/bitmap.js'
import { bitmapHeader } from '../../src/filter/bitmap-header.js'
import { codingsOf, decoded } from '../../src/net/encoding.js'
import { addressVerdict, retryAfterMs } from '../../src/net/index.js'
import { parseConnectTo } from '../../src/records/index.js'
import { stepsOf } from '../fixtures/crawl/sources/archive/reader.js'
import { members, pageRecord, record, response, wat } from '../fixtures/crawl/sources/archive/warc-writer.js'
import { encodeBitmap } from '../fixtures/filter/bitmaps.js'
import { runs } from '../fixtures/runs.js'

/** Inputs of each kind; `npm run fuzz` tries more. */
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
    return tried(listing, (text) => {
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
