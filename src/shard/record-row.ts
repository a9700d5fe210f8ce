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
import { isoOf, isTime, permissionOf } from './decisions.js'
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

type ReadRecord = z.infer<typeof recordSchema>

/** A record that was looked at; copied is only what is made of its cells. */
interface Read extends Pick<ReadRecord, 'captions' | 'permission' | 'page_permission'> {
  readonly cells: Omit<ReadRecord, 'captions' | 'permission' | 'page_permission'>
}

const textNames = [
  ...(['error_detail', 'exif', 'sha256', 'stored_sha256', 'uid', 'page_url', 'model_id', 'phash'] as const),
  ...(['language', 'licence_url', 'credit', 'duplicate_of'] as const),
]
const countNames = ['width', 'height', 'original_width', 'original_height', 'semantic_group'] as const
const knownReasons: ReadonlySet<unknown> = new Set(reasons)
const knownSources: ReadonlySet<unknown> = new Set(captionSources)

/**
 * What the schema makes of a record that is as this version writes it, in a tenth of the time, for a dataset has millions. null = the
 * schema has to look at it, and to say what is wrong with it. Pure.
 */
function asWritten(record: unknown): Read | null {
  if (typeof record !== 'object' || record === null) return null
  const cells = record as ReadRecord
  const { caption, url, error_message, clip_score, fetched_at, captions, tags } = cells
  if (typeof caption !== 'string' || typeof url !== 'string') return null
  if (!isAbsent(error_message) && !knownReasons.has(error_message)) return null
  for (const name of textNames) if (!isAbsent(cells[name]) && typeof cells[name] !== 'string') return null
  for (const name of countNames) if (!isAbsent(cells[name]) && !Number.isSafeInteger(cells[name])) return null
  if (!isAbsent(clip_score) && !Number.isFinite(clip_score)) return null
  if (!isAbsent(fetched_at) && !isTime(fetched_at)) return null
  if (!Array.isArray(captions) || !captions.every(isCaption)) return null
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string')) return null
  const [image, page] = [permissionOf(cells.permission ?? null), permissionOf(cells.page_permission ?? null)]
  if (image === 'none' || page === 'none') return null
  const own = captions.map(({ source, text, score }) => ({ source, text, score }))
  return { cells, captions: own, permission: image, page_permission: page }
}

function parsed(record: unknown): Read {
  const cells = recordSchema.parse(record)
  return { ...cells, cells }
}

const isAbsent = (cell: unknown): cell is null | undefined => cell === null || cell === undefined

function isCaption(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { source, text, score } = value as Readonly<Record<string, unknown>>
  return knownSources.has(source) && typeof text === 'string' && (score === null || Number.isFinite(score))
}

/** Columns of a parquet that a row is made of again. */
export const recordColumns: readonly string[] = sampleFields.flatMap(([name]) =>
  name in recordSchema.shape ? [name] : [],
)

/**
 * The row that a record was made of: `sampleRecord` of it is the record, save for its key and what is stored of it. `uids`: kind of the uid that a kept
 * row gets which has none. Its embeddings lie elsewhere. Throws a ZodError where it is none of ours. Pure.
 */
export function rowOf(record: unknown, uids: UidKind): Row {
  const {
    cells: read,
    captions,
    permission: image,
    page_permission: page,
  } = asWritten(record) ?? parsed(record)
  const { caption, url, tags } = read
  const sha256 = read.sha256 ?? null
  const reason = read.error_message ?? null
  const made = reason === null && sha256 !== null ? uidOf(uids, sha256, { imageUrl: url, captions }) : null
  return {
    caption,
    url,
    reason,
    captions,
    tags,
    sha256,
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
    permission: image ?? null,
    pagePermission: page ?? null,
    duplicateOf: read.duplicate_of ?? null,
  }
}

/** The row of a pair that was kept and is kept no more, for this reason: nothing of it is stored. Pure. */
export function cutRow(row: Row, reason: RejectReason): Row {
  return { ...row, reason, width: null, height: null, storedSha256: null, uid: null, embeddings: null }
}
