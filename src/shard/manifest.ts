import { z } from 'zod'
import { storedFormats, uidKinds } from '../records/index.js'
import { curatedFromSchema } from './curated.js'
import { histogramSchema, type ScoreHistogram } from './histogram.js'

/** Sums over the entries of a dataset. */
export interface DatasetSummary {
  readonly shards: number
  /** Kept pairs. */
  readonly samples: number
  /** Kept and rejected. */
  readonly rows: number
  /** Of the tars. */
  readonly bytes: number
  /** Rejected rows by reason. */
  readonly reasons: Readonly<Record<string, number>>
  /** Kept pairs by the language of their caption. */
  readonly languages: Readonly<Record<string, number>>
  readonly scores: ScoreHistogram
}

export const manifestSchema = z.object({
  /** Version 1 has no `uids` and no `languages`, and its samples no uid. */
  v: z.literal([1, 2]),
  generator: z.literal('pairmill'),
  run: z.string(),
  complete: z.boolean(),
  samples: z.int(),
  rows: z.int(),
  bytes: z.int(),
  modelId: z.string().nullable(),
  threshold: z.number().nullable(),
  format: z.enum(storedFormats).nullable(),
  /** Samples in the largest shard, which fixes the digits of a key; null = it is not known: there is no shard, or it is a manifest of version 1. */
  shardSize: z.int().nullable().default(null),
  /** Kind of its uids: of what `UidKind` says; null = its pairs have none. */
  uids: z.enum(uidKinds).nullable().default(null),
  optionsDigest: z.string(),
  options: z.record(z.string(), z.unknown()),
  reasons: z.record(z.string(), z.int()),
  languages: z.record(z.string(), z.int()).default({}),
  scores: histogramSchema,
  shards: z.array(
    z.object({
      shard: z.int().nullable(),
      samples: z.int(),
      /** As in the entry. */
      taken: z.array(z.int()).default([]),
      rows: z.int(),
      files: z.array(z.object({ name: z.string(), size: z.int(), sha256: z.string() })),
    }),
  ),
  /** Number of the last change that it has taken in; 0 = none is counted. */
  generation: z.int().nonnegative().default(0),
  /** Where a curated dataset comes from; absent = it was crawled. */
  curated_from: curatedFromSchema.optional(),
  /** Files of the page ledger; absent in manifests of early versions. */
  pages: z
    .array(z.object({ name: z.string(), rows: z.int(), size: z.int(), sha256: z.string() }))
    .default([]),
})

export type Manifest = z.infer<typeof manifestSchema>

/** open_clip reads it beside the tars of a folder: samples by tar name. */
export const sizesSchema = z.record(z.string(), z.int())

/** The index that the wids library reads; it knows no other fields. */
export const widsSchema = z.strictObject({
  __kind__: z.literal('wids-shard-index-v1'),
  wids_version: z.literal(1),
  shardlist: z.array(
    z.strictObject({ url: z.string(), nsamples: z.int(), md5sum: z.string(), filesize: z.int() }),
  ),
})

export type Wids = z.infer<typeof widsSchema>
