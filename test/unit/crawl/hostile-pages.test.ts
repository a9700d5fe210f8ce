import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalUrl, type ExtractOptions, extractPage } from '../../../src/crawl/index.js'
import { runs } from '../../fixtures/runs.js'

const options: ExtractOptions = {
  imageSize: 512,
  productToken: 'pairmill',
  contentLanguage: null,
  xRobotsTag: null,
}
const extract = (html: string) => extractPage(html, 'http://h.test/p', options)

const megabytes = 1
const filled = (piece: string) => piece.repeat(Math.floor((megabytes * 1024 * 1024) / piece.length))
const numbered = (count: number, piece: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => piece(i)).join('')
const script = (json: string) => `<script type="application/ld+json">${json}</script>`

/** Each took minutes or overflowed the stack in some extractor. Real time is a second or two; the limit is for slow machines. */
describe('a megabyte of malice takes seconds', () => {
  it.each([
    ['elements nested without end', filled('<b>')],
    ['nesting, then end tags that match nothing', '<b>'.repeat(200_000) + filled('</i>')],
    ['pairs at the deepest level', '<b>'.repeat(990) + filled('<i></i>')],
    ['svg that its container closes', filled('<div><svg></div>')],
    ['titles deep inside', '<div>'.repeat(900) + filled('<title></title>')],
    ['images', filled('<img src=a.jpg alt=x>')],
    ['images of one URL with many alts', numbered(60_000, (i) => `<img src=a.jpg alt=x${i}>`)],
    ['images with one label', `<p id=a>x</p>${filled('<img src=a.jpg aria-labelledby=a>')}`],
    [
      'labels within labels',
      numbered(900, (i) => `<div id=i${i}>`) +
        numbered(30_000, (i) => `<img src=${i} aria-labelledby=i${i % 900}>x`),
    ],
    ['sources in one picture', `<picture>${filled('<source srcset="a.jpg 1w">')}<img src=b.jpg alt=x>`],
    ['sources and images in one picture', `<picture>${filled('<source srcset=a><img src=b alt=c>')}`],
    ['one srcset', `<img alt=x src=b srcset="${filled('a 1w,')}">`],
    ['open parentheses in a srcset', `<img alt=x srcset="${filled('a (')}">`],
    ['headings within headings', '<h1>'.repeat(900) + filled('<i>x</i>')],
    [
      'captions within captions',
      '<div class=caption>'.repeat(900) + filled('<p class=caption>x</p><img src=a>'),
    ],
    ['headings deep below', '<div>'.repeat(900) + filled('<p><h2>x</h2></p>')],
    ['pictures and headings in turn', numbered(30_000, (i) => `<img src=${i}><h3>x</h3>`)],
    ['character references', `<img src=a alt="${filled('&amp;amp;')}">`],
    ['odd ends of comments', filled('<!-- --!><b>')],
    ['marks of sizes', `<img alt=x src="${'/w_1,h_2'.repeat(500)}-10x10.jpg">`.repeat(250)],
    ['figures within figures', '<figure>'.repeat(900) + filled('<figcaption>x</figcaption><img src=a>')],
    ['attributes', `<img ${numbered(150_000, (i) => `a${i}=1 `)} src=x alt=y>`],
    ['a long alt', `<img src=x alt="${filled('a ')}">`],
    ['a long URL', `<a href="${filled('%%41')}">`],
    ['a long refresh', `<meta http-equiv=refresh content="1;url${filled(' ')}\n\nx">`],
    ['a long robots meta', `<meta name=robots content="${filled('a,')}">`],
    ['a name like a placeholder', `<img alt=x src="${'/blank_'.repeat(280)}">`.repeat(1000)],
    ['brackets in JSON-LD', script('['.repeat(500_000) + ']'.repeat(500_000))],
    ['objects in JSON-LD', script(`${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`)],
    ['images in JSON-LD', script(`{"name":"n","image":[${filled('"a.jpg",')}"b"]}`)],
    ['comments in JSON-LD', script(filled('-->  '))],
    ['JSON-LD scripts', filled(script('{"@type":"ImageObject","url":"a.jpg","name":"n"}'))],
    ['og images', filled('<meta property=og:image content=a.jpg>')],
    ['nothing but <', filled('<')],
    ['comments never closed', filled('<!--')],
    ['NUL', filled('\0<b>\0</b>')],
  ])('%s', (_, html) => {
    const start = performance.now()
    extract(html)
    expect(performance.now() - start).toBeLessThan(10_000)
  })
})

describe('whatever the markup', () => {
  const url = fc.constantFrom(
    'a.jpg',
    '/b.png',
    'data:,',
    '',
    '#',
    '//x',
    'http://',
    'file:///c',
    '..\\x',
    'a b',
    '%',
    'http://h.test/p',
  )
  const text = fc.constantFrom('', 'x', ' A ', '&amp;', '\u0301', '"', '<', '\ud800', '\u0000')
  const attribute = fc.oneof(
    fc.tuple(fc.constantFrom('src', 'data-src', 'href', 'srcset', 'content'), url),
    fc.tuple(
      fc.constantFrom('alt', 'title', 'id', 'aria-labelledby', 'lang', 'rel', 'property', 'width'),
      text,
    ),
    fc.constantFrom(['rel', 'license'], ['property', 'og:image'], ['name', 'robots'], [
      'type',
      'application/ld+json',
    ] as const),
  )
  const name = fc.constantFrom(
    'img',
    'picture',
    'source',
    'figure',
    'figcaption',
    'h1',
    'a',
    'base',
    'meta',
    'html',
    'title',
    'svg',
    'script',
    'template',
    'noscript',
    'p',
    'table',
    'td',
    'br',
    'frame',
    'link',
  )
  const markup = fc
    .array(
      fc.oneof(
        fc
          .tuple(name, fc.array(attribute, { maxLength: 4 }))
          .map(
            ([tag, attributes]) =>
              `<${tag} ${attributes.map(([key, value]) => `${key}="${value}"`).join(' ')}>`,
          ),
        name.map((tag) => `</${tag}>`),
        text,
        fc.constantFrom('<!--', '-->', '<![CDATA[', ']]>', '{"image":"a.jpg","name":"n"}', '<', '</', '<!'),
      ),
      { maxLength: 60 },
    )
    .map((pieces) => pieces.join(''))

  it('a page comes of it that keeps every promise of its record', () => {
    fc.assert(
      fc.property(fc.oneof(markup, fc.string({ unit: 'binary', maxLength: 300 })), (html) => {
        const page = extract(html)
        for (const candidate of page.candidates) {
          const urls = [candidate.imageUrl, ...candidate.fallbackUrls]
          expect(new Set(urls).size).toBe(urls.length)
          for (const each of urls) expect(canonicalUrl(each)).toBe(each)
          expect(candidate.captions.length).toBeGreaterThan(0)
          expect(new Set(candidate.captions.map((c) => `${c.source} ${c.text}`)).size).toBe(
            candidate.captions.length,
          )
          for (const caption of candidate.captions) {
            expect(caption.text).not.toBe('')
            expect(caption.text).toBe(caption.text.replace(/\s+/g, ' ').trim().normalize('NFC'))
            expect(Buffer.from(caption.text).toString()).toBe(caption.text)
          }
        }
        expect(new Set(page.links).size).toBe(page.links.length)
        for (const link of page.links) expect(canonicalUrl(link)).toBe(link)
      }),
      { numRuns: runs.line },
    )
  })
})
