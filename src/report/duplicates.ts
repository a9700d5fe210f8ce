import { type Ask, numberIn, textIn, textOrNull } from './ask.js'
import type { DuplicateLoser } from './page-data.js'

/** A group before its winner has a card. */
export interface KeyedDuplicates {
  readonly winnerKey: string
  readonly rows: number
  readonly losers: readonly (DuplicateLoser & {
    readonly pageUrl: string | null
    readonly sha256: string | null
  })[]
}

const mostGroups = 12
const mostLosers = 6

/** The largest groups by the pictures that repeat a kept one. */
const groupsSql = `with groups as (select duplicate_of as repeated, count(*) as rows from rejected
    where duplicate_of is not null group by 1 order by 2 desc, 1 limit ${mostGroups})
  select repeated, any_value(rows) as rows, min(key) as key, any_value(phash) as phash
  from groups join pairs on sha256 = repeated group by 1 order by 2 desc, 1`

const losersSql = `select duplicate_of as repeated, error_message, left(caption, 200) as caption, left(url, 2000) as url,
    left(page_url, 2000) as page_url, phash, sha256
  from rejected where list_contains(?, duplicate_of)
  qualify row_number() over (partition by duplicate_of order by url, caption) <= ${mostLosers} order by 1, url, caption`

export async function readDuplicates(ask: Ask): Promise<readonly KeyedDuplicates[]> {
  const groups = await ask('duplicates', groupsSql)
  const losers = await ask('duplicates', losersSql, [groups.map((row) => textIn(row.repeated))])
  return groups.map((group) => ({
    winnerKey: textIn(group.key),
    rows: numberIn(group.rows),
    losers: losers
      .filter(({ repeated }) => repeated === group.repeated)
      .map((row) => ({
        reason: textIn(row.error_message),
        caption: textIn(row.caption),
        url: textIn(row.url),
        pageUrl: textOrNull(row.page_url),
        sha256: textOrNull(row.sha256),
        distance: hashDistance(textOrNull(group.phash), textOrNull(row.phash)),
      })),
  }))
}

/** Bits of 64 in which two perceptual hashes differ; null where one is not known. Pure. */
export function hashDistance(one: string | null, other: string | null): number | null {
  if (one === null || other === null) return null
  if (!/^[0-9a-f]{16}$/.test(one) || !/^[0-9a-f]{16}$/.test(other)) return null
  let bits = BigInt(`0x${one}`) ^ BigInt(`0x${other}`)
  let distance = 0
  for (; bits > 0n; bits &= bits - 1n) distance++
  return distance
}
