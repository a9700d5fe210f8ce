import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { load } from 'cheerio'
import { describe, expect, it } from 'vitest'
import { canonicalUrl, decodeHtml, extractPage } from '../../../src/crawl/index.js'

const sites = resolve('../shared/web')
const pages = existsSync(sites)
  ? ['recipes.test', 'nanomanual.test'].flatMap((host) =>
      readdirSync(join(sites, host), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.html?$/.test(name))
        .map((name) => ({ host, name })),
    )
  : []

describe.skipIf(pages.length === 0)(
  'extraction beside cheerio (skipped where ../shared/web is not there)',
  () => {
    it('finds every img with a src and an alt that a DOM query finds', () => {
      let pairs = 0
      for (const { host, name } of pages) {
        const url = `http://${host}/${name.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/')}`
        const html = decodeHtml(readFileSync(join(sites, host, name)), null)
        const page = extractPage(html, url, {
          imageSize: 512,
          productToken: 'pairmill',
          contentLanguage: null,
          xRobotsTag: null,
        })
        const found = new Set(
          page.candidates.flatMap(({ imageUrl, fallbackUrls, captions }) =>
            captions.flatMap(({ text }) => [imageUrl, ...fallbackUrls].map((source) => `${source} ${text}`)),
          ),
        )
        // Scripting off: what stands in noscript is part of the page.
        const $ = load(html, { scriptingEnabled: false })
        $('img[src][alt]').each((_, element) => {
          const image = $(element)
          const source = canonicalUrl(image.attr('src') ?? '', $('base[href]').attr('href') ?? url)
          const alt = (image.attr('alt') ?? '').replace(/\s+/g, ' ').trim().normalize('NFC')
          if (source === null || alt === '' || source === canonicalUrl(url) || /\.svg$/.test(source)) return
          pairs++
          expect(found, `${url}: ${source} '${alt}'`).toContain(`${source} ${alt}`)
        })
      }
      expect(pairs).toBeGreaterThan(100)
    })
  },
)
