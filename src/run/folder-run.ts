import { dirname, join } from 'node:path'
import { type DatabaseThread, openPgliteHub, type PgliteHub, startPglite } from '../backend/index.js'
import { type Renderer, SourceError } from '../crawl/index.js'
import { makeFolder } from '../disk/index.js'
import type { HeldLock } from '../lock/index.js'
import type { RunOptions } from '../options/index.js'
import { isS3Url, messageOf } from '../records/index.js'
import {
  clearScratch,
  isDatasetName,
  openStore,
  type Store,
  standingProblem,
  sweepParts,
} from '../shard/index.js'
import { sleep, steadyClock } from '../timing/index.js'
import { usableCores } from './cores.js'
import { work } from './engine.js'
import { lockFolder } from './folder-lock.js'
import { withInputReport } from './input-report.js'
import { readyRun, startRun } from './launch.js'
import { databaseDirOf, lookAtPlace, privateDirOf } from './output.js'
import { claimOutput, folderOwner } from './output-claim.js'
import { createPublisher } from './published-status.js'
import { checkRunSources, readSources } from './read-sources.js'
import { type OpenedScoring, openRenderer, openScoring, reconcile } from './resources.js'
import {
  type Environment,
  type RunEnd,
  type RunHooks,
  type RunSignals,
  type RunSnapshot,
  runLimits,
} from './run-types.js'
import { createSkippedRows } from './skipped-rows.js'
import { createStatus, type Status } from './status.js'

/** The one run of a folder. */
const runName = 'run'
/** Batches at once: while one waits for its downloads another is scored. */
export const batchesAtOnce = 3
/** How often the run is looked after: its end is seen within this. */
const roundMs = 200
/** How often workers are notified of what waits and nobody holds, and the state is told. */
const tellMs = 1_000
/** So many failures with nothing done in between: the trouble is not passing. */
const maxTroubles = 50
/** Images in decoding for each core: while one waits for the event loop between two steps, another has the core. */
export const decodesPerCore = 2

/**
 * The whole line in one process and one folder: opens or resumes the run in `options.out`, works until it is done, a limit is reached or
 * `signals` say so, and leaves a state that resumes. `database`: its thread, where it was started already.
 */
export async function runPipeline(
  options: RunOptions,
  environment: Environment,
  hooks: RunHooks,
  signals: RunSignals,
  database: DatabaseThread = startPglite(),
): Promise<RunEnd> {
  try {
    return await runInPlace(options, environment, hooks, signals, database)
  } finally {
    await database.discard()
  }
}

async function runInPlace(
  options: RunOptions,
  environment: Environment,
  hooks: RunHooks,
  signals: RunSignals,
  database: DatabaseThread,
): Promise<RunEnd> {
  const found = await lookAtPlace(options, signals.abort)
  if ('message' in found) return refused('bad_out', found.message)
  const privateDir = privateDirOf(options)
  const isShared = isS3Url(options.out)
  const folders = [
    [isShared ? `--backend pglite:${dirname(privateDir)}` : `--out ${options.out}`, privateDir],
    [`--backend ${options.backend}`, dirname(databaseDirOf(options.backend))],
  ] as const
  for (const [given, folder] of folders) {
    try {
      await makeFolder(folder)
    } catch (error) {
      return refused('bad_out', `${given} cannot be used as a folder: ${messageOf(error)}`)
    }
  }
  const lock = await lockFolder(privateDir, hooks.onNote, signals.drain)
  if (lock.kind === 'taken') return refused('locked', lock.message)
  if (lock.kind === 'unusable') return refused('bad_out', lock.message)
  if (lock.kind === 'stopped') return { kind: 'unbegun' }
  const closers: (() => Promise<void>)[] = []
  const status = createStatus(runName, options.out, privateDir, hooks)
  try {
    return await runLocked(
      options,
      { ...found, privateDir, lock, database },
      environment,
      hooks,
      signals,
      status,
      closers,
    )
  } catch (error) {
    const gone = lock.lost()
    // What the folder says is another's matter then.
    if (gone !== null) throw gone
    await status.failed(messageOf(error))
    throw error
  } finally {
    for (const close of closers.reverse()) {
      // What failed to close is lost already; the lock must go all the same.
      await close().catch((error: unknown) => hooks.onNote(`while closing: ${messageOf(error)}`))
    }
    await lock
      .release()
      .catch((error: unknown) => hooks.onNote(`the folder could not be let go of: ${messageOf(error)}`))
  }
}

