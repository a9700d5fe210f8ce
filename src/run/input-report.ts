import { messageOf } from '../records/index.js'
import { readPages, type Store } from '../shard/index.js'
import { seedsMoved } from '../workers/index.js'
import type { RunEnd } from './run-types.js'
import { isNothingRead, mostNamed, reportSeeds, unknownSeeds } from './seed-report.js'
import { readSkippedRows, skipText } from './skipped-rows.js'

interface InputReportDeps {
  readonly store: Store
  /** Where what is left out of sources is listed. */
  readonly privateDir: string
  readonly onNote: (text: string) => void
  readonly signal: AbortSignal
}

/**
 * The end of a run with what it has to say of its seeds and sources. By then its page ledger is in the store, but where it was interrupted; a
 * limit that ended it says nothing against what was not read yet.
 */
export async function withInputReport(
  end: RunEnd,
  seeds: readonly string[],
  { store, privateDir, onNote, signal }: InputReportDeps,
): Promise<RunEnd> {
  if (end.kind !== 'done' && end.kind !== 'limit') return end
  const { counters } = end.snapshot
  const moves = counters[seedsMoved] ?? 0
  const isUnread = end.kind === 'done' && isNothingRead(counters)
  if (moves === 0 && !isUnread) return end
  const pages = readPages(store, signal)
  const { answers, moved } = await reportSeeds(seeds, pages, isUnread ? null : moves).catch(
    (error: unknown) => {
      signal.throwIfAborted()
      onNote(`the page ledger cannot be read: ${messageOf(error)}`)
      return unknownSeeds(seeds)
    },
  )
  const told = { ...end, ...(moved.first.length > 0 ? { moved } : {}) }
  if (!isUnread) return told
  const { first, more } = await readSkippedRows(privateDir, mostNamed)
  return { ...told, unread: { seeds: answers, skipped: { first: first.map(skipText), more } } }
}
