import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { messageOf } from '../records/index.js'
import { checkedCopy } from './checked-copy.js'
import { tarOf } from './dataset.js'
import { type ShardEntry, type ShardFile, stemOf } from './entry.js'
import { keyOf, parquetName, statsName, tarIndexName } from './layout.js'
import { type ParquetRow, readParquet } from './parquet-reader.js'
import type { Report } from './problem.js'
import { readShard, type ShardSample } from './reader.js'
import { sortedCounts } from './stats.js'
import type { Store } from './store.js'
import { blockBytes } from './tar.js'
import { decodeTarIndex } from './tar-index.js'
import type { UidLedger } from './uid-ledger.js'
import { type ScoredSample, verifyEmbeddings } from './verify-embeddings.js'
import type { RejectedPictures } from './verify-rejected.js'

/** Images that are decoded at the same time. */
const decodesAtOnce = 4

const recordSchema = z.object({
  caption: z.string(),
  url: z.string(),
  key: z.string(),
  status: z.literal('success'),
  width: z.int(),
  height: z.int(),
  stored_sha256: z.string(),
  clip_score: z.number().nullish(),
  uid: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .nullish(),
})

const statsSchema = z.object({
  count: z.int(),
  successes: z.int(),
  failed_to_download: z.int(),
  failed_to_resize: z.int(),
  rejected: z.int(),
  status_dict: z.record(z.string(), z.int()),
})

const parquetFields = ['key', 'status', 'error_message', 'caption', 'url', 'sha256', 'stored_sha256', 'uid']

/** What is compared across the shards of a dataset. */
interface AcrossShards {
  readonly uids: UidLedger
  readonly pictures: RejectedPictures
}

/**
 * Re-reads all files of one committed shard and reports whatever is not as its entry says; its uids and rejected rows are told to what is compared
 * across shards. `onSample` is told how many of its samples were read.
 */