async function runLocked(
  options: RunOptions,
  {
    privateDir,
    isFree,
    lock,
    database,
  }: {
    readonly privateDir: string
    readonly isFree: boolean
    readonly lock: HeldLock
    readonly database: DatabaseThread
  },
  environment: Environment,
  hooks: RunHooks,
  signals: RunSignals,
  status: Status,
  closers: (() => Promise<void>)[],
): Promise<RunEnd> {
  const lost = new AbortController()
  lock.onLost((error) => lost.abort(error))
  const abort = AbortSignal.any([signals.abort, lost.signal])

  const isShared = isS3Url(options.out)
  if (isShared) status.note(`opening ${options.out}`)
  const scratchDir = join(privateDir, 'tmp')
  const store = await openStore(options.out, { s3: environment.s3, scratchDir, access: 'write' }, abort)
  if ('message' in store) return refused('bad_out', store.message)
  closers.push(() => store.close())

  status.note('opening the database')
  const hub = await openPgliteHub(databaseDirOf(options.backend), lock.fence, database)
  closers.push(() => hub.close())
  hub.onLost((error) => lost.abort(error))
  await hub.takeOver()
  const ready = await readyRun(hub, {
    run: runName,
    options,
    given: 'all',
    checkSources: (_, isNew) =>
      checkRunSources(hub, { run: runName, options, sources: options.sources }, environment, isNew),
  })
  if (ready.kind === 'refused') {
    const { differences, message } = ready
    if (ready.problem !== 'options')
      return refused(ready.problem === 'changed' ? 'options_differ' : 'source', message)
    return {
      ...refused(
        'options_differ',
        `${options.out} holds a run that was started with other options: give the same ones to go on, or choose another --out`,
      ),
      differences,
    }
  }

  status.note('opening the model')
  const scoring = await openScoring(options, environment, lost, (text) => status.note(text), abort)
  if ('message' in scoring) return refused('model', scoring.message)
  closers.push(scoring.close)
  const { model } = scoring
  status.model(model.id === null ? null : { ...model, id: model.id })
  if (scoring.note !== null) hooks.onNote(scoring.note)

  const rendering = await openBrowser(options, environment, hooks)
  if ('message' in rendering) return refused('browser', rendering.message)
  const { renderer } = rendering
  if (renderer !== null) closers.push(() => renderer.close())

  // Fetching a model takes minutes, in which another program may have begun to write here.
  if (isFree) {
    const { names, isAll } = await store.top(isDatasetName, abort)
    if (names.length > 0) {
      const problem = standingProblem(`--out ${options.out}`, { kind: 'foreign', names, isAll })
      if (problem !== null) return refused('bad_out', problem)
    }
  }
  await clearScratch(store)
  if (isShared) {
    const taken = await claimOutput(store, await folderOwner(privateDir), abort)
    if (taken !== null) return refused('bad_out', taken)
    status.publishBy(
      createPublisher(store, (error) =>
        hooks.onNote(`the status could not be published: ${messageOf(error)}`),
      ),
    )
  }
  await reconcile(hub.backend, store, runName, abort)
  await sweepParts(store, async () => new Set(await hub.backend.liveParts(runName)), 0, abort)
  // The place is this run's alone, and it writes nothing yet.
  await store.sweep(0, abort)

  // The run is bound to its options only here: a failed first start must not fix them.
  await startRun(hub, ready)
  const adopted = await hub.backend.adoptModel(runName, model)
  if (adopted.id !== model.id) {
    return refused(
      'model',
      `${options.out} was scored with ${adopted.id}, and --model ${options.model} is ${model.id} now: scores of two models cannot be compared. Give it the first one back, or choose another --out`,
    )
  }
  status.note(null)
  const end = await workThrough(options, environment, { hub, store, scoring, renderer, status }, hooks, {
    signals,
    lost,
    privateDir,
  })
  return await withInputReport(end, options.seeds, { store, privateDir, onNote: hooks.onNote, signal: abort })
}

