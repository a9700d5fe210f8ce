import type { z } from 'zod'
import type { UidKind } from '../records/index.js'
import { croissantOf } from './croissant.js'
import { datasetCard } from './dataset-card.js'
import { energonFiles } from './energon.js'
import { readEntries, type ShardEntry, stemOf } from './entry.js'
import { mergeHistograms } from './histogram.js'
import {
  cardName,
  croissantName,
  manifestName,
  pageFileName,
  sizesName,
  tarName,
  widsName,
} from './layout.js'
import {
  type DatasetSummary,
  type Manifest,
  manifestSchema,
  type sizesSchema,
  type Wids,
} from './manifest.js'
import { type PageEntry, readPageEntries } from './page-entry.js'
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
}

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

/** Writes what describes the committed shards as a whole, from their entries: each file by rename, the manifest last. */
export async function compileDataset(
  store: Store,
  info: DatasetInfo,
  signal: AbortSignal,
): Promise<DatasetSummary> {
  const entries = await readEntries(store, signal)
  const pages = await listPages(store, info.complete, signal)
  const summary = summarise(entries)
  const manifest = manifestOf(entries, pages, summary, info)
  const put = (name: string, text: string) =>
    store.putBytes(name, Buffer.from(text), { ifAbsent: false }, signal)
  const sizes = sizesOf(entries)
  await put(sizesName, json(sizes))
  await put(widsName, json(widsOf(entries)))
  await put(cardName, datasetCard(manifest, summary))
  await put(croissantName, json(croissantOf(manifest, summary, lastOf(entries))))
  for (const [name, text] of energonFiles(sizes, manifest)) await put(name, text)
  await put(manifestName, json(manifest))
  return summary
}

/** When the last plan of a dataset was made; the epoch where there is none. */
function lastOf(entries: readonly ShardEntry[]): string {
  return entries
    .map(({ createdAt }) => createdAt)
    .reduce((a, b) => (a > b ? a : b), new Date(0).toISOString())
}

/**
 * The files of the page ledger. Before the end of a run those that the last manifest names need not be read again: there may be a hundred
 * thousand, and none ever changes.
 */
async function listPages(store: Store, complete: boolean, signal: AbortSignal): Promise<Manifest['pages']> {
  const bytes = complete ? null : await store.read(manifestName, signal)
  const last = bytes === null ? null : manifestSchema.safeParse(parsed(bytes))
  const named = last?.success === true ? last.data.pages : []
  // Files are written side by side: behind a gap, one that is missing may have come.
  const gap = named.findIndex(({ name }, file) => name !== pageFileName(file))
  const known = gap < 0 ? named : named.slice(0, gap)
  return [...known, ...manifestPages(await readPageEntries(store, signal, known.length))]
}

/**
 * Takes back the word of a manifest that it names everything, before a shard is committed that it does not name. Only
 * the end of a run writes a complete manifest, when no plan is open, so nobody writes one meanwhile.
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

export function sizesOf(entries: readonly ShardEntry[]): z.infer<typeof sizesSchema> {
  return Object.fromEntries(withTar(entries).map(({ tar, entry }) => [tar.name, entry.samples]))
}

export function widsOf(entries: readonly ShardEntry[]): Wids {
  return {
    __kind__: 'wids-shard-index-v1',
    wids_version: 1,
    shardlist: withTar(entries).map(({ tar, entry }) => ({
      url: tar.name,
      nsamples: entry.samples,
      md5sum: tar.md5,
      filesize: tar.size,
    })),
  }
}

/** The part of a manifest that follows from the entries alone. */
export function manifestShards(entries: readonly ShardEntry[]): Manifest['shards'] {
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

function manifestOf(
  entries: readonly ShardEntry[],
  pages: Manifest['pages'],
  summary: DatasetSummary,
  info: DatasetInfo,
): Manifest {
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
    generation: 0,
    pages,
  }
}

function withTar(entries: readonly ShardEntry[]) {
  return entries.flatMap((entry) => {
    const tar = tarOf(entry)
    return tar === undefined ? [] : [{ tar, entry }]
  })
}

export function tarOf(entry: ShardEntry): ShardEntry['files'][number] | undefined {
  const name = tarName(stemOf(entry))
  return entry.files.find((file) => file.name === name)
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
