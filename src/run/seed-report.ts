import { type RecordFault, recordFaults } from '../crawl/index.js'
import type { PageRow } from '../records/index.js'
import { hostOf } from '../records/index.js'
import { maxRedirects } from '../workers/index.js'

/** Where a seed led by redirects, and what was answered there. */
export interface SeedAnswer {
  readonly seed: string
  /** Canonical; the seed itself where nothing redirected. */
  readonly ledTo: string
  /** null = it was not asked for: it is not within what the run is to crawl. */
  readonly row: Pick<PageRow, 'outcome' | 'reason' | 'detail' | 'httpStatus' | 'permission'> | null
}

/** The first of a list, and how many there are beside them. */
export interface Some<T> {
  readonly first: readonly T[]
  readonly more: number
}

interface SeedReport {
  /** What became of the seeds whose rows were given. */
  readonly answers: Some<SeedAnswer>
  /** Those that led to another host. */
  readonly moved: Some<SeedAnswer>
}

/** Named to people one by one. */
export const mostNamed = 10
/** More rows than this are not held: of a crawl's seeds a few are named, whatever their number. */
const mostRows = 100_000

/** Of a list of archives: there is no record to them. */
const unopened: ReadonlySet<RecordFault> = new Set(['bad_path', 'absent', 'refused', 'not_warc'])
const brokenRecords = recordFaults
  .filter((fault) => !unopened.has(fault))
  .map((fault) => `record_skipped:${fault}`)

/**
 * Whether nothing that a run was given could be read: no page, no row of a list and no record of an archive, though something was asked for.
 * A row or record that is whole and of no use was read. Pure; meant for a run that has nothing left to do.
 */
export function isNothingRead(counters: Readonly<Record<string, number>>): boolean {
  const of = (...names: string[]) => names.reduce((sum, name) => sum + (counters[name] ?? 0), 0)
  const read = of('pages') + of('rows') - of('row_skipped:malformed') + of('records') - of(...brokenRecords)
  const asked = Object.entries(counters).some(
    ([name, n]) => n > 0 && /^(?:page|row|record)_skipped:/.test(name),
  )
  return read <= 0 && (asked || of('redirects') > 0)
}

/**
 * Looks up in the page ledger what became of the seeds. `moves`: how many rows lead a seed to another host, where these alone are wanted: with the
 * last of them it ends, however long the ledger is; null = all of the seeds' own are.
 */
export async function reportSeeds(
  seeds: readonly string[],
  pages: AsyncIterable<PageRow>,
  moves: number | null,
): Promise<SeedReport> {
  const rows = new Map<string, PageRow>()
  let left = moves ?? Number.POSITIVE_INFINITY
  for await (const row of pages) {
    if (row.depth > 0 || (moves !== null && row.outcome !== 'redirected')) continue
    rows.set(row.url, row)
    if (row.outcome === 'redirected' && row.redirectTo !== null && hostOf(row.redirectTo) !== row.host) left--
    if (left <= 0 || rows.size >= mostRows) break
  }
  const answers: SeedAnswer[] = []
  const moved: SeedAnswer[] = []
  let movedMore = 0
  for (const seed of seeds) {
    const row = rows.get(seed)
    if (row === undefined) continue
    const answer = answerOf(seed, row, rows)
    if (answers.length < mostNamed) answers.push(answer)
    if (hostOf(answer.ledTo) === hostOf(seed)) continue
    if (moved.length < mostNamed) moved.push(answer)
    else movedMore++
  }
  return {
    answers: { first: answers, more: seeds.length - answers.length },
    moved: { first: moved, more: movedMore },
  }
}

/** Where the ledger says nothing of them. */
export function unknownSeeds(seeds: readonly string[]): SeedReport {
  return { answers: { first: [], more: seeds.length }, moved: { first: [], more: 0 } }
}

function answerOf(seed: string, own: PageRow, rows: ReadonlyMap<string, PageRow>): SeedAnswer {
  let row: PageRow | undefined = own
  let ledTo = seed
  for (
    let hops = 0;
    hops <= maxRedirects && row?.outcome === 'redirected' && row.redirectTo !== null;
    hops++
  ) {
    ledTo = row.redirectTo
    row = rows.get(ledTo)
  }
  return { seed, ledTo, row: row ?? null }
}
