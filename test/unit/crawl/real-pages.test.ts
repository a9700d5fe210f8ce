import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { canonicalUrl, decodeHtml, type ExtractedPage, extractPage } from '../../../src/crawl/index.js'

/**
 * Three real sites with the truth about them, as an independent HTML5 parser found it with scripting off.
 * A pair is (canonical src, alt). A candidate counts as found under its image URL or any of its fallbacks, because
 * a srcset entry may be preferred to src. No pair is missed and none is invented: 304 of 304 (page, URL, alt).
 * What made the difference: noscript is content, comments and VML are not, windows-1252 by its meta, backslashes.
 */
const web = join(import.meta.dirname, '../../../../shared/web')
const here = existsSync(join(web, 'truth.jsonl'))

interface TruePage {
  readonly site: string
  readonly page: string
  readonly file: string
  readonly lang: string | null
  readonly title: string | null
  readonly links: readonly string[]
}
interface TrueImage {
  readonly page: string
  readonly kind: 'http' | 'https' | 'data' | 'empty'
  readonly url: string
  readonly alt: string | null
}

const lines = <T>(name: string): T[] =>
  readFileSync(join(web, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T)

function extracted(page: TruePage, contentType: string): ExtractedPage {
  const html = decodeHtml(readFileSync(join(web, page.site, page.file)), contentType)
  return extractPage(html, canonicalUrl(page.page)!, {
    imageSize: 512,
    productToken: 'pairmill',
    contentLanguage: null,
    xRobotsTag: null,
  })
}

/** One page, one name; one file here is linked with an escaped plus sign, which is another URL but the same file. */
const folder = (url: string) => url.replace(/\/index\.html?$/, '/').replaceAll('%2B', '+')
const tidy = (text: string) => text.replace(/\s+/g, ' ').trim().normalize('NFC')

describe.skipIf(!here)('on real pages (skipped where ../shared/web is absent)', () => {
  const pages = here ? lines<TruePage>('pages.jsonl') : []
  const truth = here ? lines<TrueImage>('truth.jsonl') : []

  function score(contentType: string) {
    const wanted = new Set(
      truth
        .filter((image) => image.kind.startsWith('http') && tidy(image.alt ?? '') !== '')
        .map((image) => `${canonicalUrl(image.page)} ${canonicalUrl(image.url)} ${tidy(image.alt ?? '')}`),
    )
    const missed = new Set(wanted)
    const invented: string[] = []
    let found = 0
    for (const page of pages) {
      for (const { imageUrl, fallbackUrls, captions, pageUrl } of extracted(page, contentType).candidates) {
        const alt = captions.find((caption) => caption.source === 'alt')
        if (alt === undefined) continue
        const pairs = [imageUrl, ...fallbackUrls].map((url) => `${pageUrl} ${url} ${alt.text}`)
        const right = pairs.filter((pair) => wanted.has(pair))
        if (right.length === 0) invented.push(pairs[0] ?? '')
        else found++
        for (const pair of right) missed.delete(pair)
      }
    }
    return {
      wanted: wanted.size,
      missed: [...missed],
      invented,
      precision: found / (found + invented.length),
    }
  }

  it('finds every pair of an image URL and its alt, and no other', () => {
    const { wanted, missed, invented } = score('text/html')
    expect(wanted).toBeGreaterThan(300)
    expect({ missed, invented }).toEqual({ missed: [], invented: [] })
  })

  it('finds the same where the server calls every page UTF-8', () => {
    const { missed, invented } = score('text/html; charset=utf-8')
    expect({ missed, invented }).toEqual({ missed: [], invented: [] })
  })

  it('sees as many images as there are, and accounts for those it leaves out', () => {
    const seen = pages.map((page) => extracted(page, 'text/html'))
    expect(seen.reduce((sum, page) => sum + page.imagesSeen, 0)).toBe(truth.length)
    const skipped = (reason: 'data_url' | 'no_source') =>
      seen.reduce((sum, page) => sum + (page.imagesSkipped[reason] ?? 0), 0)
    expect(skipped('data_url')).toBe(truth.filter((image) => image.kind === 'data').length)
    // Hundreds of images have a src that is not empty, but leads to the page itself.
    const selves = truth.filter(
      (image) => image.kind === 'http' && canonicalUrl(image.url) === canonicalUrl(image.page),
    )
    expect(selves.length).toBeGreaterThan(600)
    expect(skipped('no_source')).toBe(truth.filter((image) => image.kind === 'empty').length + selves.length)
  })

  it('reads every title and language', () => {
    for (const page of pages) {
      const { title, language } = extracted(page, 'text/html')
      expect(title).toBe(page.title === null || tidy(page.title) === '' ? null : tidy(page.title))
      // Six FrontPage pages declare their language in a meta element, which the truth does not note.
      if (page.lang !== null) expect(language).toBe(page.lang.toLowerCase())
    }
  })

  it('finds the links that lead from page to page', () => {
    let wanted = 0
    const missed: string[] = []
    const byFile = new Map(pages.map((page) => [`${page.site}/${page.file}`, page.page]))
    for (const page of pages) {
      const links = new Set(extracted(page, 'text/html').links.map(folder))
      for (const file of page.links) {
        const target = folder(canonicalUrl(byFile.get(`${page.site}/${file}`) ?? '') ?? '')
        if (target === folder(canonicalUrl(page.page)!)) continue
        wanted++
        // A link to a folder may stand without its slash: the server redirects.
        if (!links.has(target) && !links.has(target.replace(/\/$/, '')))
          missed.push(`${page.page} -> ${target}`)
      }
    }
    expect(wanted).toBeGreaterThan(3000)
    expect(missed).toEqual([])
  })
})
