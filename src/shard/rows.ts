import { messageOf, type RejectReason, type ScoredCaption } from '../records/index.js'
import { readEntries, stemOf } from './entry.js'
import { parquetName } from './layout.js'
import { type ParquetRow, readParquet } from './parquet-reader.js'
import { UnreadableDataset } from './problem.js'
import type { Store } from './store.js'

/** Row of one candidate in a committed dataset. */
interface DatasetRow {
  /** Where the image came from, as in `SampleRecord`. */
  readonly url: string
  /** The winning caption. */
  readonly caption: string
  readonly captions: readonly ScoredCaption[]
  /** null = kept. */
  readonly reason: RejectReason | null
}

/** The row of every candidate in the committed shards, kept and rejected, shard by shard. */
export async function* readRows(store: Store, signal: AbortSignal): AsyncGenerator<DatasetRow> {
  const read = (row: ParquetRow): DatasetRow => ({
    url: String(row.url),
    caption: String(row.caption),
    captions: nested(row.captions) as ScoredCaption[],
    reason: typeof row.error_message === 'string' ? (row.error_message as RejectReason) : null,
  })
  yield* readLedger(store, ['url', 'caption', 'captions', 'error_message'], read, signal)
}

/** A list or a struct; of version 1, which held them as JSON texts, too. */
export function nested(cell: unknown): unknown {
  return typeof cell === 'string' ? JSON.parse(cell) : (cell ?? null)
}

/**
 * Reads some columns of every candidate in the committed shards by `read`, shard by shard. Where it throws, the file is none of ours:
 * an UnreadableDataset names it.
 */
export async function* readLedger<Row>(
  store: Store,
  columns: readonly string[],
  read: (row: ParquetRow) => Row,
  signal: AbortSignal,
): AsyncGenerator<Row> {
  for (const entry of await readEntries(store, signal)) {
    const name = entry.files.find((file) => file.name === parquetName(stemOf(entry)))?.name
    const copy = name === undefined ? null : await store.localCopy(name, signal)
    const place = `${store.url}: ${name ?? `the parquet of shard ${entry.shard}`}`
    if (copy === null) throw new UnreadableDataset(`${place} is missing`)
    try {
      for await (const row of readParquet(copy.path, columns)) {
        signal.throwIfAborted()
        yield read(row)
      }
    } catch (error) {
      signal.throwIfAborted()
      throw new UnreadableDataset(`${place} cannot be read: ${messageOf(error)}`, error)
    } finally {
      await copy.release()
    }
  }
}
