import { Parser } from 'htmlparser2'
import { decoded, type FetchFailed } from '../../net/index.js'
import type { Candidate, Caption, CaptionSource, ImageSkipReason } from '../../records/index.js'
import { tidyText } from '../extract/text.js'
import { candidateRoom, candidateSize, linkRoom, maxCaptions } from '../page-room.js'
import { atOnce, type Steps } from '../steps.js'
import { canonicalUrl } from '../url.js'

/** Links and images that a sitemap or a feed names. */
export interface Listing {
  readonly kind: 'sitemap' | 'feed'
  /** Pages, and further sitemaps; canonical, distinct. */
  readonly links: readonly string[]
  /** Further links, beyond what is taken of one page; absent = none. */
  readonly linksBeyond?: number
  /** The first ones, where there are more than one page may give. */
  readonly candidates: readonly Candidate[]
  readonly imagesSkipped: Partial<Record<ImageSkipReason, number>>
  readonly imagesSeen: number
}

/** Sitemaps may name 50,000 pages (sitemaps.org). Images beyond as many are only counted. */
const maxEntries = 50_000
/** Deeper documents are neither. */
const maxDepth = 32
/** Characters kept of one element's text. */
const maxText = 8_000
const imagesPerStep = 32
/** Bytes that a compressed sitemap may unfold to (sitemaps.org). */
export const maxListingBytes = 50 * 1024 * 1024

/** A gzip file as what it holds, by the rules of a body that was sent so; other bytes as they are. */
export async function unfolded(
  body: Uint8Array,
  maxBytes = maxListingBytes,
): Promise<Uint8Array | FetchFailed> {
  return isGzip(body) ? decoded(body, ['gzip'], maxBytes) : body
}

export function isGzip(body: Uint8Array): boolean {
  return body[0] === 0x1f && body[1] === 0x8b
}

interface Image {
  url: string | null
  texts: string[]
}

/** One page of a sitemap, or one item of a feed, as far as it was read. */
interface Entry {
  page: string | null
  title: string | null
  images: Image[]
  /** Those that are only counted. */
  imagesLeft: number
}

const roots: Readonly<Record<string, Listing['kind']>> = {
  urlset: 'sitemap',
  sitemapindex: 'sitemap',
  rss: 'feed',
  'rdf:rdf': 'feed',
  feed: 'feed',
}
const entryNames: ReadonlySet<string> = new Set(['url', 'sitemap', 'item', 'entry'])
/** Elements that say something about the image around them. */
const imageTexts: ReadonlySet<string> = new Set([
  'image:caption',
  'image:title',
  'media:title',
  'media:description',
])

/**
 * Reads a sitemap, an index of sitemaps, or an RSS or Atom feed; null = it is none of them. Entities that a document declares stay as
 * they are written; what is deeper, longer or more than a real one is left out.
 */
export function readListing(xml: string, url: string): Listing | null {
  return atOnce(listingSteps(xml, url))
}

