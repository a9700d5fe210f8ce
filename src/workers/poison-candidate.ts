import type { BatchLease, LeasedCandidate } from '../backend/index.js'
import { type BatchResult, crashedRow, languageDetector } from '../filter/index.js'

/** Leases without an end after which one candidate is decoded in a process of its own. */
const suspectStarts = 2
/** What no decoding can be blamed for either: so many workers in a row did not die of something else. */
const mostStarts = 20
/** A worker that lived to say that it failed leaves no doubt. */
const mostFailures = 2

/**
 * What the earlier leases of a batch make of its candidate. A worker's death proves nothing: whoever stops a process takes the batches
 * with it that it happened to hold. So a candidate is never given up for being beside two deaths; it is tried where its own decoding
 * can kill nothing else. Pure.
 */
export function suspicionOf({
  candidates,
  starts,
  failures,
}: Pick<Extract<BatchLease, { kind: 'batch' }>, 'candidates' | 'starts' | 'failures'>):
  | 'none'
  | 'suspect'
  | 'given_up' {
  if (candidates.length > 1) return 'none'
  if (failures >= mostFailures || starts >= mostStarts) return 'given_up'
  return starts >= suspectStarts ? 'suspect' : 'none'
}

/** The ledger of candidates that are tried no more. */
export async function crashedResult(candidates: readonly LeasedCandidate[]): Promise<BatchResult> {
  const languages = await languageDetector()
  return {
    rows: candidates.map(({ body }) => ({ row: crashedRow(body, languages), image: null })),
    deferred: [],
    counters: { 'rejected:crashed': candidates.length },
  }
}
