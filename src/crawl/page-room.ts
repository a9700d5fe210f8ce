import type { Candidate } from '../records/index.js'
import type { Page } from './page.js'

/** Candidates of one page, whatever names them: elements, metadata, a sitemap's entries, a browser. The first ones in document order are taken. */
const maxCandidates = 2_000
/**
 * Of all of them together, as UTF-8. A page has at most 5 MB, but what stands in it once may be said of thousands of images: a caption of
 * a figure, a base URL.
 */
const maxCandidateBytes = 8 * 1024 * 1024
/** As many as a sitemap may name (sitemaps.org). */
const maxLinks = 50_000
/** Of all of them together, which share a base URL of up to 4,096. */
const maxLinkChars = 16_000_000

/** Texts of one candidate. */
export const maxCaptions = 16

/** How much one page may still give. Once something found no place, nothing that comes later does: what is taken is the beginning. */
class PageRoom {
  #left: number
  #sizeLeft: number

  constructor(left: number, sizeLeft: number) {
    this.#left = left
    this.#sizeLeft = sizeLeft
  }

  /** Whether there is room for one more, of this size; it has it then. */
  take(size: number): boolean {
    if (this.#left <= 0 || size > this.#sizeLeft) {
      this.#left = 0
      return false
    }
    this.#left--
    this.#sizeLeft -= size
    return true
  }
}

export const candidateRoom = (): PageRoom => new PageRoom(maxCandidates, maxCandidateBytes)
export const linkRoom = (): PageRoom => new PageRoom(maxLinks, maxLinkChars)

/** Bytes that every candidate, and every link, takes up beside its texts; about. */
const ownBytes = 200

/** Bytes that the findings of a page take up in a commit; about. */
export function pageSize({ candidates, links }: Pick<Page, 'candidates' | 'links'>): number {
  let size = (candidates.length + links.length) * ownBytes
  for (const candidate of candidates) size += candidateSize(candidate)
  for (const link of links) size += link.length
  return size
}

/** Bytes that the texts of a candidate take up in a commit; what every candidate has beside them does not count. */
export function candidateSize(candidate: Candidate): number {
  let size =
    candidate.imageUrl.length + (candidate.pageUrl?.length ?? 0) + (candidate.licenceUrl?.length ?? 0)
  if (candidate.credit !== undefined) size += Buffer.byteLength(candidate.credit)
  for (const url of candidate.fallbackUrls) size += url.length
  for (const { text } of candidate.captions) size += Buffer.byteLength(text)
  return size
}
