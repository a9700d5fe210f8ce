import type { Permission } from './permission.js'

/**
 * Where on a page a caption stood, or what else than a page gave it. Order is the order of trust: it breaks ties between captions that
 * score the same, and the first one is used where nothing is scored.
 */
export const captionSources = [
  /** Named by a rule for its site. */
  'rule',
  'alt',
  'figcaption',
  'title',
  'aria-label',
  'og',
  'json-ld',
  'heading',
  'list',
  'sitemap',
  'feed',
  /** Heading over several pictures: kept beside the captions of each, and never one itself. */
  'context',
] as const

export type CaptionSource = (typeof captionSources)[number]

/** One text that stood beside an image. `text` is whitespace-collapsed, NFC, and never empty. */
export interface Caption {
  readonly source: CaptionSource
  readonly text: string
}

/**
 * One image with the texts that stood beside it on one page. Its identity within a run is
 * `candidateKey`: the image URL together with all captions, so the same picture under another alt is
 * another candidate and the result does not depend on which page was fetched first.
 */
export interface Candidate {
  /** Absolute canonical http(s) URL of the best source of the image. */
  readonly imageUrl: string
  /** Canonical URLs to try in order where `imageUrl` is gone or not an image; never holds `imageUrl`. */
  readonly fallbackUrls: readonly string[]
  /** At least one beside a context; distinct by (source, text); ordered as `captionSources`. */
  readonly captions: readonly Caption[]
  /** Canonical URL of the page; null = it came from a list that names none. */
  readonly pageUrl: string | null
  /** BCP 47 tag as the page declares it, lower-cased; null where it declares none. */
  readonly pageLanguage: string | null
  /** Absolute URL of a licence link (rel=license) that covers the page or the image; null = none stated. */
  readonly licenceUrl: string | null
  /** Who made the image, as its page says where a rule looks for it; absent = nobody is named. */
  readonly credit?: string
  /** On whose word the page was read; absent where nobody was asked. */
  readonly pagePermission?: Permission
}

/**
 * Why an image on a page never became a candidate of its own. Counted, not listed: what is seen on a page, or named by its metadata, is one of
 * its candidates or has one of these.
 */
export const imageSkipReasons = [
  'data_url',
  'svg',
  'scheme',
  'no_source',
  'no_caption',
  'bad_url',
  /** With another one of the page it makes one candidate. */
  'repeated',
  /** Of no image of the page any is taken, by its word. */
  'opt_out',
  /** The page has more than are taken of one. */
  'page_full',
  /** The rule of its site does not take it. */
  'rule',
  /** The rule of its site would cost too much on its page. */
  'rule_costly',
  /** It, or its page, was taken back from the dataset. */
  'retracted',
] as const
export type ImageSkipReason = (typeof imageSkipReasons)[number]
