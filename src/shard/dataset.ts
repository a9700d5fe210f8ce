import type { z } from 'zod'
import type { UidKind } from '../records/index.js'
import { croissantOf } from './croissant.js'
import type { CuratedFrom } from './curated.js'
import { datasetCard } from './dataset-card.js'
import { energonFiles } from './energon.js'
import { type ShardEntry, type ShardFile, stemOf } from './entry.js'
import { mergeHistograms } from './histogram.js'
import { cardName, croissantName, manifestName, sizesName, tarName, widsName } from './layout.js'
import {
  type DatasetSummary,
  type Manifest,
  manifestSchema,
  type sizesSchema,
  type Wids,
} from './manifest.js'
import type { PageEntry } from './page-entry.js'
import { mergedCounts } from './stats.js'
import type { Store } from './store.js'

/** Facts that the dataset's own files hold beyond those of its entries. */
export interface DatasetInfo {
  readonly run: string
  /** Whether the run is at its end: then the manifest names every shard, or verification fails. */
  readonly complete: boolean
  /** The run's options as plain JSON, for the record; no secrets. */
  readonly options: Readonly<Record<string, unknown>>
  readonly optionsDigest: string
  /** The CLIP threshold that was used; null = none. */
  readonly threshold: number | null
  readonly uids: UidKind
  /** Command by which its shards came, for the record of the change; absent = `run`. */
  readonly command?: string
  /** Absent = it was crawled. */
  readonly curatedFrom?: CuratedFrom
}

/** An entry without what is told of all of them as sums. */
export type DescribedEntry = Omit<ShardEntry, 'reasons' | 'languages' | 'scores'>

export function summarise(entries: readonly ShardEntry[]): DatasetSummary {
  const sum = (of: (entry: ShardEntry) => number) => entries.reduce((total, entry) => total + of(entry), 0)
  return {
    shards: entries.filter((entry) => entry.shard !== null).length,
    samples: sum((entry) => entry.samples),
    rows: sum((entry) => entry.rows),
    bytes: sum((entry) => tarOf(entry)?.size ?? 0),
    reasons: mergedCounts(entries.map((entry) => entry.reasons)),
    languages: mergedCounts(entries.map((entry) => entry.languages)),
    scores: mergeHistograms(entries.map((entry) => entry.scores)),
  }
}

/** Sums over the entries of both. Pure. */
export function joinedSummary(a: DatasetSummary, b: DatasetSummary): DatasetSummary {
  return {
    shards: a.shards + b.shards,
    samples: a.samples + b.samples,
    rows: a.rows + b.rows,
    bytes: a.bytes + b.bytes,
    reasons: mergedCounts([a.reasons, b.reasons]),
    languages: mergedCounts([a.languages, b.languages]),
    scores: mergeHistograms([a.scores, b.scores]),
  }
}

/** A dataset, from which the files that describe it follow. */
export interface Described {
  /** In the order of `readEntries`. */
  readonly entries: readonly DescribedEntry[]
  readonly summary: DatasetSummary
  readonly pages: Manifest['pages']
  /** Number of the last change that is in it. */
  readonly generation: number
}

/** Names and texts of the files that describe a dataset as a whole; the manifest is the last one. Pure. */
export function descriptionFiles(
  described: Described,
  info: DatasetInfo,
): readonly (readonly [name: string, text: string])[] {
  const { entries, summary } = described
  const manifest = manifestOf(described, info)
  const sizes = sizesOf(entries)
  return [
    [sizesName, json(sizes)],
    [widsName, json(widsOf(entries))],
    [cardName, datasetCard(manifest, summary)],
    [croissantName, json(croissantOf(manifest, summary, lastOf(entries)))],
    ...energonFiles(sizes, manifest),
    [manifestName, json(manifest)],
  ]
}

