import type { Param, Row } from '../../query/index.js'
import { numberOrNull, textIn, textOrNull } from '../ask.js'
import { decodeCursor, encodeCursor } from './cursor.js'
import type { PairOrder, PairRow, Rows } from './explore-data.js'
import type { Explored, Identity } from './explored.js'
import { Refusal } from './problem.js'

/** Columns of a pair in a list. Texts are cut: no long one is held, and an address that is cut has a blank, so that nobody follows it. */
export const pairColumns = `key, uid, left(caption, 600) as caption, ${cutUrl('url')} as url, ${cutUrl('page_url')} as page_url,
  clip_score, language, width, height, sha256, phash`

export function cutUrl(column: string): string {
  return `case when length(${column}) <= 2000 then ${column} else left(${column}, 200) || ' …' end`
}

/** Pure. */
export function pairRowOf(row: Row): PairRow {
  return {
    key: textIn(row.key),
    uid: textOrNull(row.uid),
    caption: textIn(row.caption),
    url: textIn(row.url),
    pageUrl: textOrNull(row.page_url),
    score: numberOrNull(row.clip_score),
    language: textOrNull(row.language),
    width: numberOrNull(row.width),
    height: numberOrNull(row.height),
  }
}

/** Pure. */
function identityOf(row: Row): Identity {
  return {
    url: textIn(row.url),
    pageUrl: textOrNull(row.page_url),
    sha256: textOrNull(row.sha256),
    phash: textOrNull(row.phash),
    uid: textOrNull(row.uid),
  }
}

/** Rows without those that were taken back. */
export function standing(explored: Explored, rows: readonly Row[]): Row[] {
  return rows.filter((row) => {
    const key = textOrNull(row.key)
    return (key === null || explored.isLive(key)) && !explored.contents.isRefused(identityOf(row))
  })
}

export interface RowsWish {
  /** SQL; null = all. */
  readonly where: string | null
  /** null = the first page. */
  readonly after: string | null
  readonly limit: number
}

/** By what pairs are ordered before their keys; a pair without a score is the last. */
const orders: Readonly<Record<PairOrder, string | null>> = {
  key: null,
  best: '-coalesce(clip_score, -2)',
  worst: 'coalesce(clip_score, 2)',
}

/** Kept pairs, page by page: each page begins behind the last row of the one before, whatever was added meanwhile. Throws Refusal, SqlError. */
export async function pairRows(
  explored: Explored,
  { where, after, limit, order }: RowsWish & { readonly order: PairOrder },
  signal: AbortSignal,
): Promise<Rows<PairRow>> {
  await checkWhere(explored, where)
  const by = orders[order]
  const place = after === null ? null : placeOf(after, by === null ? ['string'] : ['number', 'string'])
  const conditions: string[] = where === null ? [] : [`(\n${where}\n)`]
  const params: Param[] = []
  if (place !== null) {
    if (by === null) conditions.push('key > ?')
    else conditions.push(`(${by} > ? or (${by} = ? and key > ?))`)
    params.push(...(by === null ? place : [place[0] ?? 0, place[0] ?? 0, place[1] ?? '']))
  }
  // Two steps, so that only the rows of the page are read whole.
  const sort = by === null ? 'key' : `${by}, key`
  const keys = await explored.ask(
    `select key, ${by ?? 'null'} as rank from pairs ${whereOf(conditions)} order by ${sort} limit ${limit + 1}`,
    params,
    signal,
  )
  const page = keys.slice(0, limit).map((row) => textIn(row.key))
  const rows = await pairsOfKeys(explored, page, signal)
  const last = keys[limit - 1]
  const next =
    keys.length > limit && last !== undefined
      ? encodeCursor(by === null ? [textIn(last.key)] : [Number(last.rank), textIn(last.key)])
      : null
  return {
    rows: page.flatMap((key) => rows.get(key) ?? []),
    next,
    total: after === null ? await total(explored, 'pairs', where, signal) : null,
  }
}

/** Pairs of keys that stand. */
export async function pairsOfKeys(
  explored: Explored,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PairRow>> {
  if (keys.length === 0) return new Map()
  const marks = keys.map(() => '?').join(', ')
  const rows = await explored.ask(`select ${pairColumns} from pairs where key in (${marks})`, keys, signal)
  return new Map(standing(explored, rows).map((row) => [textIn(row.key), pairRowOf(row)]))
}

export const whereOf = (conditions: readonly string[]): string =>
  conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`

/** Rows that a condition leaves. Of all of them the entries tell. */
export async function total(
  explored: Explored,
  table: 'pairs' | 'rejected',
  where: string | null,
  signal: AbortSignal,
): Promise<number> {
  if (where === null) {
    const { shards, entries, live } = explored.contents
    return table === 'pairs'
      ? shards.reduce((sum, { shard }) => sum + live.count(shard ?? -1), 0)
      : entries.reduce((sum, { rows, samples }) => sum + rows - samples, 0)
  }
  const [row] = await explored.ask(`select count(*) as count from ${table} where (\n${where}\n)`, [], signal)
  return numberOrNull(row?.count) ?? 0
}

/** A condition that is none, or more than that, is refused with DuckDB's words. */
export async function checkWhere(explored: Explored, where: string | null): Promise<void> {
  if (where === null) return
  const problem = await explored.withTables((tables) => tables.whereProblem(where))
  if (problem !== null) throw new Refusal(422, problem)
}

export function placeOf(after: string, types: readonly ('string' | 'number')[]): (string | number)[] {
  const place = decodeCursor(after)
  if (place === null || place.length !== types.length || place.some((part, i) => typeof part !== types[i]))
    throw new Refusal(400, 'after: it is no place that an earlier answer gave')
  return [...place]
}
