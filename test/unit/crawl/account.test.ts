import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPage } from '../../../src/crawl/extract/index.js'
import { allOptOuts, atOnce, joinRendered } from '../../../src/crawl/index.js'
import { listingPage } from '../../../src/crawl/listing.js'
import type { Page } from '../../../src/crawl/page.js'
import { readWat } from '../../../src/crawl/sources/archive/wat.js'
import { defaultVisitOptions } from '../../../src/crawl/visit.js'
import { wat } from '../../fixtures/crawl/sources/archive/warc-writer.js'

const url = 'http://h.test/dir/page'
const options = { ...defaultVisitOptions, productToken: 'pairmill', obeyed: allOptOuts }
const context = { ...options, contentLanguage: null, xRobotsTag: null }

type Seen = Pick<Page, 'imagesSeen' | 'imagesNamed' | 'imagesSkipped' | 'candidates'>
/** Images that stand nowhere in a page's account, which every one has to. */
const lost = ({ imagesSeen, imagesNamed = 0, imagesSkipped, candidates }: Seen): number =>
  imagesSeen + imagesNamed - candidates.length - Object.values(imagesSkipped).reduce((a, b) => a + b, 0)

const name = fc.constantFrom('a.jpg', 'b.jpg', 'c.png', 'd.svg', 'data:,', '', '#', 'http://', 'file:///x')
const words = fc.constantFrom('A cat', 'A dog', '', ' ')
const image = fc
  .record({ src: name, lazy: fc.option(name), set: fc.option(name), alt: fc.option(words), title: words })
  .map(({ src, lazy, set, alt, title }) =>
    [
      `<img src="${src}" title="${title}"`,
      lazy === null ? '' : ` data-src="${lazy}"`,
      set === null ? '' : ` srcset="${set} 600w"`,
      alt === null ? '' : ` alt="${alt}"`,
      '>',
    ].join(''),
  )
const around = fc.constantFrom(
  (one: string) => one,
  (one: string) => `${one}<noscript>${one}</noscript>`,
  (one: string) => `<figure>${one}<figcaption>A bird</figcaption></figure>`,
  (one: string) => `<h2>Birds</h2>${one}`,
  (one: string) => `<picture><source srcset="a.jpg">${one}</picture>`,
)
const named = fc.oneof(
  fc
    .tuple(name, fc.option(words))
    .map(
      ([src, alt]) =>
        `<meta property="og:image" content="${src}">${alt === null ? '' : `<meta property="og:image:alt" content="${alt}">`}`,
    ),
  fc
    .tuple(name, words)
    .map(
      ([src, caption]) =>
        `<script type="application/ld+json">${JSON.stringify({ '@type': 'ImageObject', contentUrl: src, caption })}</script>`,
    ),
)
const html = fc
  .tuple(
    fc.array(named, { maxLength: 4 }),
    fc.array(
      fc.tuple(around, image).map(([as, one]) => as(one)),
      { maxLength: 12 },
    ),
    fc.constantFrom('', '', '', '<meta name="robots" content="noimageindex">'),
  )
  .map(([head, body, robots]) => `<head>${robots}${head.join('')}</head><body>${body.join('')}</body>`)

