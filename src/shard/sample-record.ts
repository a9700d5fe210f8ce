import {
  type CaptionSource,
  captionSources,
  hostOf,
  type Permission,
  type Row,
  type ScoredCaption,
  type Status,
  statusOf,
} from '../records/index.js'
import type { Field } from './field.js'
import type { Table } from './parquet.js'
import type { PlanPart } from './plan.js'

/** Name of the field of the first caption of a source: `caption_alt`, `caption_json_ld`. */
type FlatCaption = `caption_${Underscored<CaptionSource>}`
type Underscored<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Head}_${Underscored<Tail>}`
  : Text

/** Permission as readers of the dataset meet it. */
interface PermissionRecord {
  readonly rule: string
  readonly value: string | null
  readonly source: string | null
  /** ISO 8601. */
  readonly checked_at: string
}

/**
 * A row as readers of the dataset meet it: KEY.json in the tar has these fields in this order, and so has the parquet. The first
 * ones are named as img2dataset names them; the last ones, one a source of captions, hold the text of its first caption or null,
 * since no loader of training jobs reads a list.
 */
export interface SampleRecord extends Readonly<Record<FlatCaption, string | null>> {
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
  readonly permission: PermissionRecord | null
  readonly tags: readonly string[]
  /** `sha256` of the kept image that a duplicate repeats. */
  readonly duplicate_of: string | null
  /** Detail beyond `error_message`, e.g. `HTTP 404`; null = none. */
  readonly error_detail: string | null
  /** On whose word the page was read; null = it is not known. */
  readonly page_permission: PermissionRecord | null
  /** Who made the image, where a rule for its site says where that stands; null = nobody is named. */
  readonly credit: string | null
  /** 32 hex digits that stay with the pair in every dataset; null = it was not kept. */
  readonly uid: string | null
  readonly page_host: string | null
  readonly image_host: string | null
  /** Bytes of the stored image; null where none is. */
  readonly stored_bytes: number | null
  /** ISO 8601; null where nothing was fetched. */
  readonly fetched_at: string | null
  /** Cluster of its image, where the dataset was made by comparing images within clusters; null elsewhere. */
  readonly semantic_group: number | null
}

const permissionType = {
  struct: [
    ['rule', 'string'],
    ['value', 'string'],
    ['source', 'string'],
    ['checked_at', 'time'],
  ],
} as const

const captionType = {
  struct: [
    ['source', 'string'],
    ['text', 'string'],
    ['score', 'double'],
  ],
} as const

const flatCaptions = captionSources.map(
  (source) => [source, `caption_${source.replaceAll('-', '_')}` as FlatCaption] as const,
)

/** Fields of a sample, in order, in KEY.json and in the parquet beside the tar. */
export const sampleFields: readonly Field<keyof SampleRecord>[] = [
  ['caption', 'string'],
  ['url', 'string'],
  ['key', 'string'],
  ['status', 'string'],
  ['error_message', 'string'],
  ['width', 'int'],
  ['height', 'int'],
  ['original_width', 'int'],
  ['original_height', 'int'],
  ['exif', 'string'],
  ['sha256', 'string'],
  ['stored_sha256', 'string'],
  ['page_url', 'string'],
  ['captions', { list: captionType }],
  ['clip_score', 'double'],
  ['model_id', 'string'],
  ['phash', 'string'],
  ['language', 'string'],
  ['licence_url', 'string'],
  ['permission', permissionType],
  ['tags', { list: 'string' }],
  ['duplicate_of', 'string'],
  ['error_detail', 'string'],
  ['page_permission', permissionType],
  ['credit', 'string'],
  ['uid', 'string'],
  ['page_host', 'string'],
  ['image_host', 'string'],
  ['stored_bytes', 'int'],
  ['fetched_at', 'time'],
  ['semantic_group', 'int'],
  ...flatCaptions.map(([, name]) => [name, 'string'] as const),
]

/** Version 1 held captions, permissions and tags as JSON texts. */
export const sampleTable: Table<keyof SampleRecord> = { name: 'samples', version: 2, fields: sampleFields }

/** `storedBytes`: size of the stored image; null = there is none. */
export function sampleRecord(row: Row, key: string | null, storedBytes: number | null): SampleRecord {
  const captions = row.captions.map(({ source, text, score }) => ({ source, text: wellFormed(text), score }))
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
    captions,
    clip_score: row.clipScore,
    model_id: row.modelId,
    phash: row.phash,
    language: row.language,
    licence_url: row.licenceUrl,
    permission: permissionRecord(row.permission),
    tags: row.tags,
    duplicate_of: row.duplicateOf,
    error_detail: row.detail === null ? null : wellFormed(row.detail),
    page_permission: permissionRecord(row.pagePermission ?? null),
    credit: row.credit === undefined || row.credit === null ? null : wellFormed(row.credit),
    uid: row.uid ?? null,
    page_host: row.pageUrl === null ? null : hostOf(row.pageUrl),
    image_host: hostOf(row.url),
    stored_bytes: storedBytes,
    fetched_at: row.fetchedAt ?? null,
    semantic_group: row.semanticGroup ?? null,
    ...flatOf(captions),
  }
}

function flatOf(captions: readonly ScoredCaption[]): Record<FlatCaption, string | null> {
  const flat = flatCaptions.map(([source, name]) => [
    name,
    captions.find((caption) => caption.source === source)?.text ?? null,
  ])
  return Object.fromEntries(flat) as Record<FlatCaption, string | null>
}

function permissionRecord(permission: Permission | null): PermissionRecord | null {
  if (permission === null) return null
  const { rule, value = null, source = null, checkedAt } = permission
  return { rule, value, source, checked_at: checkedAt }
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
    uid: null,
    embeddings: null,
  }
}

/** Half a surrogate pair cannot be written as UTF-8: it becomes U+FFFD, the same in txt, json and parquet. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd')
}
