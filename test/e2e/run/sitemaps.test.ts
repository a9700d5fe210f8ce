import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countersOf, newOut, pairmill, pairsOf } from '../../fixtures/run/pairmill.js'
import { photos, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const first = 900
const pictureOf = (n: number) => `http://img.net/${n}.jpg`
const pair = (n: number) => `${pictureOf(n)} ${sentence(first + n)}`
const xml = (text: string) => ({ headers: { 'content-type': 'application/xml' }, body: Buffer.from(text) })

describe('a run on a site that names its pages', { timeout: 300_000 }, () => {
  let web: TestWeb
  beforeAll(async () => {
    web = await startTestWeb()
    const bytes = await photos(first, 6)
    for (const [n, body] of bytes.entries()) web.picture(pictureOf(n).slice('http://'.length), body)
    const page = (path: string, n: number) =>
      web.page(`www.example.org${path}`, { images: [{ src: pictureOf(n), alt: sentence(first + n) }] })
    page('/', 0)
    page('/alone', 1)
    page('/zipped', 2)
    page('/news/1', 3)
    web.serve('www.example.org/robots.txt', {
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from(
        'User-agent: *\nDisallow: /shut\nSitemap: http://www.example.org/index.xml\nSitemap: http://other.org/s.xml',
      ),
    })
    web.serve(
      'www.example.org/index.xml',
      xml(
        '<sitemapindex><sitemap><loc>/a.xml</loc></sitemap><sitemap><loc>http://www.example.org/b.xml.gz</loc></sitemap></sitemapindex>',
      ),
    )
    web.serve(
      'www.example.org/a.xml',
      xml(
        `<urlset><url><loc>http://www.example.org/alone</loc><image:image><image:loc>${pictureOf(4)}</image:loc><image:caption>${sentence(first + 4)}</image:caption></image:image></url>
         <url><loc>http://www.example.org/shut</loc></url><url><loc>http://other.org/away</loc></url></urlset>`,
      ),
    )
    web.serve('www.example.org/b.xml.gz', {
      headers: { 'content-type': 'application/gzip' },
      body: gzipSync('<urlset><url><loc>http://www.example.org/zipped</loc></url></urlset>'),
    })
    const lines = ['http://www.example.org/alone', 'http://www.example.org/zipped'].join('\n')
    web.serve('www.example.org/pages.txt', {
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from(lines),
    })
    web.serve('www.example.org/none.xml', xml('<urlset></urlset>'))
    web.page('typed.org/', { images: [] })
    web.page('typed.org/3', { images: [{ src: pictureOf(3), alt: sentence(first + 3) }] })
    web.serve('typed.org/robots.txt', {
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from('Sitemap: http://typed.org/map'),
    })
    web.serve('typed.org/map', {
      headers: { 'content-type': 'application/octet-stream' },
      body: Buffer.from('<urlset><url><loc>http://typed.org/3</loc></url></urlset>'),
    })
    web.serve('www.example.org/feed', {
      headers: { 'content-type': 'application/rss+xml; charset=utf-8' },
      body: Buffer.from(
        `<rss><channel><item><title>${sentence(first + 5)}</title><link>/news/1</link><enclosure type="image/jpeg" url="${pictureOf(5)}"/></item></channel></rss>`,
      ),
    })
  }, 60_000)
  afterAll(() => web.close())

  const run = async (...words: string[]) => {
    const before = web.seen.length
    const out = newOut()
    const common = ['--model', 'none', '--dedupe', 'off', '--delay-ms', '5', ...web.words]
    const { code, stderr } = await pairmill(['run', ...words, '--out', out, ...common])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const asked = new Set(web.seen.slice(before).map(({ host, path }) => host + path))
    return { pairs: await pairsOf(out), counters: await countersOf(out), asked }
  }

  it('goes by links alone unless it is told otherwise', async () => {
    expect((await run('http://www.example.org/')).pairs).toEqual([pair(0)])
  })

  it('takes the sitemaps of robots.txt with --sitemaps on: nested, compressed, with their images, in scope', async () => {
    const { pairs, counters, asked } = await run('http://www.example.org/', '--sitemaps', 'on')
    expect(pairs).toEqual([pair(0), pair(1), pair(2), pair(4)].sort())
    expect(counters).toMatchObject({ 'page_skipped:robots': 1, 'link_skipped:out_of_scope': 2 })
    expect([...asked].filter((url) => url.startsWith('other.org') || url.endsWith('/shut'))).toEqual([])
  })

  it('knows those that somebody named by their content, whatever type they have', async () => {
    const { pairs, counters } = await run(
      'http://www.example.org/pages.txt',
      'http://typed.org/',
      '--sitemaps',
      'on',
    )
    expect(pairs).toEqual([pair(1), pair(2), pair(3), pair(4)].sort())
    expect(counters['page_skipped:not_html']).toBeUndefined()
  })

  it('says so where one names nothing', async () => {
    const out = newOut()
    const words = ['--model', 'none', '--delay-ms', '5', ...web.words]
    const { code, stdout } = await pairmill([
      'run',
      'http://www.example.org/none.xml',
      '--out',
      out,
      ...words,
    ])
    expect({ code, stdout }).toMatchObject({ code: 8, stdout: expect.stringContaining('no_entries') })
  })

  it('takes a sitemap or a feed as a seed', async () => {
    const { pairs } = await run('http://www.example.org/b.xml.gz', 'http://www.example.org/feed')
    expect(pairs).toEqual([pair(2), pair(3), pair(5)].sort())
  })
})
