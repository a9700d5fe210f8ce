import { canonicalUrl, type ExtractedPage, extractPage as extract } from '../crawl/index.js'
import { defaultOf } from '../options/index.js'

export interface PageOptions {
  /** Long side in pixels that is wanted of each image: which entry of a srcset is enough. Absent = 512, as in a run. */
  readonly imageSize?: number
  /** Name of a crawler, for directives addressed to it alone; absent = `pairmill`. */
  readonly productToken?: string
  /** The response's Content-Language; absent = none. */
  readonly contentLanguage?: string
  /** The response's X-Robots-Tag, repeated ones joined with commas; absent = none. */
  readonly xRobotsTag?: string
}

/**
 * The images of one page with every text that stands beside them, and its links, as a run takes them: opt-outs in the page and in
 * `xRobotsTag` are obeyed, and named in `refusal`. Fetches nothing. Throws a TypeError where `url` is no http or https URL.
 */
export function extractPage(html: string, url: string, options: PageOptions = {}): ExtractedPage {
  const canonical = canonicalUrl(url)
  if (canonical === null) throw new TypeError(`extractPage: expected an http or https URL, got '${url}'`)
  return extract(html, canonical, {
    imageSize: options.imageSize ?? defaultOf('imageSize'),
    productToken: options.productToken ?? 'pairmill',
    contentLanguage: options.contentLanguage ?? null,
    xRobotsTag: options.xRobotsTag ?? null,
  })
}
