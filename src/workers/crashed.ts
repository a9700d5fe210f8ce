import { type BatchResult, crashedRow } from '../filter/index.js'
import type { LeasedCandidate } from './backend/backend.js'

/** The ledger of candidates that killed their workers: they are not tried a third time. */
export function crashedResult(candidates: readonly LeasedCandidate[]): BatchResult {
  return {
    rows: candidates.map(({ body }) => ({ row: crashedRow(body), image: null })),
    deferred: [],
    counters: { 'rejected:crashed': candidates.length },
  }
}
