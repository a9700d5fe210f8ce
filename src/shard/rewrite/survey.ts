import { type ShardEntry, stemOf } from '../entry.js'
import { embeddingNames, parquetName, statsName, tarIndexName, tarName } from '../layout.js'
import type { PageEntry } from '../page-entry.js'
import { readParquet } from '../parquet-reader.js'
import { readShard } from '../reader.js'
import type { Store } from '../store.js'
import type { Retouch } from './parquet.js'
import { isPictureFile, type ShardChange } from './shard.js'
import { recordOf } from './tar.js'
import { withCopy } from './with-copy.js'

/** A rule for rows, and the columns that it looks at. */
export interface RowRule {
  readonly columns: readonly string[]
  readonly retouch: Retouch
}

/** Rows that a rule takes out, or changes. */
interface RowCounts {
  readonly gone: number
  readonly changed: number
}

/** What a rule makes of a shard; `change` null = nothing. */
interface SurveyedShard {
  readonly samples: RowCounts
  readonly rejected: RowCounts
  readonly pictures: number
  readonly change: ShardChange | null
}

/** Looks up what a rule makes of a committed shard or ledger, by its rows alone: its tar is not read. */
export async function surveyShard(
  store: Store,
  entry: ShardEntry,
  { columns, retouch }: RowRule,
  signal: AbortSignal,
): Promise<SurveyedShard> {
  const stem = stemOf(entry)
  const gone = new Set<string>()
  const samples = { gone: 0, changed: 0 }
  const rejected = { gone: 0, changed: 0 }
  await withCopy(store, parquetName(stem), signal, async (path) => {
    // Of most shards nothing goes: their keys need not be read.
    if (!(await isTouched(path, { columns, retouch }, signal))) return
    for await (const row of readParquet(path, ['key', ...columns], 'absent')) {
      signal.throwIfAborted()
      const left = retouch(row)
      if (left === row) continue
      const counts = typeof row.key === 'string' ? samples : rejected
      if (left !== null) counts.changed++
      else {
        counts.gone++
        if (typeof row.key === 'string') gone.add(row.key)
      }
    }
  })
  const names = new Set<string>()
  if (samples.gone + samples.changed > 0)
    for (const name of sampleNames(stem, samples.gone > 0)) names.add(name)
  if (samples.gone + samples.changed + rejected.gone + rejected.changed > 0)
    for (const name of [parquetName(stem), statsName(stem)]) names.add(name)
  let pictures = 0
  for (const { name } of entry.files.filter((file) => isPictureFile(file.name, stem))) {
    const touched = await withCopy(store, name, signal, (path) => touchedIn(path, retouch, signal))
    if (touched.gone + touched.changed > 0) names.add(name)
    pictures += touched.gone
  }
  const own = new Set(entry.files.map((file) => file.name).filter((name) => names.has(name)))
  return { samples, rejected, pictures, change: own.size === 0 ? null : { gone, retouch, names: own } }
}

async function isTouched(path: string, { columns, retouch }: RowRule, signal: AbortSignal): Promise<boolean> {
  for await (const row of readParquet(path, columns, 'absent')) {
    signal.throwIfAborted()
    if (retouch(row) !== row) return true
  }
  return false
}

/** Files that hold something of each sample; `all` false = only those that hold its record. */
function sampleNames(stem: string, all: boolean): string[] {
  const tar = [tarName(stem), tarIndexName(stem)]
  return all ? [...tar, ...Object.values(embeddingNames(stem))] : tar
}

async function touchedIn(path: string, retouch: Retouch, signal: AbortSignal): Promise<RowCounts> {
  const counts = { gone: 0, changed: 0 }
  for await (const sample of readShard(path)) {
    signal.throwIfAborted()
    const record = recordOf(sample)
    const left = retouch(record)
    if (left === null) counts.gone++
    else if (left !== record) counts.changed++
  }
  return counts
}

/** Looks up what a rule makes of a file of the page ledger. */
export async function surveyPages(
  store: Store,
  entry: PageEntry,
  { columns, retouch }: RowRule,
  signal: AbortSignal,
): Promise<RowCounts> {
  const counts = { gone: 0, changed: 0 }
  await withCopy(store, entry.stored.name, signal, async (path) => {
    for await (const row of readParquet(path, columns, 'absent')) {
      signal.throwIfAborted()
      const left = retouch(row)
      if (left === null) counts.gone++
      else if (left !== row) counts.changed++
    }
  })
  return counts
}
