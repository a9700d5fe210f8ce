import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allOptOuts,
  atOnce,
  type ExtractOptions,
  extractPage,
  joinRendered,
} from '../../../src/crawl/index.js'
import { readWat } from '../../../src/crawl/sources/archive/wat.js'
import { readListing } from '../../../src/crawl/sources/sitemap.js'
import type { Candidate } from '../../../src/records/index.js'
import { runs } from '../../fixtures/runs.js'

const url = 'http://h.test/'
const options: ExtractOptions = {
  imageSize: 512,
  productToken: 'pairmill',
  contentLanguage: null,
  xRobotsTag: null,
}
const extract = (html: string) => extractPage(html, url, options)
const most = 2_000
const mostBytes = 8 * 1024 * 1024

const numbered = (count: number, piece: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => piece(i)).join('')
const script = (images: readonly unknown[]) =>
  `<script type="application/ld+json">${JSON.stringify({ name: 'a thing', image: images })}</script>`
const numbersOf = (candidates: readonly Candidate[]) =>
  candidates.map(({ imageUrl }) => Number(/\d+/.exec(imageUrl)?.[0]))
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const bytesOf = (candidates: readonly Candidate[]) =>
  candidates
    .flatMap(({ imageUrl, fallbackUrls, captions }) => [
      imageUrl,
      ...fallbackUrls,
      ...captions.map(({ text }) => text),
    ])
    .reduce((sum, text) => sum + Buffer.byteLength(text), 0)

/** Ways in which a page names images by number, each with a text. */
const namings: Readonly<Record<string, (numbers: readonly number[]) => string>> = {
  img: (numbers) => numbers.map((n) => `<img src="/${n}.jpg" alt="a ${n}">`).join(''),
  picture: (numbers) =>
    numbers
      .map((n) => `<picture><source srcset="/${n}.webp 600w"><img alt="a ${n}" src="/${n}.jpg"></picture>`)
      .join(''),
  noscript: (numbers) =>
    numbers.map((n) => `<noscript><img alt="a ${n}" src="/${n}.jpg"></noscript>`).join(''),
  'JSON-LD': (numbers) => script(numbers.map((n) => `/${n}.jpg`)),
  ImageObject: (numbers) =>
    script(numbers.map((n) => ({ '@type': 'ImageObject', contentUrl: `/${n}.jpg`, caption: `a ${n}` }))),
}

