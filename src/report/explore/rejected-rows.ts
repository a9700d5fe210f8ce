import type { Param, Row } from '../../query/index.js'
import { numberIn, numberOrNull, textIn, textOrNull } from '../ask.js'
import { encodeCursor } from './cursor.js'
import type { ReasonCount, RejectedRow, Rows } from './explore-data.js'
import type { Explored } from './explored.js'
import { checkWhere, cutUrl, placeOf, type RowsWish, standing, total, whereOf } from './pair-rows.js'

/** Name of the small picture of a rejected row; null = there is none. */
type PictureNames = (reason: string, sha256: string) => string | null

const columns = `url as whole_url, ${cutUrl('url')} as url, ${cutUrl('page_url')} as page_url, left(caption, 600) as caption,
  error_message, left(error_detail, 200) as error_detail, clip_score, language,
  coalesce(original_width, width) as width, coalesce(original_height, height) as height, sha256, phash`

/**
 * Rejected candidates, page by page, by their URLs. One URL may have been rejected more than once, with other texts: a place is a URL, and how many
 * of its rows were shown. Throws Refusal, SqlError.
 */
export async function rejectedRows(
  explored: Explored,
  { where, after, limit, reason }: RowsWish & { readonly reason: string | null },
  meanings: Readonly<Record<string, string>>,
  names: PictureNames,
  signal: AbortSignal,
): Promise<Rows<RejectedRow>> {
  await checkWhere(explored, where)
  const [url, skipped] = after === null ? [null, 0] : placeOf(after, ['string', 'number'])
  const conditions: string[] = where === null ? [] : [`(\n${where}\n)`]
  const params: Param[] = []
  if (reason !== null) {
    conditions.push('error_message = ?')
    params.push(reason)
  }
  if (url !== null) {
    conditions.push('url >= ?')
    params.push(url ?? '')
  }
  const offset = Math.max(0, Math.trunc(Number(skipped)))
  const rows = await explored.ask(
    `select ${columns} from rejected ${whereOf(conditions)}
      order by whole_url, caption, page_url, error_message, captions::varchar limit ${limit + 1} offset ${offset}`,
    params,
    signal,
  )
  const page = rows.slice(0, limit)
  return {
    rows: standing(explored, page).map((row) => rejectedRowOf(row, meanings, names)),
    next: rows.length > limit ? nextPlace(page, { url, skipped: offset }) : null,
    total: after === null ? await countOf(explored, where, reason, signal) : null,
  }
}

/** Place behind a page that began at a place. Pure. */
export function nextPlace(
  page: readonly Row[],
  { url, skipped }: { readonly url: string | number | null | undefined; readonly skipped: number },
): string {
  const last = textIn(page.at(-1)?.whole_url)
  const own = page.filter((row) => textIn(row.whole_url) === last).length
  return encodeCursor([last, last === url ? skipped + own : own])
}

async function countOf(
  explored: Explored,
  where: string | null,
  reason: string | null,
  signal: AbortSignal,
): Promise<number> {
  if (reason === null) return await total(explored, 'rejected', where, signal)
  const conditions = where === null ? [] : [`(\n${where}\n)`]
  const [row] = await explored.ask(
    `select count(*) as count from rejected ${whereOf([...conditions, 'error_message = ?'])}`,
    [reason],
    signal,
  )
  return numberIn(row?.count)
}

function rejectedRowOf(
  row: Row,
  meanings: Readonly<Record<string, string>>,
  names: PictureNames,
): RejectedRow {
  const reason = textIn(row.error_message)
  const sha256 = textOrNull(row.sha256)
  return {
    reason,
    detail: textOrNull(row.error_detail),
    meaning: Object.hasOwn(meanings, reason) ? (meanings[reason] ?? '') : '',
    caption: textIn(row.caption),
    url: textIn(row.url),
    pageUrl: textOrNull(row.page_url),
    score: numberOrNull(row.clip_score),
    language: textOrNull(row.language),
    width: numberOrNull(row.width),
    height: numberOrNull(row.height),
    picture: sha256 === null ? null : names(reason, sha256),
  }
}

/** Rejected candidates by reason, the most first: the entries tell. Pure. */
export function reasonCounts({ entries }: Pick<Explored['contents'], 'entries'>): ReasonCount[] {
  const counts = new Map<string, number>()
  for (const { reasons } of entries)
    for (const [reason, count] of Object.entries(reasons))
      counts.set(reason, (counts.get(reason) ?? 0) + count)
  return [...counts]
    .map(([reason, count]) => ({ reason, count }))
    .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
}
