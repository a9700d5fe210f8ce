import type { Permission, RejectReason } from '../records/index.js'
import { readEntries } from './entry.js'
import { parquetName } from './layout.js'
import { readParquet } from './parquet-reader.js'
import type { Store } from './store.js'

/** On whose word one candidate's image was fetched or left alone, and its page read. */
export interface RowDecision {
  readonly url: string
  /** null = the candidate came from a list that names no page. */
  readonly pageUrl: string | null
  /** Why it was not kept; null = kept. */
  readonly reason: RejectReason | null
  /** null = nobody was asked: the candidate was turned away before. */
  readonly image: Permission | null
  /** null = not known. */
  readonly page: Permission | null
}

const columns = ['url', 'page_url', 'error_message', 'permission', 'page_permission'] as const

/** The decisions of every candidate in the committed shards, shard by shard. */
export async function* readDecisions(store: Store, signal: AbortSignal): AsyncGenerator<RowDecision> {
  for (const entry of await readEntries(store, signal)) {
    const name = entry.files.find((file) => file.name.endsWith(parquetName('')))?.name
    const copy = name === undefined ? null : await store.localCopy(name, signal)
    if (copy === null)
      throw new Error(`${store.url}: ${name ?? `the parquet of shard ${entry.shard}`} is missing`)
    try {
      for await (const row of readParquet(copy.path, columns)) {
        signal.throwIfAborted()
        yield {
          url: String(row.url),
          pageUrl: typeof row.page_url === 'string' ? row.page_url : null,
          reason: typeof row.error_message === 'string' ? (row.error_message as RejectReason) : null,
          image: permissionOf(row.permission),
          page: permissionOf(row.page_permission),
        }
      }
    } finally {
      await copy.release()
    }
  }
}

/** The column is written by `ParquetFile` from a Permission, or from null. */
function permissionOf(cell: unknown): Permission | null {
  return typeof cell === 'string' ? (JSON.parse(cell) as Permission | null) : null
}