/** When the last plan of a dataset was made; the epoch where there is none. Pure. */
export function lastOf(entries: readonly Pick<ShardEntry, 'createdAt'>[]): string {
  return entries
    .map(({ createdAt }) => createdAt)
    .reduce((a, b) => (a > b ? a : b), new Date(0).toISOString())
}

/** The manifest as it is; null = there is none that can be read. */
export async function readManifest(store: Store, signal: AbortSignal): Promise<Manifest | null> {
  const bytes = await store.read(manifestName, signal)
  return bytes === null ? null : (manifestSchema.safeParse(parsed(bytes)).data ?? null)
}

/**
 * Takes back the word of a manifest that it names everything, before a shard is committed that it does not name. Only
 * the end of a run writes a complete manifest, when no plan is open. The scheduler may write another meanwhile, which this one then replaces:
 * it names less, as it did before, and the next one names all again.
 */
export async function reopenManifest(store: Store, signal: AbortSignal): Promise<void> {
  const bytes = await store.read(manifestName, signal)
  if (bytes === null) return
  const manifest = manifestSchema.safeParse(parsed(bytes))
  if (!manifest.success) await store.remove(manifestName, signal)
  else if (manifest.data.complete) {
    const open = Buffer.from(json({ ...manifest.data, complete: false }))
    await store.putBytes(manifestName, open, { ifAbsent: false }, signal)
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return null
  }
}

export function sizesOf(entries: readonly DescribedEntry[]): z.infer<typeof sizesSchema> {
  return Object.fromEntries(withTar(entries).map(({ tar, entry }) => [tar.name, entry.samples]))
}

export function widsOf(entries: readonly DescribedEntry[]): Wids {
  return {
    __kind__: 'wids-shard-index-v1',
    wids_version: 1,
    // A shard of which all was taken back is none that a loader could use.
    shardlist: withTar(entries)
      .filter(({ entry }) => entry.samples > 0)
      .map(({ tar, entry }) => ({
        url: tar.name,
        nsamples: entry.samples,
        md5sum: tar.md5,
        filesize: tar.size,
      })),
  }
}

/** The part of a manifest that follows from the entries alone. */
export function manifestShards(entries: readonly DescribedEntry[]): Manifest['shards'] {
  return entries.map(({ shard, samples, taken, rows, files }) => ({
    shard,
    samples,
    taken: [...taken],
    rows,
    files: files.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
  }))
}

export function manifestPages(entries: readonly Pick<PageEntry, 'rows' | 'stored'>[]): Manifest['pages'] {
  return entries.map(({ rows, stored: { name, size, sha256 } }) => ({ name, rows, size, sha256 }))
}

function manifestOf({ entries, summary, pages, generation }: Described, info: DatasetInfo): Manifest {
  return {
    v: 2,
    generator: 'pairmill',
    run: info.run,
    complete: info.complete,
    samples: summary.samples,
    rows: summary.rows,
    bytes: summary.bytes,
    modelId: entries[0]?.modelId ?? null,
    threshold: info.threshold,
    format: entries[0]?.format ?? null,
    shardSize: entries[0]?.shardSize ?? null,
    uids: entries.some(({ v }) => v === 1) ? null : info.uids,
    optionsDigest: info.optionsDigest,
    options: { ...info.options },
    reasons: { ...summary.reasons },
    languages: { ...summary.languages },
    scores: { ...summary.scores },
    shards: manifestShards(entries),
    generation,
    ...(info.curatedFrom === undefined ? {} : { curated_from: info.curatedFrom }),
    pages,
  }
}

function withTar(entries: readonly DescribedEntry[]) {
  return entries.flatMap((entry) => {
    const tar = tarOf(entry)
    return tar === undefined ? [] : [{ tar, entry }]
  })
}

export function tarOf(entry: Pick<ShardEntry, 'shard' | 'plan' | 'files'>): ShardFile | undefined {
  const name = tarName(stemOf(entry))
  return entry.files.find((file) => file.name === name)
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
