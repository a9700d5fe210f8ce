import { hostOf, type ListRow, type ListSource, listDigest, readList } from '../crawl/index.js'
import { type Candidate, candidateKey } from '../records/index.js'
import type { Backend, BatchShape, FoundCandidate, SourceState } from './backend/backend.js'
import type { Bells } from './bells.js'
import { pause } from './pause.js'

export interface FeedDeps {
  readonly run: string
  readonly backend: Backend
  readonly bells: Bells
  readonly batch: BatchShape
  /** Told of rows that are no candidates, before they are counted: a row may be told twice where the process dies in between. */
  readonly onSkipped: (source: ListSource, rows: readonly SkippedRow[]) => Promise<void>
}

export type SkippedRow = Extract<ListRow, { kind: 'skipped' }>

/** Where the reading of a list stands, as its cursor says it. */
interface ListPlace {
  readonly rows: number
  /** Of the file that was begun; null = none was. */
  readonly digest: string | null
}

/** Rows of one commit. */
const rowsAtOnce = 500
/** No more is read while so much waits to be judged: what is read ahead lies in the backend. */
const maxBuffered = 4_096
const maxOpenBatches = 32
const waitMs = 250

/** The name by which a run knows a source: all that decides what it gives. */
export const sourceName = ({ kind, path, format, gzip, columns }: ListSource): string =>
  JSON.stringify([kind, path, format, gzip, columns.url, columns.caption, columns.page, columns.licence])

/**
 * Tells the run its sources, and says which cannot be gone on with: a list is read on from a row, so it has to be the one that was
 * begun. `message` says what to do.
 */
export async function openSources(
  backend: Backend,
  run: string,
  sources: readonly ListSource[],
): Promise<{ readonly open: readonly OpenSource[] } | { readonly message: string }> {
  if (sources.length === 0) return { open: [] }
  const states = await backend.openSources(run, sources.map(sourceName))
  const open: OpenSource[] = []
  for (const [i, source] of sources.entries()) {
    const state = states[i]
    if (state === undefined || state.ended) continue
    const { digest } = placeOf(state.cursor)
    const now = await listDigest(source.path)
    if (digest !== null && digest !== now) {
      return {
        message: `${source.path} is not the list any more that this run has begun to read: give it back, or start a new run with another --out`,
      }
    }
    open.push({ source, state, digest: now })
  }
  return { open }
}

export interface OpenSource {
  readonly source: ListSource
  readonly state: SourceState
  readonly digest: string
}

/**
 * Reads the sources one after the other and gives their candidates to the run, no faster than they are judged. Each commit moves the
 * source's cursor along with what was read, so a process that dies loses and doubles nothing. Ends early with `stop`.
 */
export async function feed(deps: FeedDeps, sources: readonly OpenSource[], stop: AbortSignal): Promise<void> {
  for (const one of sources) {
    let state: SourceState | null = one.state
    while (state !== null && !state.ended && !stop.aborted) state = await feedFrom(deps, one, state, stop)
  }
}

/** null = there is nothing more to do; a state: another reader was here, and this is where it stands. */
async function feedFrom(
  deps: FeedDeps,
  { source, digest }: OpenSource,
  from: SourceState,
  stop: AbortSignal,
): Promise<SourceState | null> {
  let cursor = from.cursor
  let { rows } = placeOf(cursor)
  let some: ListRow[] = []
  const commit = async (ended: boolean): Promise<SourceState | null> => {
    const skipped = some.filter((row) => row.kind === 'skipped')
    if (skipped.length > 0) await deps.onSkipped(source, skipped)
    rows += some.length
    const to = cursorOf({ rows, digest })
    const committed = await deps.backend.commitSource({
      run: deps.run,
      source: from.source,
      from: cursor,
      to,
      ended,
      candidates: some.flatMap((row) => (row.kind === 'candidate' ? [foundOf(row.candidate)] : [])),
      counters: countersOf(some),
      ...deps.batch,
    })
    if (committed.kind === 'elsewhere') return { source: from.source, ...committed }
    cursor = to
    some = []
    await deps.bells.ring('batch', deps.run, committed.batches)
    return null
  }
  for await (const row of readList(source, rows)) {
    if (stop.aborted) return null
    some.push(row)
    if (some.length < rowsAtOnce) continue
    const elsewhere = await commit(false)
    if (elsewhere !== null) return elsewhere
    await roomFor(deps, stop)
  }
  return stop.aborted ? null : commit(true)
}

/** Waits until the run has use for more candidates. */
async function roomFor({ backend, run }: FeedDeps, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const { buffered, batchesOpen } = await backend.progress(run)
    if (buffered <= maxBuffered && batchesOpen <= maxOpenBatches) return
    await pause(waitMs, stop)
  }
}

/** A candidate with what the backend deals and counts it by. */
export function foundOf(candidate: Candidate): FoundCandidate {
  return {
    key: candidateKey(candidate),
    host: hostOf(candidate.imageUrl),
    texts: [...new Set(candidate.captions.map((caption) => caption.text))],
    body: candidate,
  }
}

function countersOf(rows: readonly ListRow[]): Record<string, number> {
  const counters: Record<string, number> = { rows: rows.length }
  for (const row of rows) {
    const name = row.kind === 'candidate' ? 'candidates_seen' : `row_skipped:${row.reason}`
    counters[name] = (counters[name] ?? 0) + 1
  }
  return counters
}

function cursorOf({ rows, digest }: ListPlace): string {
  return `${rows} ${digest ?? ''}`
}

function placeOf(cursor: string): ListPlace {
  if (cursor === '') return { rows: 0, digest: null }
  const [rows, digest = ''] = cursor.split(' ')
  return { rows: Number(rows), digest }
}
