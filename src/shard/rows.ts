import type { RejectReason, ScoredCaption } from '../records/index.js'
import { readEntries } from './entry.js'
import { parquetName } from './layout.js'
import { readParquet } from './parquet-reader.js'
import type { Store } from './store.js'

/** What a committed dataset says of one candidate. */
export interface DatasetRow {
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
  for await (const row of readLedger(store, ['url', 'caption', 'captions', 'error_message'], signal)) {
    yield {
      url: String(row.url),
      caption: String(row.caption),
      captions: JSON.parse(String(row.captions)) as ScoredCaption[],
      reason: typeof row.error_message === 'string' ? (row.error_message as RejectReason) : null,
    }
  }
}

/** Some columns of every candidate in the committed shards, shard by shard. */
export async function* readLedger(
  store: Store,
  columns: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Record<string, unknown>> {
  for (const entry of await readEntries(store, signal)) {
    const name = entry.files.find((file) => file.name.endsWith(parquetName('')))?.name
    const copy = name === undefined ? null : await store.localCopy(name, signal)
    if (copy === null)
      throw new Error(`${store.url}: ${name ?? `the parquet of shard ${entry.shard}`} is missing`)
    try {
      for await (const row of readParquet(copy.path, columns)) {
        signal.throwIfAborted()
        yield row
      }
    } finally {
      await copy.release()
    }
  }
}
