import type { Param, Row } from '../../query/index.js'
import { numberIn, textIn, textOrNull } from '../ask.js'
import { hashDistance } from '../duplicates.js'
import { encodeCursor } from './cursor.js'
import type { DuplicateRow, DuplicateSet, Rows } from './explore-data.js'
import type { Explored } from './explored.js'
import { cutUrl, pairColumns, pairRowOf, placeOf, type RowsWish, standing } from './pair-rows.js'

/** Of a kept picture, so many of what repeats it are told. */
const mostLosers = 24

/**
 * Kept pictures that were met more than once, page by page: those with the most first. One whose winner is in another dataset, or was taken back, is left
 * out. Throws Refusal, SqlError.
 */
export async function duplicateSets(
  explored: Explored,
  { after, limit }: Omit<RowsWish, 'where'>,
  signal: AbortSignal,
): Promise<Rows<DuplicateSet>> {
  const place = after === null ? null : placeOf(after, ['number', 'string'])
  const behind = place === null ? '' : 'having count(*) < ? or (count(*) = ? and duplicate_of > ?)'
  const params: Param[] = place === null ? [] : [place[0] ?? 0, place[0] ?? 0, place[1] ?? '']
  const found = await explored.ask(
    `select duplicate_of as sha256, count(*) as count from rejected
      where duplicate_of in (select sha256 from pairs) group by 1 ${behind} order by 2 desc, 1 limit ${limit + 1}`,
    params,
    signal,
  )
  const page = found.slice(0, limit)
  const hashes = page.map((row) => textIn(row.sha256))
  // An empty list has no type that a statement could tell.
  const isEmpty = hashes.length === 0
  const winners = isEmpty ? new Map<string, Row>() : await winnersOf(explored, hashes, signal)
  const losers = isEmpty ? [] : await losersOf(explored, hashes, signal)
  const sets = page.flatMap((row): DuplicateSet[] => {
    const sha256 = textIn(row.sha256)
    const winner = winners.get(sha256)
    if (winner === undefined) return []
    const own = losers.filter((loser) => loser.duplicate_of === sha256)
    return [
      {
        winner: pairRowOf(winner),
        count: numberIn(row.count),
        losers: own.map((loser) => duplicateRow(loser, winner)),
      },
    ]
  })
  const last = page.at(-1)
  const hasMore = found.length > limit && last !== undefined
  return {
    rows: sets,
    next: hasMore ? encodeCursor([numberIn(last.count), textIn(last.sha256)]) : null,
    total: after === null ? await countOf(explored, signal) : null,
  }
}

async function winnersOf(
  explored: Explored,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Row>> {
  const rows = await explored.ask(
    `select ${pairColumns} from pairs where list_contains(?, sha256) order by key`,
    [hashes],
    signal,
  )
  // Of several pairs of one picture the first is shown.
  return new Map(
    standing(explored, rows)
      .reverse()
      .map((row) => [textIn(row.sha256), row]),
  )
}

async function losersOf(
  explored: Explored,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<readonly Row[]> {
  const rows = await explored.ask(
    `select duplicate_of, error_message, left(caption, 200) as caption, ${cutUrl('url')} as url, ${cutUrl('page_url')} as page_url, phash, sha256
      from rejected where list_contains(?, duplicate_of)
      qualify row_number() over (partition by duplicate_of order by url, caption) <= ${mostLosers} order by 1, 4, 3`,
    [hashes],
    signal,
  )
  return standing(explored, rows)
}

function duplicateRow(loser: Row, winner: Row): DuplicateRow {
  const isExact = loser.error_message === 'duplicate_exact'
  return {
    isExact,
    caption: textIn(loser.caption),
    url: textIn(loser.url),
    pageUrl: textOrNull(loser.page_url),
    distance: isExact ? 0 : hashDistance(textOrNull(winner.phash), textOrNull(loser.phash)),
  }
}

async function countOf(explored: Explored, signal: AbortSignal): Promise<number> {
  const [row] = await explored.ask(
    'select count(distinct duplicate_of) as count from rejected where duplicate_of in (select sha256 from pairs)',
    [],
    signal,
  )
  return numberIn(row?.count)
}
