import { photos, sentence } from './pictures.js'
import type { TestWeb } from './test-web.js'

/**
 * Serves a site on one host: a binary tree of pages from `/` (then `/1.html`, `/2.html`, ...), two pictures on each. Answers its pairs
 * as `pairsOf` gives them, sorted. `first`: number of its first picture; no two sites may share one.
 */
export async function serveTree(web: TestWeb, host: string, pages: number, first: number): Promise<string[]> {
  const bytes = await photos(first, 2 * pages)
  const pairs: string[] = []
  for (let page = 0; page < pages; page++) {
    const images = [2 * page, 2 * page + 1].map((n) => {
      web.picture(`${host}/${n}.jpg`, bytes[n]!)
      pairs.push(`http://${host}/${n}.jpg ${sentence(first + n)}`)
      return { src: `/${n}.jpg`, alt: sentence(first + n) }
    })
    const links = [2 * page + 1, 2 * page + 2].filter((next) => next < pages).map((next) => `/${next}.html`)
    web.page(`${host}/${page === 0 ? '' : `${page}.html`}`, { links, images })
  }
  return pairs.sort()
}
