import { z } from 'zod'
import type { Permission, RejectReason } from '../records/index.js'
import type { ParquetRow } from './parquet-reader.js'
import { nested, readLedger } from './rows.js'
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
  yield* readLedger(store, columns, decisionOf, signal)
}

/** Version 1 named the time `checkedAt`, and did not know every field from the beginning. In JSON a time is text. */
const permissionSchema = z
  .object({
    rule: z.string(),
    value: z.string().nullish(),
    source: z.string().nullish(),
  })
  .and(
    z.union([z.object({ checked_at: z.union([z.date(), z.string()]) }), z.object({ checkedAt: z.string() })]),
  )
  .nullable()

function decisionOf(row: ParquetRow): RowDecision {
  const text = (name: (typeof columns)[number]) => {
    const cell = row[name]
    return typeof cell === 'string' ? cell : null
  }
  const permission = (name: 'permission' | 'page_permission'): Permission | null => {
    const read = permissionOf(row[name])
    if (read === 'none') throw new Error(`the ${name} of ${text('url') ?? 'a row'} is none`)
    return read
  }
  const url = text('url')
  if (url === null) throw new Error('a row has no url')
  return {
    url,
    pageUrl: text('page_url'),
    // A newer version may know others: the row is no worse for it.
    reason: text('error_message') as RejectReason | null,
    image: permission('permission'),
    page: permission('page_permission'),
  }
}

/**
 * A permission as a column, or a KEY.json, holds it; `none` = it holds something else. The column is written by `ParquetFile` from a
 * Permission, or from null; early versions have none.
 */
export function permissionOf(cell: unknown): Permission | null | 'none' {
  if (cell === null) return null
  const written = asWritten(cell)
  if (written !== null) return written
  const parsed = permissionSchema.safeParse(jsonOf(cell))
  if (!parsed.success) return 'none'
  if (parsed.data === null) return null
  const { rule, value, source } = parsed.data
  const checkedAt = 'checked_at' in parsed.data ? isoOf(parsed.data.checked_at) : parsed.data.checkedAt
  return {
    rule,
    ...(value === undefined ? {} : { value }),
    ...(source === undefined || source === null ? {} : { source }),
    checkedAt,
  }
}

/** What the schema makes of a permission as this version writes it, without the time that takes; null = the schema has to look at it. Pure. */
function asWritten(cell: unknown): Permission | null {
  if (typeof cell !== 'object' || cell === null) return null
  const { rule, value, source, checked_at } = cell as Readonly<Record<string, unknown>>
  if (typeof rule !== 'string' || !isTime(checked_at)) return null
  if (value !== null && typeof value !== 'string') return null
  if (source !== null && typeof source !== 'string') return null
  return { rule, value, ...(source === null ? {} : { source }), checkedAt: isoOf(checked_at) }
}

export const isTime = (cell: unknown): cell is Date | string =>
  typeof cell === 'string' || (cell instanceof Date && !Number.isNaN(cell.getTime()))

export const isoOf = (time: Date | string): string => (typeof time === 'string' ? time : time.toISOString())

/** undefined = it is no JSON. */
function jsonOf(cell: unknown): unknown {
  try {
    return nested(cell)
  } catch {
    return undefined
  }
}
