import type { Candidate } from '../../records/index.js'
import type { ArchiveSource, RecordFault } from './archive/archive.js'
import type { ListSource, RowSkipReason } from './list.js'

/** A list or an archive that gives candidates beside pages. Plain JSON; it is stored with its run. */
export type Source = ListSource | ArchiveSource

/** Something in a source that is no candidate although it stands where one should. */
export interface SourceSkip {
  /** Path or URL of the file that it stands in. */
  readonly file: string
  /** Where it begins there: a line from 1, or a byte from 0. */
  readonly at: { readonly line: number } | { readonly byte: number }
  readonly reason: RowSkipReason | RecordFault
  /** For people; null = the reason says it all. */
  readonly detail: string | null
}

/** Contents of a source between two cursors, from each of which it can be read on. */
export interface SourceStep {
  /** Where it ends, in the reader's own words. */
  readonly cursor: string
  /** Part of the source that was read by then, 0..1; absent = not known. */
  readonly share?: number
  readonly candidates: readonly Candidate[]
  readonly skipped: readonly SourceSkip[]
  readonly counters: Readonly<Record<string, number>>
}

/** Why a source cannot be read on. `changed`: it is not the one that was begun. `message` says what to do. */
export interface SourceProblem {
  readonly kind: 'changed' | 'unreadable'
  readonly message: string
}

/** Reader of one source, from its beginning or from behind any step. */
export interface SourceReader {
  /** Whether it can be read on from `cursor` ('' = its beginning); null = it can. */
  check(cursor: string, signal: AbortSignal): Promise<SourceProblem | null>
  /** The steps behind `cursor`, in order; who has enough leaves the loop. Throws a SourceError where it cannot be read any further. */
  steps(cursor: string, signal: AbortSignal): AsyncIterable<SourceStep>
}

/** A source that cannot be read any further now; it can be read on later from where it was. What it says is for people. */
export class SourceError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'SourceError'
  }
}