export async function verifyShard(
  store: Store,
  entry: ShardEntry,
  { uids, pictures }: AcrossShards,
  report: Report,
  onSample: (read: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const stem = stemOf(entry)
  const tar = tarOf(entry)
  const parquet = entry.files.find((file) => file.name === parquetName(stem))
  const stats = entry.files.find((file) => file.name === statsName(stem))
  if (entry.shard !== null && tar === undefined) report('its entry names no tar')
  if (parquet === undefined) report('its entry names no parquet')
  if (stats === undefined) report('its entry names no stats')
  verifyTaken(entry, report)

  const rows = parquet === undefined ? null : await openRows(store, parquet, report, signal)
  try {
    if (tar !== undefined) await verifyTar(store, entry, tar, rows, uids, report, onSample, signal)
    if (rows !== null) await rows.rejected(entry, pictures)
  } finally {
    await rows?.close()
  }
  if (stats !== undefined) await verifyStats(store, entry, stats, report, signal)
}

/** Slots that were taken back are some of those that the shard had, and a shard has no sample only where all of them were. */
function verifyTaken({ shard, samples, taken }: ShardEntry, report: Report): void {
  const slots = samples + taken.length
  if (taken.some((slot, i) => slot >= slots || slot <= (taken[i - 1] ?? -1)))
    report(`its entry takes back slots that are not ascending ones of ${slots}`)
  if (shard !== null && slots === 0)
    report('has no sample, and its entry says of none that it was taken back')
}

/** The parquet's rows, met in step with the tar's samples. */
interface Rows {
  /** The next row must be this sample's. */
  kept(sample: { readonly key: string; readonly record: z.infer<typeof recordSchema> | null }): Promise<void>
  /** The rest must be rejected rows, as many as the entry says. */
  rejected(entry: ShardEntry, pictures: RejectedPictures): Promise<void>
  close(): Promise<void>
}

async function openRows(
  store: Store,
  file: ShardFile,
  report: Report,
  signal: AbortSignal,
): Promise<Rows | null> {
  const copy = await checkedCopy(store, file, report, signal)
  if (copy === null) return null
  const rows = readParquet(copy.path, parquetFields)
  const at = { file: file.name }
  let count = 0
  let broken = false
  const next = async (): Promise<ParquetRow | null> => {
    if (broken) return null
    try {
      const { value, done } = await rows.next()
      if (done === true) return null
      count++
      return value
    } catch (error) {
      broken = true
      report(`is not readable: ${messageOf(error)}`, at)
      return null
    }
  }
  return {
    async kept({ key, record }) {
      const row = await next()
      if (broken) return
      if (row === null) return report('has no row for the sample', { ...at, key })
      if (row.key !== key)
        return report(`has key ${row.key} in row ${count - 1}, where the tar has ${key}`, { ...at, key })
      if (row.status !== 'success') report(`says ${row.status} of a kept sample`, { ...at, key })
      if (record === null) return
      for (const field of ['caption', 'url', 'stored_sha256', 'uid'] as const) {
        if ((row[field] ?? null) !== (record[field] ?? null))
          report(`has another ${field} than the json`, { ...at, key })
      }
    },
    async rejected(entry, pictures) {
      const reasons = new Map<string, number>()
      for (let row = await next(); row !== null; row = await next()) {
        if (row.key !== null)
          report('names a key that the tar does not have', { ...at, key: String(row.key) })
        else if (row.status === 'success') report(`row ${count - 1} is a success without a key`, at)
        else {
          reasons.set(String(row.error_message), (reasons.get(String(row.error_message)) ?? 0) + 1)
          pictures.met(row)
        }
      }
      if (broken) return
      if (count !== entry.rows) report(`has ${count} rows, its entry says ${entry.rows}`, at)
      if (!sameCounts(sortedCounts(reasons), entry.reasons)) report('counts other reasons than its entry', at)
    },
    async close() {
      await rows.return(undefined)
      await copy.release()
    },
  }
}

async function verifyTar(
  store: Store,
  entry: ShardEntry,
  file: ShardFile,
  rows: Rows | null,
  uids: UidLedger,
  report: Report,
  onSample: (read: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const copy = await checkedCopy(store, file, report, signal)
  if (copy === null) return
  const decoding = new Set<Promise<void>>()
  const keyAt = keysOf(entry)
  const offsets: number[] = []
  const scored: ScoredSample[] = []
  let samples = 0
  uids.begin(entry.shard ?? 0, keyAt)
  try {
    for await (const sample of readShard(copy.path)) {
      signal.throwIfAborted()
      const at = { file: file.name, key: sample.key }
      offsets.push(sample.offset - blockBytes)
      const expected = keyAt(samples)
      if (sample.key !== expected) report(`sample ${samples} has key ${sample.key}, not ${expected}`, at)
      const record = checkSample(sample, entry.format, (message) => report(message, at))
      const uid = record?.uid ?? null
      uids.add(uid)
      scored.push({ key: sample.key, uid, score: record?.clip_score ?? null })
      await rows?.kept({ key: sample.key, record })
      const image = sample.files.get(entry.format)
      if (image !== undefined) {
        const decode = checkImage(image, entry.format, record, (message) => report(message, at)).finally(() =>
          decoding.delete(decode),
        )
        decoding.add(decode)
        if (decoding.size >= decodesAtOnce) await Promise.race(decoding)
      }
      samples++
      onSample(samples)
    }
    if (samples !== entry.samples)
      report(`has ${samples} samples, its entry says ${entry.samples}`, { file: file.name })
    await verifyIndex(store, entry, offsets, report, signal)
    await verifyEmbeddings(store, entry, scored, report, signal)
  } catch (error) {
    signal.throwIfAborted()
    report(`is not readable: ${messageOf(error)}`, { file: file.name })
  } finally {
    await Promise.all(decoding)
    await copy.release()
  }
}

/** The index of a shard's tar, whose samples begin at `offsets`; shards of version 1 have none. */
async function verifyIndex(
  store: Store,
  entry: ShardEntry,
  offsets: readonly number[],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const file = entry.files.find(({ name }) => name === tarIndexName(stemOf(entry)))
  if (file === undefined) {
    if (entry.v > 1) report('its entry names no index of its tar')
    return
  }
  const copy = await checkedCopy(store, file, report, signal)
  if (copy === null) return
  await copy.release()
  const bytes = await store.read(file.name, signal)
  const told = bytes === null ? null : decodeTarIndex(bytes)
  const end = (tarOf(entry)?.size ?? 0) - 2 * blockBytes
  if (!isDeepStrictEqual(told, [...offsets, end])) report('is not the index of its tar', { file: file.name })
}

/** Everything about a sample but its pixels; answers its record where that can be read. */
function checkSample(
  { key, files }: ShardSample,
  format: string,
  report: (message: string) => void,
): z.infer<typeof recordSchema> | null {
  // In any order: early versions wrote the image first, whatever its extension.
  const names = [...files.keys()].sort().join(' ')
  const wanted = [format, 'json', 'txt'].sort().join(' ')
  if (names !== wanted) report(`has the members ${names}, not ${wanted}`)
  const text = files.get('txt')
  const caption = text === undefined ? null : Buffer.from(text).toString('utf8')
  if (caption !== null && caption.trim() === '') report('has an empty txt')
  const json = files.get('json')
  if (json === undefined) return null
  const record = recordSchema.safeParse(parsed(json))
  if (!record.success) {
    report(`has an unreadable json: ${z.prettifyError(record.error)}`)
    return null
  }
  if (record.data.key !== key) report(`has key ${record.data.key} in its json`)
  if (caption !== null && record.data.caption !== caption)
    report('has another caption in its json than in its txt')
  const image = files.get(format)
  if (image !== undefined && createHash('sha256').update(image).digest('hex') !== record.data.stored_sha256) {
    report('has an image whose sha256 is not the stored_sha256 of its json')
  }
  return record.data
}

async function checkImage(
  bytes: Uint8Array,
  format: string,
  record: { readonly width: number; readonly height: number } | null,
  report: (message: string) => void,
): Promise<void> {
  try {
    // Loaded by the first image: who writes shards decodes none.
    const { wholePicture } = await import('./whole-picture.js')
    const { format: found, width, height } = await wholePicture(bytes)
    if (found !== (format === 'jpg' ? 'jpeg' : format)) report(`has an image in ${found}, not ${format}`)
    if (record !== null && (width !== record.width || height !== record.height)) {
      report(`has an image of ${width}x${height}, its json says ${record.width}x${record.height}`)
    }
  } catch (error) {
    report(`has an image that cannot be decoded: ${messageOf(error)}`)
  }
}

async function verifyStats(
  store: Store,
  entry: ShardEntry,
  file: ShardFile,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const at = { file: file.name }
  const copy = await checkedCopy(store, file, report, signal)
  if (copy === null) return
  await copy.release()
  const bytes = await store.read(file.name, signal)
  const stats = statsSchema.safeParse(bytes === null ? null : parsed(bytes))
  if (!stats.success) return report(`is not readable: ${z.prettifyError(stats.error)}`, at)
  const { count, successes, failed_to_download, failed_to_resize, rejected, status_dict } = stats.data
  if (count !== entry.rows) report(`counts ${count} rows, its entry says ${entry.rows}`, at)
  if (successes !== entry.samples)
    report(`counts ${successes} successes, its entry says ${entry.samples}`, at)
  if (successes + failed_to_download + failed_to_resize + rejected !== count) report('does not add up', at)
  const { success = 0, ...reasons } = status_dict
  if (success !== successes || !sameCounts(sortedCounts(Object.entries(reasons)), entry.reasons)) {
    report('counts other reasons than its entry', at)
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return null
  }
}

/** The key of the i-th sample of a shard: those of slots that were taken back are given to none. */
export function keysOf({ shard, shardSize, samples, taken }: ShardEntry): (i: number) => string {
  if (taken.length === 0) return (i) => keyOf(shard ?? 0, i, shardSize)
  const gone = new Set(taken)
  const slots: number[] = []
  for (let slot = 0; slots.length < samples; slot++) if (!gone.has(slot)) slots.push(slot)
  return (i) => keyOf(shard ?? 0, slots[i] ?? samples + taken.length + i, shardSize)
}

function sameCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
