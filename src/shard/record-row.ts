import { z } from 'zod'
import {
  captionSources,
  type Permission,
  type RejectReason,
  type Row,
  rejectReasons,
  type UidKind,
  uidOf,
} from '../records/index.js'
import { isoOf, permissionOf } from './decisions.js'
import { nested } from './rows.js'
import { sampleFields } from './sample-record.js'

const reasons: readonly RejectReason[] = Object.values(rejectReasons).flat()

const text = z.string().nullish()
const count = z.int().nullish()
const number = z.number().nullish()

const permission = z.unknown().transform((cell, context): Permission | null => {
  const read = permissionOf(cell)
  if (read !== 'none') return read
  context.addIssue('it is no permission')
  return null
})

/** The fields of a `SampleRecord` that a row is made of again, as JSON or parquet holds them; those of version 1 too, which had fewer. */
const recordSchema = z.object({
  caption: z.string(),
  url: z.string(),
  error_message: z.enum(reasons).nullish(),
  error_detail: text,
  width: count,
  height: count,
  original_width: count,
  original_height: count,
  exif: text,
  sha256: text,
  stored_sha256: text,
  uid: text,
  semantic_group: count,
  fetched_at: z.union([z.string(), z.date()]).nullish(),
  page_url: text,
  captions: z.preprocess(
    nested,
    z.array(z.object({ source: z.enum(captionSources), text: z.string(), score: z.number().nullable() })),
  ),
  clip_score: number,
  model_id: text,
  phash: text,
  language: text,
  licence_url: text,
  credit: text,
  permission: permission.optional(),
  page_permission: permission.optional(),
  tags: z.preprocess(nested, z.array(z.string())),
  duplicate_of: text,
})

/** Columns of a parquet that a row is made of again. */
export const recordColumns: readonly string[] = sampleFields.flatMap(([name]) =>
  name in recordSchema.shape ? [name] : [],
)

/**
 * The row that a record was made of: `sampleRecord` of it is the record, save for its key and what is stored of it. `uids`: kind of the uid that a kept
 * row gets which has none. Its embeddings lie elsewhere. Throws a ZodError where it is none of ours. Pure.
 */
export function rowOf(record: unknown, uids: UidKind): Row {
  const read = recordSchema.parse(record)
  const { caption, url, captions, tags } = read
  const sha256 = read.sha256 ?? null
  const reason = read.error_message ?? null
  const made = reason === null && sha256 !== null ? uidOf(uids, sha256, { imageUrl: url, captions }) : null
  return {
    ...{ caption, url, reason, captions, tags, sha256 },
    detail: read.error_detail ?? null,
    width: read.width ?? null,
    height: read.height ?? null,
    originalWidth: read.original_width ?? null,
    originalHeight: read.original_height ?? null,
    exif: read.exif ?? null,
    storedSha256: read.stored_sha256 ?? null,
    uid: read.uid ?? made,
    fetchedAt: read.fetched_at === null || read.fetched_at === undefined ? null : isoOf(read.fetched_at),
    ...(read.semantic_group === null || read.semantic_group === undefined
      ? {}
      : { semanticGroup: read.semantic_group }),
    pageUrl: read.page_url ?? null,
    clipScore: read.clip_score ?? null,
    modelId: read.model_id ?? null,
    phash: read.phash ?? null,
    language: read.language ?? null,
    licenceUrl: read.licence_url ?? null,
    credit: read.credit ?? null,
    permission: read.permission ?? null,
    pagePermission: read.page_permission ?? null,
    duplicateOf: read.duplicate_of ?? null,
  }
}

/** The row of a pair that was kept and is kept no more, for this reason: nothing of it is stored. Pure. */
export function cutRow(row: Row, reason: RejectReason): Row {
  return { ...row, reason, width: null, height: null, storedSha256: null, uid: null, embeddings: null }
}