describe('every image of a page is a candidate, or has a reason', () => {
  it('on a page, whatever is on it, and whatever its metadata names', () => {
    fc.assert(
      fc.property(html, (text) => {
        expect(lost(readPage(text, url, context).page)).toBe(0)
      }),
    )
  })

  it('also of images beyond those that are looked at', () => {
    const { page } = readPage('<img>'.repeat(20_100), url, context)
    expect(page.imagesSeen).toBe(20_100)
    expect(page.imagesSkipped.page_full).toBeGreaterThanOrEqual(100)
    expect(lost(page)).toBe(0)
  })

  it('also of images beyond those that are taken, whatever names them', () => {
    const sources = Array.from({ length: 25_000 }, (_, i) => `${i % 24_000}.jpg`)
    const shown = sources.slice(0, 1_500).map((src) => `<img src="${src}" alt="A cat">`)
    const { page } = readPage(
      `${shown.join('')}<meta property="og:image" content="file:///x">
       <script type="application/ld+json">${JSON.stringify({ name: 'Cats', image: ['http://', ...sources] })}</script>`,
      url,
      context,
    )
    expect(page.candidates).toHaveLength(2_000)
    expect(page).toMatchObject({
      imagesSeen: 1_500,
      imagesNamed: 25_002,
      imagesSkipped: { bad_url: 1, scheme: 1 },
    })
    expect(lost(page)).toBe(0)
  })

  it('where one picture is shown again, with more said of it or less', () => {
    const { page } = readPage(
      `<meta property="og:image" content="a.jpg"><img src="a.jpg" alt="A cat"><img src="a.jpg" alt="A cat">
       <img src="a.jpg" alt="A dog"><img src="a.jpg"><img src="b.jpg"><img src="b.jpg">`,
      url,
      context,
    )
    expect(page.candidates).toHaveLength(2)
    expect(page).toMatchObject({
      imagesSeen: 6,
      imagesNamed: 1,
      imagesSkipped: { repeated: 3, no_caption: 2 },
    })
  })

  it('on a page that a browser saw too, with its frames', () => {
    const shown = (text: string, of: string | null = null) => ({
      url: of,
      snapshot: { html: text, isCut: false, base: url },
      headers: {},
    })
    fc.assert(
      fc.property(html, html, fc.array(html, { maxLength: 2 }), (fetched, main, frames) => {
        const { page } = readPage(fetched, url, context)
        const static_: Page = { url, status: 200, bytes: 1, digest: '', ...page }
        const rendered = {
          kind: 'rendered',
          page: shown(main),
          frames: frames.map((text) => shown(text)),
          movedTo: null,
          report: { requests: new Map(), bytes: 0, refused: {} },
        } as const
        expect(lost(atOnce(joinRendered(static_, rendered, {}, options, () => true)).page)).toBe(0)
      }),
    )
  })

  it('in a sitemap or a feed, also one that opts out', () => {
    const entry = fc
      .tuple(name, words, words)
      .map(
        ([src, caption, title]) =>
          `<item><title>${title}</title><link>/p</link><enclosure type="image/png" url="${src}"/><image:image>${src === '' ? '' : `<image:loc>${src}</image:loc>`}<image:caption>${caption}</image:caption></image:image></item>`,
      )
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), fc.boolean(), (entries, isClosed) => {
        const body = Buffer.from(`<rss>${entries.join('')}</rss>`)
        const page = atOnce(
          listingPage(body, isClosed ? { 'x-robots-tag': 'noimageindex' } : {}, url, options),
        )
        expect(page === null ? null : lost(page)).toBe(0)
      }),
    )
  })

  it('in a sitemap that has more than are taken', () => {
    const one = '<image:image><image:loc>/a.jpg</image:loc></image:image>'
    const body = Buffer.from(`<urlset><url><loc>/p</loc>${one.repeat(50_010)}</url></urlset>`)
    const page = atOnce(listingPage(body, {}, url, options))
    expect(page).toMatchObject({ imagesSeen: 50_010, imagesSkipped: { page_full: expect.any(Number) } })
    expect(page === null ? null : lost(page)).toBe(0)
  })

  it('in a record of a WAT file', async () => {
    const link = fc
      .tuple(name, fc.option(words))
      .map(([src, alt]) => ({ path: 'IMG@/src', url: src, ...(alt === null ? {} : { alt }) }))
    await fc.assert(
      fc.asyncProperty(fc.array(link, { maxLength: 12 }), async (links) => {
        const text = wat({ url, links }).toString()
        const block = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4))
        const read = await readWat(block, options, new AbortController().signal)
        expect(read.kind === 'page' ? lost(read.page) : null).toBe(0)
      }),
    )
  })
})
