import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { type ExtractOptions, extractPage } from '../../../src/crawl/index.js'

const options: ExtractOptions = {
  imageSize: 512,
  productToken: 'pairmill',
  contentLanguage: null,
  xRobotsTag: null,
}
const pageUrl = 'http://h.test/dir/page.html'
const extract = (html: string, changed: Partial<ExtractOptions> = {}) =>
  extractPage(html, pageUrl, { ...options, ...changed })
/** Each candidate as [URL, ...fallbacks] and `source: text` lines. */
const images = (html: string, changed: Partial<ExtractOptions> = {}) =>
  extract(html, changed).candidates.map((c) => [
    [c.imageUrl, ...c.fallbackUrls].map((url) => url.replace('http://h.test', '')).join(' '),
    ...c.captions.map((caption) => `${caption.source}: ${caption.text}`),
  ])

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
function heapBytes(): number {
  collect()
  return process.memoryUsage().heapUsed
}

describe('an image is found', () => {
  it.each([
    ['in src', '<img src="../a.jpg" alt="x">', '/a.jpg'],
    ['in src with backslashes', '<img src="..\\img\\a.gif" alt="x">', '/img/a.gif'],
    ['in src with spaces and accents', '<img src=" caf\u00e9 bar.jpg " alt="x">', '/dir/caf%C3%A9%20bar.jpg'],
    ['in src with a line break', '<img src="a\n.jpg" alt="x">', '/dir/a.jpg'],
    ['against a base', '<base href="/other/"><img src="a.jpg" alt="x">', '/other/a.jpg'],
    [
      'against a base that comes late',
      '<img src="a.jpg" alt="x"><base href="/other/"><base href="/third/">',
      '/other/a.jpg',
    ],
    ['in noscript', '<noscript><img src="a.jpg" alt="x"></noscript>', '/dir/a.jpg'],
    ['in upper case without quotes', '<IMG ALT=x SRC=a.jpg>', '/dir/a.jpg'],
    [
      'in data-src, where src is a data: URL',
      '<img src="data:image/gif;base64,R0" data-src="a.jpg" alt="x">',
      '/dir/a.jpg',
    ],
    ['in data-original, where there is no src', '<img data-original="a.jpg" alt="x">', '/dir/a.jpg'],
    [
      'in data-lazy-src, where src is 1x1',
      '<img src="t.gif" width="1" height="1" data-lazy-src="a.jpg" alt="x">',
      '/dir/a.jpg',
    ],
    [
      'in data-src, where src is named as a placeholder',
      '<img src="/i/blank.gif" data-src="a.jpg" alt="x">',
      '/dir/a.jpg',
    ],
    [
      'in src, where that is a picture of its own',
      '<img src="a.jpg" data-src="b.jpg" alt="x">',
      '/dir/a.jpg /dir/b.jpg',
    ],
    [
      'in data-srcset',
      '<img data-srcset="a.jpg 300w, b.jpg 600w" src="data:," alt="x">',
      '/dir/b.jpg /dir/a.jpg',
    ],
    [
      'in srcset, with src to fall back on',
      '<img srcset="a.jpg 300w,\n b.jpg 600w,\n c.jpg 4000w" src="s.jpg" alt="x">',
      '/dir/b.jpg /dir/a.jpg /dir/c.jpg /dir/s.jpg',
    ],
    [
      'in the sources of a picture',
      '<picture><source srcset="a.webp 600w" type="image/webp"><source srcset="z.svg" type="image/svg+xml"><img src="s.jpg" alt="x"></picture>',
      '/dir/a.webp /dir/s.jpg',
    ],
    [
      'in its own srcset before the sources',
      '<picture><source srcset="a.webp 600w"><img srcset="b.jpg 600w" src="s.jpg" alt="x"></picture>',
      '/dir/b.jpg /dir/a.webp /dir/s.jpg',
    ],
    [
      'in a lazy picture',
      '<picture><source data-srcset="a.jpg 600w"><img src="data:," data-src="s.jpg" alt="x"></picture>',
      '/dir/a.jpg /dir/s.jpg',
    ],
  ])('%s', (_, html, urls) => {
    expect(images(html)).toEqual([[urls, 'alt: x']])
  })

  it.each([
    ['in a comment', '<!-- <img src="a.jpg" alt="x"> -->'],
    ['in a template', '<template><img src="a.jpg" alt="x"></template>'],
    ['in a script', '<script>document.write(\'<img src="a.jpg" alt="x">\')</script>'],
    ['in a text area', '<textarea><img src="a.jpg" alt="x"></textarea>'],
    ['as an input', '<input type="image" src="a.jpg" alt="x">'],
    ['in the sources of another picture', '<picture><source srcset="a.jpg"></picture>'],
  ])('not %s', (_, html) => {
    expect(extract(html)).toMatchObject({ candidates: [], imagesSeen: 0, imagesSkipped: {} })
  })

  it.each([
    ['data_url', '<img src="data:image/png;base64,AAAA" alt="x">'],
    ['svg', '<img src="/logo.SVG?v=2" alt="x">'],
    ['scheme', '<img src="file:///D:/x.gif" alt="x">'],
    ['scheme', '<img src="D:\\x.gif" alt="x">'],
    ['no_source', '<img alt="x">'],
    ['no_source', '<img src="" alt="x">'],
    ['no_source', '<img src="#" alt="x">'],
    ['bad_url', '<img src="http://" alt="x">'],
    ['bad_url', '<img src="http://user:pw@h.test/a.jpg" alt="x">'],
    ['no_caption', '<img src="a.jpg">'],
    ['no_caption', '<img src="a.jpg" alt=" \u00a0 ">'],
  ])('but counted as %s: %s', (reason, html) => {
    expect(extract(html)).toMatchObject({ candidates: [], imagesSeen: 1, imagesSkipped: { [reason]: 1 } })
  })
})