describe('a page gives the first 2,000 candidates in document order, and counts the others', () => {
  it.each(Object.keys(namings))('named by %s', (naming) => {
    const page = extract(namings[naming]!(range(0, 2_345)))
    expect(numbersOf(page.candidates)).toEqual(range(0, most))
    expect(page.imagesSkipped).toEqual({ page_full: 345 })
  })

  it('named by whatever mixture of ways, with images that are named again and such as cannot be taken', () => {
    const piece = fc.record({
      naming: fc.constantFrom(...Object.keys(namings)),
      count: fc.integer({ min: 1, max: 900 }),
      /** Share of them that the page named before. */
      again: fc.constantFrom(0, 0, 0.3),
    })
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), (pieces) => {
        const named: number[] = []
        const html = pieces.map(({ naming, count, again }) => {
          const known = Math.min(Math.floor(count * again), named.length)
          const numbers = [...named.slice(0, known), ...range(named.length, named.length + count - known)]
          named.push(...numbers.slice(known))
          return `${namings[naming]!(numbers)}<img src="data:,x" alt="x"><img src="/bare">`
        })
        const { candidates, imagesSkipped } = extract(html.join(''))
        const taken = numbersOf(candidates)
        expect(new Set(taken)).toEqual(new Set(range(0, Math.min(named.length, most))))
        expect(taken).toHaveLength(Math.min(named.length, most))
        expect(imagesSkipped.page_full ?? 0).toBe(Math.max(named.length - most, 0))
        expect(imagesSkipped).toMatchObject({ data_url: pieces.length, no_caption: pieces.length })
      }),
      { numRuns: runs.work },
    )
  })

  it('where metadata stands before the images that follow it, and says something of those that are taken', () => {
    const head = script(range(0, 1_500).map((n) => `/${n}.jpg`))
    const body = namings.img!(range(1_500, 2_500))
    const { candidates, imagesSkipped } = extract(
      `<meta property=og:image content=/7.jpg><meta property=og:title content="the seventh">${head}${body}${script(['/1501.jpg', '/2400.jpg'])}`,
    )
    expect(numbersOf(candidates).toSorted((a, b) => a - b)).toEqual(range(0, most))
    expect(imagesSkipped).toEqual({ page_full: 500, repeated: 3 })
    const textsOf = (n: number) =>
      candidates.find(({ imageUrl }) => imageUrl === `${url}${n}.jpg`)?.captions.map(({ text }) => text)
    expect(textsOf(7)).toEqual(['the seventh', 'a thing'])
    expect(textsOf(1_501)).toEqual(['a 1501', 'a thing'])
  })

  it('however many scripts of structured data name hundreds of thousands', () => {
    const scripts = Array.from({ length: 20 }, (_, s) =>
      script(range(s * 15_000, (s + 1) * 15_000).map((n) => `/${n}`)),
    )
    const page = extract(scripts.join(''))
    expect(numbersOf(page.candidates)).toEqual(range(0, most))
    expect(page.imagesSkipped).toEqual({ page_full: 300_000 - most })
  })

  it('elements beyond those that are looked at count too', () => {
    const page = extract(namings.img!(range(0, 25_000)))
    expect(page).toMatchObject({ imagesSeen: 25_000, imagesSkipped: { page_full: 23_000 } })
  })

  it('named by an archive of what was extracted from pages', async () => {
    const links = range(0, 2_100).map((n) => ({ path: 'IMG@/src', url: `/${n}.jpg`, alt: `a ${n}` }))
    const block = {
      Envelope: {
        'WARC-Header-Metadata': {
          'WARC-Type': 'response',
          'WARC-Date': '2026-01-01T00:00:00Z',
          'WARC-Target-URI': url,
        },
        'Payload-Metadata': {
          'HTTP-Response-Metadata': {
            'Response-Message': { Status: '200' },
            Headers: {},
            'HTML-Metadata': { Links: links },
          },
        },
      },
    }
    const rules = { imageSize: 512, productToken: 'pairmill', obeyed: allOptOuts, maxBytes: 1, deadlineMs: 1 }
    const never = new AbortController().signal
    const record = await readWat(Buffer.from(JSON.stringify(block)), rules, never)
    expect(record).toMatchObject({ kind: 'page', page: { imagesSkipped: { page_full: 100 } } })
    expect(record.kind === 'page' && numbersOf(record.page.candidates)).toEqual(range(0, most))
  })

  it('named by a sitemap or a feed, whose images that are named again count once', () => {
    const image = (n: number) =>
      `<image:image><image:loc>http://i.test/${n}</image:loc><image:caption>a ${n}</image:caption></image:image>`
    const sitemap = readListing(
      `<urlset>${numbered(5_000, (i) => `<url><loc>/p${i}</loc>${image(Math.floor(i / 2))}</url>`)}</urlset>`,
      url,
    )
    expect(numbersOf(sitemap!.candidates)).toEqual(range(0, most))
    expect(sitemap).toMatchObject({ imagesSeen: 5_000, imagesSkipped: { page_full: 1_000, repeated: 2_000 } })
    const feed = readListing(
      `<rss>${numbered(2_050, (i) => `<item><title>t ${i}</title><enclosure type="image/png" url="http://i.test/${i}"/></item>`)}</rss>`,
      url,
    )
    expect(numbersOf(feed!.candidates)).toEqual(range(0, most))
    expect(feed).toMatchObject({ imagesSkipped: { page_full: 50 } })
  })

  it('found by fetching and by a browser together', () => {
    const fetched = extract(namings.img!(range(0, 1_500)))
    const page = { url, status: 200, bytes: 1, ...fetched }
    const joining = joinRendered(
      page,
      {
        kind: 'rendered',
        page: { url, headers: {}, snapshot: { base: url, html: namings.img!(range(1_400, 4_000)) } },
        frames: [
          { url: null, headers: {}, snapshot: { base: url, html: namings.img!(range(5_000, 5_100)) } },
        ],
        movedTo: null,
        report: { requests: new Map(), bytes: 0, refused: {} },
      } as unknown as Parameters<typeof joinRendered>[1],
      {},
      { imageSize: 512, productToken: 'pairmill', obeyed: allOptOuts },
      () => true,
    )
    const joined = atOnce(joining)
    expect(numbersOf(joined.page.candidates)).toEqual(range(0, most))
    // 600 that the rendered page itself had no room for, 1,400 of it and 100 of its frame.
    expect(joined.page.imagesSkipped.page_full).toBe(600 + 1_400 + 100)
    expect(joined.candidates).toBe(500)
    const skipped = Object.values(joined.page.imagesSkipped).reduce((a, b) => a + b, 0)
    expect(joined.page.imagesSeen).toBe(most + skipped)
  })
})

