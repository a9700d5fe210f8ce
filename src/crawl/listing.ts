import { decodingSteps } from './charset/index.js'
import { type ExtractOptions, pageSteps } from './extract/index.js'
import type { Page } from './page.js'
import { type OptOutRules, pageVerdict } from './permission/index.js'
import { listingSteps, type ReadContent, urlListSteps } from './sources/sitemap.js'
import type { Steps } from './steps.js'

export { unfolded } from './sources/sitemap.js'

/** A sitemap or feed as the page that it is to the crawl. */
export type ListingPage = Omit<Page, 'url' | 'status' | 'bytes' | 'digest'> & { readonly text: string }

/** Whether a response says that it is XML, or a compressed sitemap by its name. */
export function mayBeListing(mediaType: string, url: string): boolean {
  if (gzipTypes.has(mediaType)) return /\.xml\.gz$/i.test(new URL(url).pathname)
  return xmlTypes.has(mediaType)
}

const gzipTypes: ReadonlySet<string> = new Set(['application/gzip', 'application/x-gzip'])
const xmlTypes: ReadonlySet<string> = new Set([
  'application/xml',
  'text/xml',
  'application/rss+xml',
  'application/atom+xml',
  'application/rdf+xml',
])

type ListingRules = OptOutRules & Pick<ExtractOptions, 'imageSize'>

/** Reads a body, unfolded, as a sitemap or a feed, or as a list of `urls`, one a line; null = it is none. */
export function* listingPage(
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
  url: string,
  rules: ListingRules,
  urls = false,
): Steps<ListingPage | null> {
  const text = yield* decodingSteps(body, headers['content-type'] ?? null)
  const { imageSize, productToken, obeyed } = rules
  const given = { imageSize, productToken, obeyed, xRobotsTag: null, links: false }
  const readContent: ReadContent = function* (html, page, contentLanguage) {
    return (yield* pageSteps(html, page, { ...given, contentLanguage })).page
  }
  const listing = yield* urls ? urlListSteps(text, url) : listingSteps(text, url, readContent)
  if (listing === null) return null
  const verdict = pageVerdict({ xRobotsTag: headers['x-robots-tag'] ?? null, metas: [] }, rules)
  const isClosed = verdict.images !== null
  return {
    text,
    title: null,
    language: null,
    links: verdict.links === null ? listing.links : [],
    linksClosed: verdict.links === null ? 0 : listing.links.length,
    ...(verdict.links === null && listing.linksBeyond !== undefined
      ? { linksBeyond: listing.linksBeyond }
      : {}),
    candidates: isClosed ? [] : listing.candidates,
    imagesSkipped: isClosed ? { opt_out: listing.imagesSeen } : listing.imagesSkipped,
    imagesSeen: listing.imagesSeen,
    refusal: verdict.images,
  }
}