describe('a caption is labelled by where it stood', () => {
  it('on the image itself and around it', () => {
    expect(
      images(`<p id="l1">By</p><p id="l2">the <b>s</b>ea</p>
        <figure><img src="a.jpg" title="T" alt="A &amp; B" aria-labelledby="l1 l2 none">
        <figcaption>The\n  <i>cap</i>tion<br>of it<script>no</script></figcaption></figure>`),
    ).toEqual([
      ['/dir/a.jpg', 'alt: A & B', 'figcaption: The caption of it', 'title: T', 'aria-label: By the sea'],
    ])
  })

  it('also where the figcaption comes first, or belongs to the figure around', () => {
    expect(
      images(
        '<figure><figcaption>C</figcaption><figure><img src="a.jpg"></figure></figure><img src="b.jpg" alt="x">',
      ),
    ).toEqual([
      ['/dir/a.jpg', 'figcaption: C'],
      ['/dir/b.jpg', 'alt: x'],
    ])
  })

  it('collapsed, in NFC, without control characters, and cut', () => {
    const [[, alt = ''] = []] = images(`<img src="a.jpg" alt=" Cafe\u0301\u0007  \n\u00a0bar ">`)
    expect(alt).toBe('alt: Caf\u00e9 bar')
    const long =
      extract(`<img src="a.jpg" alt="${'\u{1F600} '.repeat(5000)}">`).candidates[0]?.captions[0]?.text ?? ''
    expect(long.length).toBeLessThanOrEqual(2000)
    expect(Buffer.from(long).toString()).toBe(long)
  })

  it('as the heading of its section, only where nothing else is said and it is the only picture there', () => {
    const html =
      '<h1>One</h1><img src="a.jpg"><h2>Two <b>b</b></h2><img src="b.jpg"><h2>Three</h2><img src="c.jpg" alt="C">'
    expect(images(html)).toEqual([
      ['/dir/a.jpg', 'heading: One'],
      ['/dir/b.jpg', 'heading: Two b'],
      ['/dir/c.jpg', 'alt: C'],
    ])
  })

  it('as context, where a heading stands over several pictures', () => {
    expect(images('<h2>Two <b>b</b></h2><img src="b.jpg"><img src="c.jpg" alt="C">')).toEqual([
      ['/dir/c.jpg', 'alt: C', 'context: Two b'],
    ])
  })

  it.each(['alt=""', 'width="16" height="16"', 'role="presentation"'])(
    'but not as a heading for %s',
    (attributes) => {
      expect(extract(`<h1>One</h1><img src="a.jpg" ${attributes}>`)).toMatchObject({
        candidates: [],
        imagesSkipped: { no_caption: 1 },
      })
    },
  )

  it('as og: metadata, on the first image that it names', () => {
    const html = `<meta property="og:title" content="T"><meta property="og:description" content="D">
      <meta property="og:image" content="/o.jpg"><meta property="og:image:alt" content="A"><meta name="twitter:image" content="/t.jpg">`
    expect(images(html)).toEqual([['/o.jpg', 'og: A', 'og: T', 'og: D']])
  })

  it('as og: metadata, on the element that shows the same image', () => {
    const html =
      '<meta property="og:title" content="T"><meta property="og:image" content="http://h.test/o.jpg"><img src="/o.jpg" alt="A">'
    expect(images(html)).toEqual([['/o.jpg', 'alt: A', 'og: T']])
  })

  it('as JSON-LD: an ImageObject, or the image of a named thing', () => {
    const ld = (value: unknown) => `<script type="application/ld+json">${JSON.stringify(value)}</script>`
    expect(
      images(ld({ '@type': 'ImageObject', contentUrl: '/a.jpg', name: 'N', caption: 'C', description: 'D' })),
    ).toEqual([['/a.jpg', 'json-ld: C', 'json-ld: N', 'json-ld: D']])
    expect(
      images(ld({ '@graph': [{ '@type': ['Recipe'], name: 'Soup', image: ['/a.jpg', { url: '/b.jpg' }] }] })),
    ).toEqual([
      ['/a.jpg', 'json-ld: Soup'],
      ['/b.jpg', 'json-ld: Soup'],
    ])
    expect(
      images(
        `${ld({ '@type': 'NewsArticle', headline: 'H', image: '/a.jpg', publisher: { name: 'P', logo: { '@type': 'ImageObject', url: '/l.png' } } })}<img src="/a.jpg" alt="A">`,
      ),
    ).toEqual([['/a.jpg', 'alt: A', 'json-ld: H']])
    expect(images('<script type="application/ld+json">{broken</script>')).toEqual([])
  })
})

