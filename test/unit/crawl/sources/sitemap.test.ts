import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atOnce } from '../../../../src/crawl/index.js'
import { listingPage, mayBeListing, unfolded } from '../../../../src/crawl/listing.js'
import { allOptOuts } from '../../../../src/crawl/permission/index.js'
import { readListing } from '../../../../src/crawl/sources/sitemap.js'
import { runs } from '../../../fixtures/runs.js'

const url = 'http://a.test/sitemap.xml'
const shown = (xml: string, at = url) => {
  const listing = readListing(xml, at)
  return (
    listing && {
      links: listing.links,
      images: listing.candidates.map(
        ({ imageUrl, captions, pageUrl }) =>
          `${imageUrl} | ${captions.map(({ source, text }) => `${source}: ${text}`).join(' + ')} | ${pageUrl}`,
      ),
    }
  )
}

const sitemap = `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
  <url><loc> http://a.test/one </loc><lastmod>2026-01-01</lastmod>
    <image:image><image:loc>http://img.test/1.jpg</image:loc><image:caption>A cat &amp; a dog</image:caption><image:title>Pets</image:title></image:image>
    <image:image><image:loc>http://img.test/2.jpg</image:loc></image:image>
    <image:image><image:caption>Nothing</image:caption></image:image></url>
  <url><loc>/two?b=1&amp;a=2</loc></url>
  <url><loc>ftp://a.test/three</loc></url>
</urlset>`
const rss = `<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>News</title><link>http://a.test/</link>
  <image><url>http://a.test/logo.png</url><title>Logo</title></image>
  <item><title>A storm at sea</title><link>http://a.test/storm</link>
    <media:content url="http://img.test/storm.jpg" medium="image"><media:description><![CDATA[Waves <b>break</b>]]></media:description></media:content></item>
  <item><title>A calm</title><link>http://a.test/calm</link><enclosure url="http://img.test/calm.jpg" type="image/jpeg" length="1"/>
    <enclosure url="http://a.test/calm.mp3" type="audio/mpeg" length="1"/></item>
</channel></rss>`
const atom = `<feed xmlns="http://www.w3.org/2005/Atom"><title>Blog</title><link href="/"/>
  <entry><title>Birds</title><link rel="self" href="/self"/><link href="/birds"/><link rel="enclosure" type="image/png" href="/birds.png"/></entry></feed>`

