import type { Candidate } from '../../../records/index.js'
import type { Refusal } from '../../permission/index.js'
import { canonicalUrl } from '../../url.js'
import type { PlainRecordSkip, RecordSkip } from './archive.js'

/** Harvest of a page in an archive, by whichever reader. */
interface ArchivedPage {
  readonly candidates: readonly Candidate[]
  readonly imagesSeen: number
  readonly imagesNamed?: number
  readonly imagesSkipped: Readonly<Record<string, number>>
  /** Why no image was taken from it, as the page itself declares; null = nothing forbids it. */
  readonly refusal: Refusal | null
}

/** How a record came to nothing; or the page that it holds. */
export type RecordOutcome =
  | { readonly kind: 'page'; readonly page: ArchivedPage; readonly dateMs: number }
  | {
      readonly kind: 'skipped'
      readonly reason: RecordSkip
      readonly detail: string
      /** Where the reason is `opt_out`. */
      readonly refusal?: Refusal
    }

export function skip(reason: RecordSkip, detail = ''): Extract<RecordOutcome, { kind: 'skipped' }> {
  return { kind: 'skipped', reason, detail }
}

/** Time at which a page was fetched, by its WARC-Date; null = none that can be read. */
export function dateOf(text: string | undefined): number | null {
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}

/** Why a page is left out by its status; null = it was 200. */
export function skipByStatus(status: number): PlainRecordSkip | null {
  if (status === 200) return null
  if (status >= 300 && status < 400) return 'http_3xx'
  if (status >= 400 && status < 500) return 'http_4xx'
  return status >= 500 && status < 600 ? 'http_5xx' : 'http_other'
}

/** Some early writers put the URL in angle brackets. */
export function targetUrl(raw: string | undefined): string | null {
  return raw === undefined ? null : canonicalUrl(raw.replace(/^<(.*)>$/, '$1'))
}
