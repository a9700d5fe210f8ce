import { fetchFailures } from '../net/index.js'
import type { Candidate, ImageSkipReason } from '../records/index.js'
import type { PageShape } from './page-shape.js'
import type { Refusal } from './permission/index.js'
import type { RenderSign } from './render/signs.js'

/** What is taken from the HTML of a page. */
export interface ExtractedPage {
  /** Tidied; null = none. */
  readonly title: string | null
  /** BCP 47, lower-case; null = none declared. */
  readonly language: string | null
  /** Canonical, distinct, in page order; nofollow left out, and the page itself. */
  readonly links: readonly string[]
  /** Links as written that the page asks not to follow, by rel=nofollow or by what it says of all of them. */
  readonly linksClosed: number
  /** Links as written that the rule of its site does not follow; absent = none. */
  readonly linksByRule?: number
  /** Further links as written, beyond what is taken of one page; absent = none. */
  readonly linksBeyond?: number
  /** The first ones in document order, where there are more than one page may give. */
  readonly candidates: readonly Candidate[]
  /** Images that did not become candidates. */
  readonly imagesSkipped: Partial<Record<ImageSkipReason, number>>
  /** `<img>` elements, those in noscript included. */
  readonly imagesSeen: number
  /** Images that its metadata names, whether it shows them or not; absent = none. */
  readonly imagesNamed?: number
  /** Why no image was taken from the page, as the page itself declares; null = nothing forbids it. */
  readonly refusal: Refusal | null
}

/** A visited page, and all that was taken from it. */
export interface Page extends ExtractedPage {
  /** Canonical. */
  readonly url: string
  readonly status: number
  /** Length of the body after decompression. */
  readonly bytes: number
  /** The same for pages that are copies of each other. Absent where it was not asked for. */
  readonly digest?: string
  /** Absent where it was not asked for. */
  readonly shape?: PageShape
}

/** Why a URL gave no page; the fetch failures keep their names (see net). */
export const pageSkipReasons = [
  ...fetchFailures,
  'http_429',
  'http_4xx',
  'http_5xx',
  'http_other',
  'not_html',
  'no_entries',
  'empty',
  'copy',
  'soft_404',
  'opt_out',
  'commit_failed',
] as const
export type PageSkipReason = (typeof pageSkipReasons)[number]

/** A page as it was fetched, for who renders it. */
export interface PageSource {
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
  /** Why a browser might find more in it. */
  readonly signs: readonly RenderSign[]
}

export type VisitOutcome =
  /** `source`: where it was asked for, and the page is HTML. `movedTo`: where its scripts would have gone, canonical. */
  | {
      readonly kind: 'page'
      readonly page: Page
      readonly source?: PageSource
      readonly movedTo?: string | null
    }
  /** `to` is canonical. It is the caller's to follow: through scope, seen-set, robots and the other host's slot. */
  | { readonly kind: 'redirect'; readonly to: string; readonly status: number }
  /** Final. */
  | {
      readonly kind: 'skipped'
      readonly reason: PageSkipReason
      readonly detail: string
      /** Of the answer; absent = there was none. */
      readonly status?: number
      /** Opt-out in the response's head, where the reason is `opt_out`. */
      readonly refusal?: Refusal
    }
  /** May go better after `delayMs`; `reason` is why it is given up where the caller allows no more tries. */
  | {
      readonly kind: 'retry'
      readonly reason: PageSkipReason
      readonly delayMs: number
      readonly detail: string
      /** Of the answer; absent = there was none. */
      readonly status?: number
    }
