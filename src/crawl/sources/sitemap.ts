import { decoded, type FetchFailed } from '../../net/index.js'
import type { Candidate, Caption, CaptionSource, ImageSkipReason } from '../../records/index.js'
import { languageTag } from '../extract/language-tag.js'
import { tidyText } from '../extract/text.js'
import type { Page } from '../page.js'
import { candidateRoom, candidateSize, linkRoom } from '../page-room.js'
import { isGzip } from '../sniff.js'
import { atOnce, type Steps } from '../steps.js'
import { canonicalUrl } from '../url.js'
import { type Entry, EntryReader, maxEntries } from './listing-entries.js'

/** Links and images that a sitemap or a feed names. */
interface Listing {
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

const imagesPerStep = 32
/** Characters of articles in one feed. */
const maxContents = 5 * 1024 * 1024
/** Bytes that a compressed sitemap may unfold to (sitemaps.org). */
const maxListingBytes = 50 * 1024 * 1024

/** A gzip file as what it holds, by the rules of a body that was sent so; other bytes as they are. */
export async function unfolded(
  body: Uint8Array,
  maxBytes = maxListingBytes,
): Promise<Uint8Array | FetchFailed> {
  return isGzip(body) ? decoded(body, ['gzip'], maxBytes) : body
}

/**
 * Reads a sitemap, an index of sitemaps, or an RSS or Atom feed; null = it is none of them. Entities that a document declares stay as
 * they are written; what is deeper, longer or more than a real one is left out.
 */
export function readListing(xml: string, url: string): Listing | null {
  return atOnce(listingSteps(xml, url))
}

/** Takes the pictures of the HTML in which an entry is written; `url`: the entry's page; `language`: as declared, null = nobody says. */
export type ReadContent = (
  html: string,
  url: string,
  language: string | null,
) => Steps<Pick<Page, 'candidates' | 'imagesNamed' | 'imagesSeen' | 'imagesSkipped'>>

/** Reads a text that names a page in each line (sitemaps.org); null = some of its lines are no URLs. */
export function* urlListSteps(text: string, url: string): Steps<Listing | null> {
  const listed = new ListedEntries(url, null)
  for (const [n, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n?|\n/)
    .entries()) {
    if (n % linesPerStep === 0) yield
    const page = line.trim()
    if (page === '') continue
    if (!/^https?:\/\/[^\s<>]+$/i.test(page)) return null
    const entry = { page, title: null, contents: [], images: [], imagesLeft: 0, bases: [], language: null }
    yield* listed.take(entry, 'sitemap')
  }
  return { kind: 'sitemap', ...listed.all() }
}

const linesPerStep = 256

/** Characters that are parsed in one step. */
const pieceLength = 16 * 1024

/** As readListing, in steps. */
export function* listingSteps(
  xml: string,
  url: string,
  readContent: ReadContent | null = null,
): Steps<Listing | null> {
  const reader = new EntryReader()
  const listed = new ListedEntries(url, readContent)
  let entries = 0
  function* takeAll(ended: readonly Entry[]): Steps<void> {
    for (const entry of ended) yield* listed.take(entry, reader.kind === 'sitemap' ? 'sitemap' : 'feed')
    entries += ended.length
  }
  // In pieces, so that what is no listing is not read to its end.
  for (let at = 0; at < xml.length && !reader.isOther && entries < maxEntries; at += pieceLength) {
    yield* takeAll(reader.push(xml.slice(at, at + pieceLength)))
    yield
  }
  if (!reader.isOther) yield* takeAll(reader.finish())
  const { kind } = reader
  return kind === null || reader.isOther ? null : { kind, ...listed.all() }
}

/** Links and candidates of the entries of one listing, as many as one page may give. */
class ListedEntries {
  readonly #url: string
  readonly #readContent: ReadContent | null
  readonly #links = new Set<string>()
  readonly #roomForLinks = linkRoom()
  #linksBeyond = 0
  readonly #candidates: Candidate[] = []
  readonly #room = candidateRoom()
  /** Candidates by their image and captions. */
  readonly #seen = new Set<string>()
  readonly #imagesSkipped: Partial<Record<ImageSkipReason, number>> = {}
  #imagesSeen = 0
  /** Characters of articles that are still read. */
  #contentLeft = maxContents