describe('the same image', () => {
  it('with the same alt is one candidate, with another alt another', () => {
    const html = '<img src="a.jpg" alt="A"><img src="./a.jpg#x" alt=" A "><img src="a.jpg" alt="B">'
    expect(images(html)).toEqual([
      ['/dir/a.jpg', 'alt: A'],
      ['/dir/a.jpg', 'alt: B'],
    ])
  })

  it('as a lazy element and its noscript twin is one candidate', () => {
    const lazy = '<img src="data:," data-src="a.jpg" data-srcset="a.jpg 300w, b.jpg 600w" alt="A">'
    expect(images(`${lazy}<noscript><img src="a.jpg" alt="A"></noscript>`)).toEqual([
      ['/dir/b.jpg /dir/a.jpg', 'alt: A'],
    ])
    expect(images(`<noscript><img src="a.jpg" alt="A"></noscript>${lazy}`)).toEqual([
      ['/dir/a.jpg', 'alt: A'],
    ])
  })

  it('is not what only shares a fallback', () => {
    const tag = (name: string) => `<img srcset="${name} 600w" src="shared.jpg" alt="A">`
    expect(images(tag('a.jpg') + tag('b.jpg'))).toHaveLength(2)
  })

  it('is not headed by its section where it has an alt elsewhere', () => {
    expect(images('<h1>H</h1><img src="a.jpg"><img src="a.jpg" alt="A">')).toEqual([['/dir/a.jpg', 'alt: A']])
  })
})

