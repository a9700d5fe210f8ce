import { canonicalUrl, type Page } from '../crawl/index.js'

/** So many of one robots.txt are more than a real one names. */
const maxSitemaps = 1_000

/** Sitemaps that robots.txt names, as if the page linked to them: the same rules decide whether they are crawled. */
export function sitemapLinks(named: readonly string[] = [], url: string): string[] {
  return named.slice(0, maxSitemaps).flatMap((raw) => canonicalUrl(raw, url) ?? [])
}

/** The page, with links beside its own. */
export function withLinks(page: Page, links: readonly string[]): Page {
  return links.length === 0 ? page : { ...page, links: [...new Set([...page.links, ...links])] }
}