interface OpenedRun {
  readonly hub: PgliteHub
  readonly store: Store
  readonly scoring: OpenedScoring
  readonly renderer: Renderer | null
  readonly status: Status
}

/** The run's work, with the reading of its sources and the telling of its state beside it. */
async function workThrough(
  options: RunOptions,
  environment: Environment,
  { hub, store, scoring, renderer, status }: OpenedRun,
  hooks: RunHooks,
  {
    signals,
    lost,
    privateDir,
  }: { readonly signals: RunSignals; readonly lost: AbortController; readonly privateDir: string },
): Promise<RunEnd> {
  const abort = AbortSignal.any([signals.abort, lost.signal])
  /** Aborted where a source cannot be read any further now: what was read is finished. */
  const dry = new AbortController()
  const over = new AbortController()
  const drain = AbortSignal.any([signals.drain, dry.signal])
  const working = work(
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
      now: steadyClock(),
      random: Math.random,
    },
    { drain, abort },
  )
  const reading =
    options.sources.length === 0
      ? Promise.resolve()
      : readSources(
          hub,
          { run: runName, options, sources: options.sources },
          environment,
          { onSkipped: createSkippedRows(privateDir, hooks.onNote), onProgress: () => {} },
          { drain: AbortSignal.any([drain, over.signal]), abort },
        ).then(
          () => {},
          (error: unknown) => (error instanceof SourceError ? dry : lost).abort(error),
        )
  status.state('running')
  const onDrain = () => status.state('draining')
  drain.addEventListener('abort', onDrain, { once: true })
  let told: RunSnapshot | null = null
  const tell = async () => {
    told = await status.update(hub.backend)
    return told
  }
  const ended = AbortSignal.any([over.signal, abort])
  const telling = (async () => {
    while (!ended.aborted) {
      await tell().catch((error: unknown) => {
        if (!ended.aborted) status.trouble(error instanceof Error ? error : new Error(String(error)))
      })
      await sleep(tellMs, ended)
    }
  })()
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
  const entry = (await hub.backend.runs()).find(({ run }) => run === runName)
  const as = entry?.ended ?? null
  const limit = runLimits.find((name) => name === as) ?? null
  status.state(as === 'done' || limit !== null ? 'done' : 'stopped')
  const snapshot = await tell()
  if (limit !== null) return { kind: 'limit', limit, snapshot }
  return as === 'done' ? { kind: 'done', snapshot } : { kind: 'interrupted', snapshot }
}

/** `always` is a promise, which needs a browser that starts; `auto` does with what there is. */
async function openBrowser(
  { render, seeds }: RunOptions,
  environment: Environment,
  hooks: RunHooks,
): Promise<{ readonly renderer: Renderer | null } | { readonly message: string }> {
  if (render === 'never' || seeds.length === 0) return { renderer: null }
  const { renderer, note } = await openRenderer(environment.browser, hooks.onNote)
  if (render === 'auto') {
    if (note !== null) hooks.onNote(note)
    return { renderer }
  }
  if (renderer === null) return { message: `--render always: ${note}` }
  const failure = await renderer.warmUp()
  if (failure === null) return { renderer }
  await renderer.close()
  return { message: `--render always: the browser does not start: ${failure}` }
}

function refused(
  problem: Extract<RunEnd, { kind: 'refused' }>['problem'],
  message: string,
): RunEnd & { kind: 'refused' } {
  return { kind: 'refused', problem, message }
}