/** As readListing, in steps. */
export function* listingSteps(xml: string, url: string): Steps<Listing | null> {
  let kind: Listing['kind'] | null = null
  let depth = 0
  let isOther = false
  let text = ''
  let entry: Entry | null = null
  let image: Image | null = null
  let imagesSeen = 0
  let entries = 0
  const links = new Set<string>()
  const candidates: Candidate[] = []
  const room = candidateRoom()
  const roomForLinks = linkRoom()
  let linksBeyond = 0
  const seen = new Set<string>()
  const imagesSkipped: Partial<Record<ImageSkipReason, number>> = {}
  const skip = (reason: ImageSkipReason, times = 1) => {
    imagesSkipped[reason] = (imagesSkipped[reason] ?? 0) + times
  }
  const addLink = (raw: string | null) => {
    const link = raw === null ? null : canonicalUrl(raw.trim(), url)
    if (link === null || link === url || links.size >= maxEntries || links.has(link)) return
    if (roomForLinks.take(link.length)) links.add(link)
    else linksBeyond++
  }
  /** Entries that were read to their end, and are not taken yet. */
  const ended: Entry[] = []
  function* takeEnded(): Steps<void> {
    for (const one of ended) yield* take(one)
    entries += ended.length
    ended.length = 0
  }
  function* take({ page, title, images, imagesLeft }: Entry): Steps<void> {
    addLink(page)
    const pageUrl = page === null ? null : canonicalUrl(page.trim(), url)
    const source: CaptionSource = kind === 'sitemap' ? 'sitemap' : 'feed'
    for (const { url: raw, texts } of images) {
      if (++imagesSeen > maxEntries) {
        skip('page_full')
        continue
      }
      if (imagesSeen % imagesPerStep === 0) yield
      const imageUrl = raw === null ? null : canonicalUrl(raw.trim(), url)
      if (imageUrl === null) {
        skip(raw === null ? 'no_source' : 'bad_url')
        continue
      }
      // The headline of a feed's entry stands beside its pictures, as on a page; a sitemap has none.
      const said = [...new Set([...texts, texts.length === 0 ? title : null].map(tidyText))]
      const captions: Caption[] = said.filter((one) => one !== null).map((one) => ({ source, text: one }))
      if (captions.length === 0) {
        skip('no_caption')
        continue
      }
      const identity = [imageUrl, ...captions.map(({ text }) => text)].join('\n')
      if (seen.has(identity)) {
        skip('repeated')
        continue
      }
      const candidate: Candidate = {
        imageUrl,
        fallbackUrls: [],
        captions,
        pageUrl: pageUrl ?? url,
        pageLanguage: null,
        licenceUrl: null,
      }
      if (room.take(candidateSize(candidate))) {
        seen.add(identity)
        candidates.push(candidate)
      } else skip('page_full')
    }
    imagesSeen += imagesLeft
    if (imagesLeft > 0) skip('page_full', imagesLeft)
  }

  const open = (name: string, attributes: Readonly<Record<string, string>>) => {
    if (entry === null) {
      if (entryNames.has(name)) entry = { page: null, title: null, images: [], imagesLeft: 0 }
      return
    }
    if (name === 'image:image') image = { url: null, texts: [] }
    else if (name === 'media:content' || name === 'media:thumbnail' || name === 'enclosure') {
      const { url: source, medium, type } = attributes
      const isImage = medium === 'image' || type?.startsWith('image/') === true || name === 'media:thumbnail'
      if (isImage && source !== undefined) {
        image = { url: source, texts: [] }
        addImage(entry, image)
      }
    } else if (name === 'link' && attributes.href !== undefined) {
      const rel = attributes.rel ?? 'alternate'
      if (rel === 'alternate') entry.page ??= attributes.href
      if (rel === 'enclosure' && attributes.type?.startsWith('image/') === true)
        addImage(entry, { url: attributes.href, texts: [] })
    }
  }
  const close = (name: string) => {
    if (entry === null) return
    if (entryNames.has(name)) {
      ended.push(entry)
      entry = null
      image = null
    } else if (name === 'image:image') {
      if (image !== null) addImage(entry, image)
      image = null
    } else if (name === 'image:loc' && image !== null) image.url = text
    else if (imageTexts.has(name)) {
      // Feeds also write them beside the picture.
      const of = image ?? entry.images.at(-1)
      if (text.trim() !== '' && of !== undefined && of.texts.length < maxCaptions) of.texts.push(text)
    } else if (name === 'loc' || (name === 'link' && text.trim() !== '')) entry.page ??= text
    else if (name === 'title') entry.title ??= text
  }

  const parser = new Parser(
    {
      onopentag: (given, attributes) => {
        const name = given.toLowerCase()
        depth++
        if (depth > maxDepth) isOther = true
        if (depth === 1 && kind === null) {
          kind = roots[name] ?? null
          isOther ||= kind === null
        }
        text = ''
        if (!isOther) open(name, attributes)
      },
      ontext: (piece) => {
        if (text.length < maxText) text += piece.slice(0, maxText - text.length)
      },
      onclosetag: (given) => {
        if (!isOther) close(given.toLowerCase())
        depth--
        text = ''
      },
    },
    { xmlMode: true },
  )
  // In pieces, so that what is no listing is not read to its end.
  for (let at = 0; at < xml.length && !isOther && entries < maxEntries; at += pieceLength) {
    parser.write(xml.slice(at, at + pieceLength))
    yield* takeEnded()
    yield
  }
  if (!isOther) parser.end()
  yield* takeEnded()
  if (kind === null || isOther) return null
  const beyond = linksBeyond > 0 ? { linksBeyond } : {}
  return { kind, links: [...links], ...beyond, candidates, imagesSkipped, imagesSeen }
}

/** Images of an entry beyond those that are taken of a whole file are only counted. */
function addImage(entry: Entry, image: Image): void {
  if (entry.images.length < maxEntries) entry.images.push(image)
  else entry.imagesLeft++
}

/** Characters that are parsed in one step. */
const pieceLength = 16 * 1024