  /** `url`: of the listing, canonical. `readContent`: null = what entries are written in is not read. */
  constructor(url: string, readContent: ReadContent | null) {
    this.#url = url
    this.#readContent = readContent
  }

  *take(entry: Entry, source: CaptionSource): Steps<void> {
    const { page, title, contents, images, imagesLeft, bases } = entry
    const base = bases.reduce((against, raw) => canonicalUrl(raw.trim(), against) ?? against, this.#url)
    const place = { base, pageUrl: page === null ? null : canonicalUrl(page.trim(), base) }
    this.#addLink(place.pageUrl)
    for (const { url: raw, texts } of images) {
      if (++this.#imagesSeen > maxEntries) {
        this.#skip('page_full')
        continue
      }
      if (this.#imagesSeen % imagesPerStep === 0) yield
      // The headline of a feed's entry stands beside its pictures, as on a page; a sitemap has none.
      const said = [...new Set([...texts, texts.length === 0 ? title : null].map(tidyText))]
      const captions: Caption[] = said.filter((one) => one !== null).map((one) => ({ source, text: one }))
      const refusal = this.#taken(raw, captions, place, entry.language)
      if (refusal !== null) this.#skip(refusal)
    }
    this.#imagesSeen += imagesLeft
    if (imagesLeft > 0) this.#skip('page_full', imagesLeft)
    for (const content of contents) {
      const html = bases.length === 0 ? content : `<base href="${base.replaceAll('"', '%22')}">${content}`
      yield* this.#takeContent(html, place.pageUrl ?? base, entry.language)
    }
  }

  *#takeContent(html: string, url: string, language: string | null): Steps<void> {
    // Articles are read as pages are: together they have the room of one.
    if (this.#readContent === null || this.#contentLeft < html.length) return
    this.#contentLeft -= html.length
    const found = yield* this.#readContent(html, url, language)
    this.#imagesSeen += found.imagesSeen + (found.imagesNamed ?? 0)
    for (const [reason, count] of Object.entries(found.imagesSkipped))
      this.#skip(reason as ImageSkipReason, count)
    for (const candidate of found.candidates) {
      const refusal = this.#added(candidate)
      if (refusal !== null) this.#skip(refusal)
    }
  }

  all(): Omit<Listing, 'kind'> {
    return {
      links: [...this.#links],
      ...(this.#linksBeyond > 0 ? { linksBeyond: this.#linksBeyond } : {}),
      candidates: this.#candidates,
      imagesSkipped: this.#imagesSkipped,
      imagesSeen: this.#imagesSeen,
    }
  }

  #addLink(link: string | null): void {
    if (link === null || link === this.#url || this.#links.size >= maxEntries || this.#links.has(link)) return
    if (this.#roomForLinks.take(link.length)) this.#links.add(link)
    else this.#linksBeyond++
  }

  /** Takes the image as a candidate; else why not. */
  #taken(
    raw: string | null,
    captions: readonly Caption[],
    { base, pageUrl }: { readonly base: string; readonly pageUrl: string | null },
    language: string | null,
  ): ImageSkipReason | null {
    if (raw === null) return 'no_source'
    const imageUrl = canonicalUrl(raw.trim(), base)
    if (imageUrl === null) return 'bad_url'
    if (captions.length === 0) return 'no_caption'
    return this.#added({
      imageUrl,
      fallbackUrls: [],
      captions,
      pageUrl: pageUrl ?? this.#url,
      pageLanguage: languageTag(language),
      licenceUrl: null,
    })
  }

  #added(candidate: Candidate): ImageSkipReason | null {
    const identity = [candidate.imageUrl, ...candidate.captions.map(({ text }) => text)].join('\n')
    if (this.#seen.has(identity)) return 'repeated'
    if (!this.#room.take(candidateSize(candidate))) return 'page_full'
    this.#seen.add(identity)
    this.#candidates.push(candidate)
    return null
  }

  #skip(reason: ImageSkipReason, times = 1): void {
    this.#imagesSkipped[reason] = (this.#imagesSkipped[reason] ?? 0) + times
  }
}
