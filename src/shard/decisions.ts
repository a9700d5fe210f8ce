import type { Permission, RejectReason } from '../records/index.js'
import { readLedger } from './rows.js'
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
  for await (const row of readLedger(store, columns, signal)) {
    yield {
      url: String(row.url),
      pageUrl: typeof row.page_url === 'string' ? row.page_url : null,
      reason: typeof row.error_message === 'string' ? (row.error_message as RejectReason) : null,
      image: permissionOf(row.permission),
      page: permissionOf(row.page_permission),
    }
  }
}

/** The column is written by `ParquetFile` from a Permission, or from null. */
function permissionOf(cell: unknown): Permission | null {
  return typeof cell === 'string' ? (JSON.parse(cell) as Permission | null) : null
}
