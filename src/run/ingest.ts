import {
  type Backend,
  type BatchShape,
  type Progress,
  type SourceState,
  slotKeys,
  type WorkQueue,
} from '../backend/index.js'
import {
  type Source,
  type SourceProblem,
  type SourceReader,
  type SourceSkip,
  type SourceStep,
  sourceName,
} from '../crawl/index.js'
import { createTextJudge, type TextOptions } from '../filter/index.js'
import { sleep } from '../timing/index.js'
import { foundOf, type Rejects, takenOf } from '../workers/index.js'

export interface IngestDeps {
  readonly run: string
  readonly backend: Backend
  readonly queue: WorkQueue
  readonly batch: BatchShape
  readonly texts: TextOptions
  /** What was taken back from the dataset. */
  readonly rejects: Rejects
  /** Told of what is no candidate, before it is counted: it may be told twice where the process dies in between. */
  readonly onSkipped: (skipped: readonly SourceSkip[]) => Promise<void>
  /** Told which part of a source was committed, 0..1; null = not known. */
  readonly onShare: (source: string, share: number | null) => void
  /** Milliseconds, from any zero. */
  readonly now: () => number
}

/** Enough for one commit: candidates with what was left out; or the time since the last one, so that little is read again after a death. */
const enough = 500
const commitEveryMs = 2_000
const waitMs = 250

/** A source with what reads it. */
export interface NamedReader {
  readonly source: Source
  readonly reader: SourceReader
}

interface OpenedSource {
  readonly reader: SourceReader
  readonly state: SourceState
}

/** How the reading ended: every source was read to its end; it was told to stop; or the run takes nothing any more. */
export type IngestEnd = 'read' | 'stopped' | 'over'

/**
 * Why a run cannot go on with its sources; null = it can. To be asked before the run is told of them: then one that cannot be read
 * binds nobody. `isNew`: the backend does not know the run yet.
 */
export async function checkSources(
  backend: Pick<Backend, 'sources'>,
  run: string,
  isNew: boolean,
  readers: readonly NamedReader[],
  signal: AbortSignal,
): Promise<SourceProblem | null> {
  const known = readers.length === 0 || isNew ? [] : await backend.sources(run)
  const states = new Map(known.map((state) => [state.source, state]))
  for (const { source, reader } of readers) {
    const state = states.get(sourceName(source))
    if (state?.ended === true) continue
    const problem = await reader.check(state?.cursor ?? '', signal)
    if (problem !== null) return problem
  }
  return null
}

/** Tells the run its sources. Answers those that are not read to their end. */
export async function openSources(
  backend: Backend,
  run: string,
  readers: readonly NamedReader[],
): Promise<readonly OpenedSource[]> {
  if (readers.length === 0) return []
  const states = await backend.openSources(
    run,
    readers.map(({ source }) => sourceName(source)),
  )
  return readers.flatMap(({ reader }, i) => {
    const state = states[i]
    return state === undefined || state.ended ? [] : [{ reader, state }]
  })
}

/**
 * Reads the sources one after the other and gives their candidates to the run, no faster than they are judged. Each commit moves the
 * source's cursor along with what was read, so a process that dies loses and doubles nothing. Ends early with `stop`.
 */
export async function ingest(
  deps: IngestDeps,
  sources: readonly OpenedSource[],
  stop: AbortSignal,
): Promise<IngestEnd> {
  for (const { reader, state } of sources) {
    let from: SourceState | IngestEnd = state
    while (typeof from !== 'string') {
      from = from.ended ? 'read' : await ingestFrom(deps, reader, from, stop).catch(unlessStopped(stop))
    }
    if (from !== 'read') return from
  }
  return 'read'
}

/** What a reader throws when it is told to stop is no failure of its. */
function unlessStopped(stop: AbortSignal): (error: unknown) => IngestEnd {
  return (error) => {
    if (stop.aborted) return 'stopped'
    throw error
  }
}

/** A state: another reader was here, and this is where it stands. */
async function ingestFrom(
  deps: IngestDeps,
  reader: SourceReader,
  from: SourceState,
  stop: AbortSignal,
): Promise<SourceState | IngestEnd> {
  if (!(await roomFor(deps, stop))) return stop.aborted ? 'stopped' : 'over'
  let { cursor } = from
  let steps: SourceStep[] = []
  let size = 0
  let committedAt = deps.now()
  const commit = async (ended: boolean): Promise<SourceState | null> => {
    const skipped = steps.flatMap((step) => step.skipped)
    if (skipped.length > 0) await deps.onSkipped(skipped)
    const to = steps.at(-1)?.cursor ?? cursor
    const judge = await createTextJudge(deps.texts)
    const refusals = await deps.rejects.current(stop)
    const given = steps.flatMap((step) => step.candidates)
    const { taken, retracted } = takenOf(given, refusals)
    const committed = await deps.backend.commitSource({
      run: deps.run,
      source: from.source,
      from: cursor,
      to,
      ended,
      candidates: taken.map((candidate) => foundOf(candidate, judge)),
      counters: countersOf(steps, retracted),
      ...deps.batch,
    })
    if (committed.kind === 'elsewhere') return { source: from.source, ...committed }
    cursor = to
    deps.onShare(from.source, ended ? 1 : (steps.at(-1)?.share ?? null))
    steps = []
    size = 0
    if (committed.batches.length > 0) await deps.queue.notify('batch', deps.run, slotKeys(1))
    committedAt = deps.now()
    return null
  }
  for await (const step of reader.steps(cursor, stop)) {
    if (stop.aborted) return 'stopped'
    steps.push(step)
    size += step.candidates.length + step.skipped.length
    if (size < enough && deps.now() - committedAt < commitEveryMs) continue
    const elsewhere = await commit(false)
    if (elsewhere !== null) return elsewhere
    if (!(await roomFor(deps, stop))) return stop.aborted ? 'stopped' : 'over'
    committedAt = deps.now()
  }
  return stop.aborted ? 'stopped' : ((await commit(true)) ?? 'read')
}

/** Waits until the run has use for more candidates, as the crawl does; false = it has none any more, or `stop` came. */
async function roomFor({ backend, run }: IngestDeps, stop: AbortSignal): Promise<boolean> {
  while (!stop.aborted) {
    const progress = await backend.progress(run)
    if (isOver(progress)) return false
    if (!progress.crawlWaits && progress.standing === 'running') return true
    await sleep(waitMs, stop)
  }
  return false
}

/** Whether a run takes no candidates any more. Pure. */
export function isOver({ standing, ended }: Pick<Progress, 'standing' | 'ended'>): boolean {
  return ended !== null || standing === 'stopped' || standing === 'failed'
}

function countersOf(steps: readonly SourceStep[], retracted: number): Record<string, number> {
  const sum: Record<string, number> =
    retracted === 0 ? {} : { candidates_seen: -retracted, 'image_skipped:retracted': retracted }
  for (const { counters } of steps) {
    for (const [name, count] of Object.entries(counters)) sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}