describe('what is said once does not cost thousands of times', () => {
  const shared = (text: string) => text.repeat(2_000).slice(0, 1_999)
  it.each([
    [
      'a base URL under many sources',
      `<base href="http://h.test/${'b'.repeat(3_900)}/">${numbered(2_500, (i) => `<img srcset="${i}a 600w,${i}b 300w" src=${i}c alt=x${i}>`)}`,
    ],
    [
      'the caption and the labels of a figure',
      `<p id=l>${shared('\u4e2d ')}</p><figure><figcaption>${shared('\u4e2d')}</figcaption>${numbered(2_500, (i) => `<img src=${i} aria-labelledby=l alt=x${i}>`)}</figure>`,
    ],
    [
      'structured data of an image with many alts',
      numbered(2_500, (i) => `<img src=i${i % 25} alt="x ${i}">`) +
        numbered(25, (i) =>
          script(
            range(0, 16).map((n) => ({
              '@type': 'ImageObject',
              contentUrl: `i${i}`,
              caption: shared(`w${n} `),
            })),
          ),
        ),
    ],
  ])('%s', (_, html) => {
    const { candidates, imagesSkipped } = extract(html)
    expect(candidates.length).toBeGreaterThan(100)
    expect(bytesOf(candidates)).toBeLessThanOrEqual(mostBytes)
    expect(candidates.length + (imagesSkipped.page_full ?? 0)).toBe(2_500)
  })

  it('and 2,000 images with an alt as long as captions may be are all taken', () => {
    const { candidates } = extract(numbered(most, (i) => `<img src=${i} alt="${i} ${shared('word ')}">`))
    expect(candidates).toHaveLength(most)
  })

  it('nor does a sitemap that says thousands of things of one image', () => {
    const texts = numbered(3_000, (i) => `<media:title>t ${i}</media:title>`)
    const feed = readListing(`<rss><item><media:content medium="image" url="/i"/>${texts}</item></rss>`, url)
    expect(feed!.candidates[0]!.captions).toHaveLength(16)
  })
})

describe('the links of a page', () => {
  it('are its first 50,000, and the others are counted', () => {
    const page = extract(`${numbered(60_000, (i) => `<a href=/${i}></a>`)}<a href=/1></a>`)
    expect(page.links).toHaveLength(50_000)
    expect(page.links.at(-1)).toBe(`${url}49999`)
    expect(page.linksBeyond).toBe(10_000)
  })

  it('are fewer where a long base URL stands before each, in a sitemap too', () => {
    const long = `http://h.test/${'b'.repeat(4_000)}/`
    const html = extract(`<base href="${long}">${numbered(20_000, (i) => `<a href=${i}></a>`)}`)
    const sitemap = readListing(
      `<urlset>${numbered(20_000, (i) => `<url><loc>${i}</loc></url>`)}</urlset>`,
      long,
    )
    for (const { links, linksBeyond } of [html, sitemap!]) {
      expect(links.reduce((sum, link) => sum + link.length, 0)).toBeLessThanOrEqual(16_000_000)
      expect(links.length + (linksBeyond ?? 0)).toBe(20_000)
    }
  })

  it('are not counted as beyond where there is room', () => {
    expect(extract('<a href=/1></a>')).not.toHaveProperty('linksBeyond')
  })
})
