import type { BatchResult } from '../filter/index.js'
import { type Refusals, refusalOfRow } from '../records/index.js'

/** Result of a batch of which some candidates have no row. */
export interface TakenResult extends BatchResult {
  readonly dropped: number
}

/**
 * Result without the rows of what was taken back from the dataset, by the tombstones that are known when the part is to be written; they are
 * counted as `rejected:retracted`. Pure.
 */
export function withoutRetracted(result: BatchResult, refusals: Refusals): TakenResult {
  const counters = { ...result.counters }
  const count = (name: string, n: number) => {
    counters[name] = (counters[name] ?? 0) + n
  }
  const rows = result.rows.filter(({ row }) => {
    const { reason } = row
    if (reason === 'retracted') return false
    if (refusalOfRow(refusals, row) !== 'retracted') return true
    if (reason !== null) count(`rejected:${reason}`, -1)
    count('rejected:retracted', 1)
    return false
  })
  return { ...result, rows, counters, dropped: result.rows.length - rows.length }
}
