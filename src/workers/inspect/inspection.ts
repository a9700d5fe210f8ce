import type { PageTrace, PictureTrace } from '../../crawl/index.js'
import type { JudgedCaption } from '../../filter/index.js'
import type { Permission, RejectReason } from '../../records/index.js'

/** Why a page could not be shown, by the reason that the page ledger of a run would give. */
export interface Unread {
  readonly kind: 'unread'
  /** Where it was asked for last. */
  readonly url: string
  readonly reason: string
  /** For people. */
  readonly detail: string
  /** On whose word it was asked for, or left alone; null = nobody was asked. */
  readonly permission: Permission | null
}

export interface InspectedPage extends Omit<PageTrace, 'pictures'> {
  readonly kind: 'page'
  /** Canonical, after its redirects. */
  readonly url: string
  /** Those that led there. */
  readonly redirects: readonly string[]
  /** Of the answer; 200 for a file. */
  readonly status: number
  readonly permission: Permission | null
  /** Host patterns of the rule that was applied; null = the page has none. */
  readonly rule: readonly string[] | null
  readonly pictures: readonly InspectedPicture[]
}

export interface InspectedPicture extends Omit<PictureTrace, 'captions' | 'candidate'> {
  /** In the order of trust: the first one whose verdict is null is the caption where nothing is scored. Texts are repeated where they stand beside many pictures of this page. */
  readonly captions: readonly JudgedCaption[]
  /** What became of the image; null = it was not asked for. */
  readonly image: ImageVerdict | null
}

export interface ImageVerdict {
  /** null = the pair would be kept, or scored where there is a model. */
  readonly reason: RejectReason | null
  readonly detail: string | null
  /** URL that gave it; else the first that was asked. */
  readonly url: string
  /** Of the image as it was fetched; null = unknown. */
  readonly width: number | null
  readonly height: number | null
}

/** What a crawl would take from one page, and why. Plain JSON. */
export type Inspection = Unread | InspectedPage
