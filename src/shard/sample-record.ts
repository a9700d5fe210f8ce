import { type Permission, type Row, type ScoredCaption, type Status, statusOf } from '../records/index.js'
import type { PlanPart } from './plan.js'

/**
 * A row as readers of the dataset meet it: KEY.json in the tar has these fields in this order, and so has the parquet,
 * where `captions`, `permission` and `tags` are JSON strings. The first ones are named as img2dataset names them.
 */
export interface SampleRecord {
  readonly caption: string
  /** URL that was asked for the image, before any redirect; of a candidate that got none, its best source. */
  readonly url: string
  /** null = rejected: the row has no sample. */
  readonly key: string | null
  readonly status: Status
  /** The reject reason; null = kept. */
  readonly error_message: string | null
  readonly width: number | null
  readonly height: number | null
  readonly original_width: number | null
  readonly original_height: number | null
  readonly exif: string | null
  /** Of the fetched bytes. */
  readonly sha256: string | null
  /** Of the bytes in the tar. */
  readonly stored_sha256: string | null
  /** null = the image came from a list that names no page. */
  readonly page_url: string | null
  readonly captions: readonly ScoredCaption[]
  readonly clip_score: number | null
  readonly model_id: string | null
  readonly phash: string | null
  readonly language: string | null
  readonly licence_url: string | null
  readonly permission: Permission | null
  readonly tags: readonly string[]
  /** `sha256` of the kept image that a duplicate repeats. */
  readonly duplicate_of: string | null
  /** Detail beyond `error_message`, e.g. `HTTP 404`; null = none. */
  readonly error_detail: string | null
  /** On whose word the page was read; null = it is not known. */
  readonly page_permission: Permission | null
  /** Who made the image, where a rule for its site says where that stands; null = nobody is named. */
  readonly credit: string | null
}

export function sampleRecord(row: Row, key: string | null): SampleRecord {
  return {
    caption: wellFormed(row.caption),
    url: row.url,
    key,
    status: statusOf(row.reason),
    error_message: row.reason,
    width: row.width,
    height: row.height,
    original_width: row.originalWidth,
    original_height: row.originalHeight,
    exif: row.exif === null ? null : wellFormed(row.exif),
    sha256: row.sha256,
    stored_sha256: row.storedSha256,
    page_url: row.pageUrl,
    captions: row.captions.map(({ source, text, score }) => ({ source, text: wellFormed(text), score })),
    clip_score: row.clipScore,
    model_id: row.modelId,
    phash: row.phash,
    language: row.language,
    licence_url: row.licenceUrl,
    permission: row.permission,
    tags: row.tags,
    duplicate_of: row.duplicateOf,
    error_detail: row.detail === null ? null : wellFormed(row.detail),
    page_permission: row.pagePermission ?? null,
    credit: row.credit === undefined || row.credit === null ? null : wellFormed(row.credit),
  }
}

/** The row of an image that the part holds but the batch commit did not keep: nothing of it is stored. */
export function loserRow(row: Row, loser: PlanPart['losers'][number]): Row {
  return {
    ...row,
    reason: loser.reason,
    detail: null,
    duplicateOf: loser.duplicateOf,
    width: null,
    height: null,
    storedSha256: null,
  }
}

/** Half a surrogate pair cannot be written as UTF-8: it becomes U+FFFD, the same in txt, json and parquet. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}