describe('a sitemap or a feed', () => {
  it('gives the pages of a sitemap, and its images with what it says of them', () => {
    expect(shown(sitemap)).toEqual({
      links: ['http://a.test/one', 'http://a.test/two?b=1&a=2'],
      images: ['http://img.test/1.jpg | sitemap: A cat & a dog + sitemap: Pets | http://a.test/one'],
    })
    expect(readListing(sitemap, url)).toMatchObject({
      kind: 'sitemap',
      imagesSeen: 3,
      imagesSkipped: { no_caption: 1, no_source: 1 },
    })
  })

  it('gives the sitemaps of an index', () => {
    const index =
      '<sitemapindex><sitemap><loc>http://a.test/1.xml.gz</loc></sitemap><sitemap><loc>http://a.test/2.xml</loc></sitemap></sitemapindex>'
    expect(shown(index)).toEqual({ links: ['http://a.test/1.xml.gz', 'http://a.test/2.xml'], images: [] })
  })

  it('gives the pages and pictures of RSS and Atom, by their own words or else by the headline', () => {
    expect(shown(rss)).toEqual({
      links: ['http://a.test/storm', 'http://a.test/calm'],
      images: [
        'http://img.test/storm.jpg | feed: Waves <b>break</b> | http://a.test/storm',
        'http://img.test/calm.jpg | feed: A calm | http://a.test/calm',
      ],
    })
    expect(shown(atom)).toEqual({
      links: ['http://a.test/birds'],
      images: ['http://a.test/birds.png | feed: Birds | http://a.test/birds'],
    })
  })

  it('is nothing else: other XML, pages, text and what is far too deep are none', () => {
    expect(shown('<svg><url><loc>http://a.test/</loc></url></svg>')).toBe(null)
    expect(shown('<!doctype html><html><a href="/x">x</a></html>')).toBe(null)
    expect(shown('just words')).toBe(null)
    expect(shown('')).toBe(null)
    expect(shown(`<urlset>${'<url>'.repeat(50_000)}`)).toBe(null)
  })

  it('expands no entity that the document declares', () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>
      <urlset><url><loc>http://a.test/&b;</loc></url><url><loc>http://a.test/&x;</loc></url></urlset>`
    expect(shown(bomb)?.links).toEqual(['http://a.test/&b;', 'http://a.test/&x;'])
  })

  it('gives at most 50,000 pages, and keeps little of an endless text', () => {
    const many = Array.from({ length: 60_000 }, (_, n) => `<url><loc>http://a.test/${n}</loc></url>`).join('')
    expect(readListing(`<urlset>${many}</urlset>`, url)?.links).toHaveLength(50_000)
    const long = `<urlset><url><loc>http://a.test/${'x'.repeat(1_000_000)}</loc></url><url><loc>/b</loc></url></urlset>`
    expect(shown(long)?.links).toEqual(['http://a.test/b'])
  })

  it('is read from gzip, in its own charset, and not where it unfolds to far too much', async () => {
    const rules = { productToken: 'pairmill', obeyed: allOptOuts, imageSize: 512 }
    const read = (bytes: Uint8Array, headers: Record<string, string> = {}) =>
      atOnce(listingPage(bytes, headers, url, rules))
    const plain = await unfolded(gzipSync(sitemap))
    expect('kind' in plain ? plain : read(plain)).toMatchObject({
      links: ['http://a.test/one', 'http://a.test/two?b=1&a=2'],
    })
    const latin = Buffer.from(
      '<?xml version="1.0" encoding="ISO-8859-1"?><rss><item><title>Caf\xe9</title><link>/c</link><enclosure url="/c.jpg" type="image/jpeg"/></item></rss>',
      'latin1',
    )
    expect(read(latin)).toMatchObject({ candidates: [{ captions: [{ source: 'feed', text: 'Café' }] }] })
    const refused = async (bytes: Uint8Array) => {
      const outcome = await unfolded(bytes)
      return 'kind' in outcome ? outcome.reason : 'read'
    }
    expect(await refused(gzipSync(sitemap).subarray(0, 60))).toBe('body_cut')
    expect(await refused(gzipSync(randomBytes(60 * 1024 * 1024), { level: 0 }))).toBe('too_large')
    // 500 times what it was: no list of pages that anybody wrote.
    const folded = gzipSync(`<urlset>${'<url></url>'.repeat(4_000_000)}</urlset>`, { level: 9 })
    expect(folded.length).toBeLessThan(100_000)
    expect(await refused(folded)).toBe('too_large')
    expect(read(Buffer.from('<a/>'))).toBeNull()
    expect(read(Buffer.from(sitemap), { 'x-robots-tag': 'nofollow, noimageindex' })).toMatchObject({
      links: [],
      candidates: [],
    })
  })

  it('may have any prefixes for its namespaces', () => {
    const prefixed = sitemap
      .replaceAll(/<(\/?)(urlset|url|loc|lastmod)\b/g, '<$1sm:$2')
      .replaceAll('image:', 'pic:')
      .replace('xmlns:image=', 'xmlns:pic=')
      .replace('xmlns=', 'xmlns:sm=')
    expect(prefixed).toContain('<pic:image><pic:loc>')
    expect(shown(prefixed)).toEqual(shown(sitemap))
    const undeclared = '<ns0:urlset><ns0:url><ns0:loc>http://a.test/one</ns0:loc></ns0:url></ns0:urlset>'
    expect(shown(undeclared)?.links).toEqual(['http://a.test/one'])
    const prefixedAtom = atom
      .replaceAll(/<(\/?)(feed|title|link|entry)\b/g, '<$1a:$2')
      .replace('xmlns=', 'xmlns:a=')
    expect(shown(prefixedAtom)).toEqual(shown(atom))
  })

  it('keeps the prefixes that mean something else', () => {
    const feed = `<rss xmlns:atom="http://www.w3.org/2005/Atom"><channel><item><atom:link href="/self"/><link>/page</link></item></channel></rss>`
    expect(shown(feed)?.links).toEqual(['http://a.test/page'])
  })

  describe('with articles in it', () => {
    const pictured = (text: string) => `<![CDATA[<p>${text}</p>]]>`
    const readPage = (xml: string) =>
      atOnce(
        listingPage(Buffer.from(xml), {}, url, { productToken: 'p', obeyed: allOptOuts, imageSize: 512 }),
      )
    const imagesOf = (xml: string) =>
      readPage(xml)?.candidates.map(
        ({ imageUrl, captions, pageUrl }) =>
          `${imageUrl} | ${captions.map(({ text }) => text).join(' + ')} | ${pageUrl}`,
      )

    it('gives their pictures as a page does, on the page of their entry', () => {
      const image = '<img src="/mill.jpg" alt="A mill by the river" width="600" height="400"/>'
      const feed = `<rss xmlns:c="http://purl.org/rss/1.0/modules/content/"><channel><item><title>Mills</title>
        <link>http://a.test/news/mills</link><description>${pictured('A mill')}</description>
        <c:encoded>${pictured(image)}</c:encoded></item></channel></rss>`
      expect(imagesOf(feed)).toEqual([
        'http://a.test/mill.jpg | A mill by the river | http://a.test/news/mills',
      ])
      expect(readPage(feed)).toMatchObject({ imagesSeen: 1, links: ['http://a.test/news/mills'] })
      const blog = `<feed><entry><link href="/b"/><content type="html">${pictured(image)}</content></entry></feed>`
      expect(imagesOf(blog)).toEqual(['http://a.test/mill.jpg | A mill by the river | http://a.test/b'])
    })

    const mill = '<img src="/mill.jpg" alt="A mill by the river"/>'
    const ofEntry = (inner: string) =>
      imagesOf(`<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="/b"/>${inner}</entry></feed>`)

    it.each([
      [
        'content as XHTML',
        `<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Near &lt;us&gt;<br/>${mill}</p></div></content>`,
      ],
      [
        'content as XHTML with a prefix',
        `<content type="xhtml"><h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p>${mill.replace('<img', '<h:img')}</h:p></h:div></content>`,
      ],
      [
        'a summary as XHTML',
        `<summary type="xhtml"><div>${mill}</div></summary><content type="text">Of mills</content>`,
      ],
      [
        'a short summary beside a long article',
        `<summary type="html">${pictured(mill)}</summary><content type="html">${pictured('long '.repeat(99))}</content>`,
      ],
      [
        'content as HTML that is escaped',
        `<content type="html">${mill.replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</content>`,
      ],
      ['elements of content whose type nobody says', `<content><p>${mill}</p></content>`],
      ['elements that nobody closed', `<description><p>Near us<br>${mill.replace('/>', '>')}</description>`],
    ])('finds them in %s', (_, inner) => {
      expect(ofEntry(inner)).toEqual(['http://a.test/mill.jpg | A mill by the river | http://a.test/b'])
    })

    it('finds figures and their captions in XHTML as on a page', () => {
      const figure =
        '<figure><img src="1.jpg" alt=""/><figcaption>Mills &amp; <em>weirs</em> of the Loue</figcaption></figure>'
      expect(ofEntry(`<content type="xhtml"><div><script src="x"/>${figure}</div></content>`)).toEqual([
        'http://a.test/1.jpg | Mills & weirs of the Loue | http://a.test/b',
      ])
    })

    it('takes a text that is said to be plain by the letter', () => {
      const html = mill.replaceAll('<', '&lt;')
      expect(
        ofEntry(`<content type="text">${html}</content><summary type="text/plain">${html}</summary>`),
      ).toEqual([])
      expect(
        ofEntry(
          `<link rel="enclosure" type="image/png" href="/1.png"/><title type="text">a &lt;b&gt; c</title>`,
        ),
      ).toEqual(['http://a.test/1.png | a <b> c | http://a.test/b'])
    })

    it.each([
      ['html', 'Birds &amp;amp; &lt;b&gt;bees&lt;/b&gt;'],
      ['html', '<![CDATA[Birds &amp; <b>bees</b>]]>'],
      ['xhtml', '<div>Birds &amp; <b>bees</b></div>'],
      ['text', 'Birds &amp; bees'],
    ])('reads a headline of type %s: %s', (type, title) => {
      const picture = '<link rel="enclosure" type="image/png" href="/1.png"/>'
      expect(ofEntry(`${picture}<title type="${type}">${title}</title>`)).toEqual([
        'http://a.test/1.png | Birds & bees | http://a.test/b',
      ])
    })

    it('reads what Media RSS says of a picture as HTML where it says so', () => {
      const item = (type: string) =>
        `<rss><item><link>/b</link><media:content url="/1.jpg"><media:description${type}>The &lt;i&gt;old&lt;/i&gt; mill</media:description></media:content></item></rss>`
      expect(imagesOf(item(' type="html"'))).toEqual(['http://a.test/1.jpg | The old mill | http://a.test/b'])
      expect(imagesOf(item(''))).toEqual(['http://a.test/1.jpg | The <i>old</i> mill | http://a.test/b'])
    })

    it('resolves addresses by xml:base, and knows the language that is declared', () => {
      const xml = `<feed xml:base="http://b.test/blog/" xml:lang="pl"><entry xml:base="2026/"><link href="may"/>
        <content type="xhtml"><div><img src="i/1.jpg" alt="Wodospad"/></div></content></entry>
        <entry xml:lang="de"><link href="/c"/><content type="image/png" src="2.png"/><title>Zwei</title></entry></feed>`
      expect(
        readPage(xml)?.candidates.map(({ imageUrl, pageUrl, pageLanguage }) => [
          imageUrl,
          pageUrl,
          pageLanguage,
        ]),
      ).toEqual([
        ['http://b.test/blog/2026/i/1.jpg', 'http://b.test/blog/2026/may', 'pl'],
        ['http://b.test/blog/2.png', 'http://b.test/c', 'de'],
      ])
      const rss =
        '<rss><channel><language>cs</language><item><title>a</title><enclosure url="/1.jpg"/></item></channel></rss>'
      expect(readPage(rss)?.candidates).toMatchObject([{ pageLanguage: 'cs' }])
    })

    it('is not ended by an address within an entry', () => {
      const item = `<rss><item><image><url>/logo.png</url></image><title>Mills</title><link>/b</link><enclosure url="/1.jpg"/></item></rss>`
      expect(imagesOf(item)).toEqual(['http://a.test/1.jpg | Mills | http://a.test/b'])
    })

    it('counts a picture that stands there twice, and those without a text', () => {
      const image = '<img src="/mill.jpg" alt="A mill by the river">'
      const item = `<item><link>/1</link><description>${pictured(`${image}${image}<img src="/x.jpg">`)}</description></item>`
      const page = readPage(`<rss><channel>${item}${item.replace('/1', '/2')}</channel></rss>`)
      expect(page?.candidates).toHaveLength(1)
      const skipped = Object.values(page?.imagesSkipped ?? {}).reduce((sum, n) => sum + n, 0)
      expect(1 + skipped).toBe(page?.imagesSeen)
    })

    it('reads no more of them than of one page', () => {
      const image = '<img src="/mill.jpg" alt="A mill by the river">'
      const long = pictured(`${image}${'x'.repeat(400_000)}`)
      const items = Array.from(
        { length: 20 },
        (_, n) => `<item><link>/${n}</link><description>${long}</description></item>`,
      )
      expect(readPage(`<rss><channel>${items.join('')}</channel></rss>`)?.imagesSeen).toBe(13)
    })
  })

  it('may be a text with a page in each line', () => {
    const read = (text: string | Uint8Array) =>
      atOnce(
        listingPage(
          Buffer.from(text),
          {},
          url,
          { productToken: 'p', obeyed: allOptOuts, imageSize: 512 },
          true,
        ),
      )
    expect(read('\ufeffhttp://a.test/1\r\n\r\n  https://b.test/2  \nhttp://a.test/1\n')?.links).toEqual([
      'http://a.test/1',
      'https://b.test/2',
    ])
    expect(read(Buffer.from('\ufeffhttp://a.test/1\nhttp://a.test/2', 'utf16le'))?.links).toHaveLength(2)
    expect(read('http://a.test/1\nand more about it')).toBeNull()
    expect(read('http://a.test/1 title')).toBeNull()
  })

  it('is looked for in XML and in compressed sitemaps alone', () => {
    expect(mayBeListing('application/rss+xml', 'http://a.test/feed')).toBe(true)
    expect(mayBeListing('application/gzip', 'http://a.test/s.xml.gz?x')).toBe(true)
    expect(mayBeListing('application/gzip', 'http://a.test/backup.tar.gz')).toBe(false)
    expect(mayBeListing('image/svg+xml', 'http://a.test/a.svg')).toBe(false)
  })

  it('makes of 2,000 damaged documents canonical links and captions that say something, or nothing', () => {
    const piece = fc.constantFrom(
      ...[
        '<url>',
        '</url>',
        '<loc>',
        '</loc>',
        '<item>',
        '</item>',
        '<image:image>',
        '<![CDATA[',
        ']]>',
        '&',
        ';',
      ],
      ...[
        '<link href="/x"/>',
        '"',
        '>',
        '<',
        '<!--',
        '<enclosure url="/i.jpg" type="image/png"/>',
        '\0',
        'http://b.test/',
      ],
    )
    const damage = fc.array(fc.tuple(fc.nat(2_000), fc.nat(20), piece), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(fc.constantFrom(sitemap, rss, atom), damage, (xml, changes) => {
        let text = xml
        for (const [at, gone, put] of changes) {
          const place = at % text.length
          text = text.slice(0, place) + put + text.slice(place + gone)
        }
        const listing = readListing(text, url)
        for (const link of listing?.links ?? []) expect(link).toMatch(/^https?:\/\//)
        for (const { imageUrl, captions } of listing?.candidates ?? []) {
          expect(imageUrl).toMatch(/^https?:\/\//)
          expect(captions.every((caption) => caption.text.trim() !== '')).toBe(true)
          expect(captions.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: runs.line },
    )
  })
})
