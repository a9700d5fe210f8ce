import { type Row, statusOf } from '../records/index.js'
import { countScore, histogramOf, newScoreCounts, type ScoreHistogram } from './histogram.js'

/** Facts of a row that are counted. */
type CountedRow = Pick<Row, 'reason' | 'language' | 'clipScore'>

/** Counts over the rows of one shard. */
export interface RowTally {
  add(row: CountedRow): void
  readonly rows: number
  /** Rejected rows by reason; reasons in alphabetical order. */
  reasons(): Record<string, number>
  /** Kept rows by the language of their caption, in alphabetical order. */
  languages(): Record<string, number>
  statuses(): Readonly<Record<ReturnType<typeof statusOf>, number>>
  scores(): ScoreHistogram
}

/** `onKept`: told of each kept row; absent = nobody wants to know. */
export function newTally(onKept?: () => void): RowTally {
  const reasons = new Map<string, number>()
  const languages = new Map<string, number>()
  const statuses = { success: 0, failed_to_download: 0, failed_to_resize: 0, rejected: 0 }
  const scores = newScoreCounts()
  let rows = 0
  return {
    add(row) {
      rows++
      statuses[statusOf(row.reason)]++
      if (row.reason !== null) countOne(reasons, row.reason)
      else {
        countOne(languages, row.language ?? 'und')
        onKept?.()
      }
      if (row.clipScore !== null) countScore(scores, row.clipScore, row.reason === null)
    },
    get rows() {
      return rows
    },
    reasons: () => sortedCounts(reasons),
    languages: () => sortedCounts(languages),
    statuses: () => ({ ...statuses }),
    scores: () => histogramOf(scores),
  }
}

function countOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Sums of counts of the same names, in alphabetical order. */
export function mergedCounts(all: Iterable<Readonly<Record<string, number>>>): Record<string, number> {
  const sums = new Map<string, number>()
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count)
  }
  return sortedCounts(sums)
}

export function sortedCounts(counts: Iterable<readonly [string, number]>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/**
 * The stats file beside a shard, as img2dataset writes it, and the score histogram. Times are the plan's, not the
 * clock's, so that a plan that is executed again writes the same bytes.
 */
export function statsBytes(tally: RowTally, createdAt: string): Buffer {
  const { success, failed_to_download, failed_to_resize, rejected } = tally.statuses()
  const seconds = Date.parse(createdAt) / 1000
  const stats = {
    count: tally.rows,
    successes: success,
    failed_to_download,
    failed_to_resize,
    rejected,
    duration: 0,
    start_time: seconds,
    end_time: seconds,
    status_dict: success === 0 ? tally.reasons() : { success, ...tally.reasons() },
    score_histogram: tally.scores(),
  }
  return Buffer.from(`${JSON.stringify(stats, null, 4)}\n`)
}