describe('a page', () => {
  it('has a title and a language', () => {
    expect(extract('<svg><title>icon</title></svg><title> A &lt;b&gt;\n page </title>').title).toBe(
      'A <b> page',
    )
    expect(extract('<html lang="zh_TW">', { contentLanguage: 'en' }).language).toBe('zh-tw')
    expect(extract('<meta http-equiv="Content-Language" content="de">').language).toBe('de')
    expect(extract('<p>', { contentLanguage: 'fr-CA' }).language).toBe('fr-ca')
    expect(extract('<p>', { contentLanguage: 'en, fr' }).language).toBeNull()
  })

  it('has a licence, and a figure may have another', () => {
    const html = `<img src="a.jpg" alt="a"><figure><img src="b.jpg" alt="b"><a rel="license nofollow" href="/by">BY</a></figure>
      <link rel="license" href="https://creativecommons.org/licenses/by-sa/4.0/">`
    expect(extract(html).candidates.map((c) => c.licenceUrl)).toEqual([
      'https://creativecommons.org/licenses/by-sa/4.0/',
      'http://h.test/by',
    ])
    const ld =
      '<script type="application/ld+json">{"@type":"WebPage","license":"https://l.test/"}</script><img src="a.jpg" alt="a">'
    expect(extract(ld).candidates[0]?.licenceUrl).toBe('https://l.test/')
  })

  it('has links: anchors, areas, frames, next pages and refreshes, but none with nofollow', () => {
    const html = `<a href="a">1</a><a href="./a#x">again</a><map><area href="b"></map><frame src="c"><iframe src="d"></iframe>
      <link rel="next" href="e"><link rel="stylesheet" href="f.css"><meta http-equiv="Refresh" content="0; URL='g'">
      <a rel="external nofollow" href="h">no</a><a href="mailto:x@y">no</a><a href="#top">no</a><a href="page.html">self</a>
      <noscript><a href="i">i</a></noscript><!-- <a href="j"> -->`
    expect(extract(html).links).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'g', 'i'].map((name) => `http://h.test/dir/${name}`),
    )
  })
})

describe('what is taken from a page', () => {
  it('does not keep the page in memory', () => {
    const before = heapBytes()
    const taken = Array.from({ length: 30 }, (_, n) => {
      const html = `<title>The-harbour-station-${n}</title><p>${'x'.repeat(1_000_000)}${n}</p><a href="/a/link/of/the/page/${n}">
        <img src="https://media.test/a/picture/${n}.jpg" alt="The-harbour-without-blanks-${n}">`
      // Built of pieces it would not be what a reader decodes: one text.
      return extract(Buffer.from(html).toString())
    })
    expect(taken[29]).toMatchObject({
      title: 'The-harbour-station-29',
      links: { length: 1 },
      candidates: { length: 1 },
    })
    expect(heapBytes()).toBeLessThan(before + 10_000_000)
  })
})

describe('a page that says no', () => {
  const html = '<a href="a">a</a><img src="a.jpg" alt="A">'
  it.each([
    ['<meta name="robots" content="NOFOLLOW, max-snippet:20">', null, 0, 1],
    ['<meta name="robots" content="index,noimageindex">', null, 1, 0],
    ['<meta name="Robots" content="none">', null, 0, 0],
    ['<meta name="pairmill" content="noindex">', null, 1, 0],
    ['<meta name="googlebot" content="none">', null, 1, 1],
    ['', 'noindex, nofollow', 0, 0],
    ['', 'PairMill: noindex', 1, 0],
    ['', 'googlebot: noindex', 1, 1],
    ['', 'unavailable_after: 25 Jun 2010 15:00:00 PST, nofollow', 0, 1],
  ])('%s %s is obeyed', (meta, xRobotsTag, links, candidates) => {
    const page = extract(meta + html, { xRobotsTag })
    expect([page.links.length, page.candidates.length]).toEqual([links, candidates])
  })
})
