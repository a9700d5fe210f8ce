import type { Backend } from '../backend/index.js'
import { SourceError } from '../crawl/index.js'
import { sleep, steadyClock } from '../timing/index.js'
import { openRejects } from '../workers/index.js'
import { usableCores } from './cores.js'
import { type Working, work } from './engine.js'
import { type FolderRun, type OpenedRun, runName } from './opened-run.js'
import { readSources } from './read-sources.js'
import { type RunEnd, type RunSnapshot, runLimits } from './run-types.js'
import { createSkippedRows } from './skipped-rows.js'

/** Batches at once: while one waits for its downloads another is scored. */
export const batchesAtOnce = 3
/** Images in decoding for each core: while one waits for the event loop between two steps, another has the core. */
export const decodesPerCore = 2
/** How often the run is looked after: its end is seen within this. */
const roundMs = 200
/** How often workers are notified of what waits and nobody holds, and the state is told. */
const tellMs = 1_000
/** So many failures with nothing done in between: the trouble is not passing. */
const maxTroubles = 50

/** The run's work to its end, with the reading of its sources and the telling of its state beside it. */
export async function workThrough(run: FolderRun, opened: OpenedRun): Promise<RunEnd> {
  const { hooks, signals, lost, abort, status, underWay } = run
  const { backend } = opened.hub
  /** Aborted where a source cannot be read any further now: what was read is finished. */
  const dry = new AbortController()
  const over = new AbortController()
  const drain = AbortSignal.any([signals.drain, dry.signal])
  const working = startWork(run, opened, drain)
  let readShare: number | null = run.options.sources.length === 0 ? 1 : null
  const onShare = (share: number | null) => {
    readShare = share
  }
  const reading = startReading(run, opened, dry, onShare, AbortSignal.any([drain, over.signal])).then(() =>
    onShare(1),
  )
  status.state('running')
  const onDrain = () => status.state('draining')
  drain.addEventListener('abort', onDrain, { once: true })
  let told: RunSnapshot | null = null
  const read: Backend = { ...backend, counters: (of) => underWay.reading(() => backend.counters(of)) }
  const tell = async () => {
    told = await status.update(read)
    return told
  }
  const telling = keepTelling(run, tell, AbortSignal.any([over.signal, abort]))
  hooks.onWork?.(() => ({ ...underWay.look(), readShare }))
  try {
    await working.ended
  } finally {
    drain.removeEventListener('abort', onDrain)
    over.abort()
    await Promise.all([reading, telling])
  }
  lost.signal.throwIfAborted()
  dry.signal.throwIfAborted()
  if (abort.aborted && told === null) throw abort.reason
  const entry = (await backend.runs()).find(({ run }) => run === runName)
  const as = entry?.ended ?? null
  const limit = runLimits.find((name) => name === as) ?? null
  status.state(as === 'done' || limit !== null ? 'done' : 'stopped')
  const snapshot = await tell()
  if (limit !== null) return { kind: 'limit', limit, snapshot }
  return as === 'done' ? { kind: 'done', snapshot } : { kind: 'interrupted', snapshot }
}

/** Starts the engine as a fleet of one. */
function startWork(run: FolderRun, opened: OpenedRun, drain: AbortSignal): Working {
  const { options, hooks, status, underWay, lost, abort } = run
  const { hub, store, scoring, renderer } = opened
  return work(
    {
      places: { session: options.concurrency, batch: batchesAtOnce, plan: 1 },
      decodes: decodesPerCore * usableCores(),
      untilDone: true,
      roundMs,
      notifyMs: tellMs,
      // The process's death takes nothing back that was committed.
      settleMs: 0,
    },
    {
      hub,
      openStore: async () => store,
      openScoring: async () => scoring,
      renderer: async () => renderer,
      // Its lock holds a folder; what many machines can reach was claimed before.
      claim: async () => null,
      inOrder: [runName],
      isAlone: true,
      observe: (event) => {
        if (event.kind === 'trouble') status.trouble(new Error(event.message))
        if (event.kind === 'notice') hooks.onNote(event.message)
        if (status.troubles() > maxTroubles)
          lost.abort(new Error('too many failures with nothing done in between'))
      },
      underWay,
      now: steadyClock(),
      random: Math.random,
    },
    { drain, abort },
  )
}

/** Reads the run's sources, if it has any. A failure aborts `dry` where it is the source's, and else the run. */
async function startReading(
  { options, environment, hooks, privateDir, status, lost, abort }: FolderRun,
  { hub, store }: OpenedRun,
  dry: AbortController,
  onShare: (share: number | null) => void,
  drain: AbortSignal,
): Promise<void> {
  const { sources } = options
  if (sources.length === 0) return
  const onSkipped = createSkippedRows(privateDir, hooks.onNote)
  try {
    const told = { onSkipped, onProgress: () => {}, onShare }
    const onTrouble = (error: Error) => status.trouble(error)
    const rejects = await openRejects({ store, lists: [], onTrouble, now: steadyClock() }, abort)
    await readSources(hub, { run: runName, options, sources, rejects }, environment, told, { drain, abort })
  } catch (error) {
    const failed = error instanceof SourceError ? dry : lost
    failed.abort(error)
  }
}

async function keepTelling(
  { status }: FolderRun,
  tell: () => Promise<RunSnapshot>,
  ended: AbortSignal,
): Promise<void> {
  while (!ended.aborted) {
    await tell().catch((error: unknown) => {
      if (!ended.aborted) status.trouble(error instanceof Error ? error : new Error(String(error)))
    })
    await sleep(tellMs, ended)
  }
}
