import { dirname, join } from 'node:path'
import { callThrough, openPglite, pgliteBells, sqlBackend } from '../backend/index.js'
import { type Renderer, SourceError } from '../crawl/index.js'
import { makeFolder } from '../disk/index.js'
import { prepareImageLibrary } from '../filter/index.js'
import type { HeldLock } from '../lock/index.js'
import { messageOf } from '../records/index.js'
import {
  clearScratch,
  isDatasetName,
  isS3Url,
  openStore,
  standingProblem,
  sweepParts,
} from '../shard/index.js'
import { createGate, steadyClock } from '../timing/index.js'
import { createLine, type RunOptions, seedOffers } from '../workers/index.js'
import { usableCores } from './cores.js'
import { drive } from './drive.js'
import { lockFolder } from './folder-lock.js'
import { checkSources, feed, openSources } from './ingest.js'
import { withInputReport } from './input-report.js'
import { describing } from './manifest-writer.js'
import { databaseDirOf, lookAtPlace, privateDirOf } from './output.js'
import { claimPlace } from './output-claim.js'
import { createPublisher } from './published-status.js'
import { openNet, openRenderer, openScoring, reconcile } from './resources.js'
import { differencesOf, limitsOf, storedOptions } from './resume.js'
import type { Environment, RunEnd, RunHooks, RunPipeline, RunSignals } from './run-types.js'
import { createSkippedRows } from './skipped-rows.js'
import { readersOf } from './source-readers.js'
import { createStatus, type Status } from './status.js'

/** The one run of a folder. */
const runName = 'run'
/** Batches at once: while one waits for its downloads another is scored. */
export const batchesAtOnce = 3
/** Candidates are read from sources so many batches ahead. */
const maxOpenBatches = 32
/** Images in decoding for each core: while one waits for the event loop between two steps, another has the core. */
export const decodesPerCore = 2

/**
 * The whole line in one process and one folder: opens or resumes the run in `options.out`, works until it is done, a limit is reached or
 * `signals` say so, and leaves a state that resumes.
 */
export const runPipeline: RunPipeline = async (options, environment, hooks, signals) => {
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
  const status = createStatus(options, privateDir, hooks)
  try {
    return await runLocked(
      options,
      { ...found, privateDir, lock },
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
  }: { readonly privateDir: string; readonly isFree: boolean; readonly lock: HeldLock },
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
  const database = await openPglite(databaseDirOf(options.backend), lock.fence)
  closers.push(() => database.close())
  database.onLost((error) => lost.abort(error))
  const backend = sqlBackend(callThrough(database))
  const opened = await backend.openRun(runName, storedOptions(options), limitsOf(options))
  const differences = opened.seeded ? differencesOf(opened.options, opened.limits, options) : []
  if (differences.length > 0) {
    return {
      ...refused(
        'options_differ',
        `${options.out} holds a run that was started with other options: give the same ones to go on, or choose another --out`,
      ),
      differences,
    }
  }
  const net = openNet(options)
  closers.push(() => net.close())
  const readers = readersOf(options, environment, net)
  const problem = await checkSources(backend, runName, false, readers, abort)
  if (problem !== null) {
    return refused(problem.kind === 'changed' ? 'options_differ' : 'source', problem.message)
  }
  // A start that came to nothing, for want of the model perhaps, binds nobody.
  // And a source that was begun has to be named until it is read to its end.
  await backend.setOptions(
    runName,
    opened.seeded ? { ...opened.options, sources: options.sources } : storedOptions(options),
  )
  await backend.setLimits(runName, limitsOf(options))
  await backend.resetLeases()

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

  prepareImageLibrary()
  // Fetching a model takes minutes, in which another program may have begun to write here.
  if (isFree) {
    const { names, isAll } = await store.top(isDatasetName, abort)
    if (names.length > 0) {
      const problem = standingProblem(`--out ${options.out}`, { kind: 'foreign', names, isAll })
      if (problem !== null) return refused('bad_out', problem)
    }
  }
  await clearScratch(store)
  const bells = pgliteBells(database, (error) => status.trouble(error))
  closers.push(() => bells.close())
  await bells.silence()

  if (isShared) {
    const taken = await claimPlace(store, privateDir, abort)
    if (taken !== null) return refused('bad_out', taken)
    status.publishBy(
      createPublisher(store, (error) =>
        hooks.onNote(`the status could not be published: ${messageOf(error)}`),
      ),
    )
  }
  await reconcile(backend, store, runName, abort)
  await sweepParts(store, async () => new Set(await backend.liveParts(runName)), 0, abort)
  // The place is this run's alone, and it writes nothing yet.
  await store.sweep(0, abort)

  await backend.offer(runName, seedOffers(options), true)
  const adopted = await backend.adoptModel(runName, model)
  if (adopted.id !== model.id) {
    return refused(
      'model',
      `${options.out} was scored with ${adopted.id}, and --model ${options.model} is ${model.id} now: scores of two models cannot be compared. Give it the first one back, or choose another --out`,
    )
  }
  const sources = await openSources(backend, runName, readers)
  const now = steadyClock()
  const description = describing({ run: runName, options, store, model: async () => model, now })
  const line = createLine({
    run: runName,
    options,
    backend,
    bells,
    store,
    fetch: net.fetch,
    placeOf: net.placeOf,
    dial: net.dial,
    renderer,
    decoding: createGate(decodesPerCore * usableCores()),
    scoring: async () => scoring,
    model: async () => model,
    onProblem: hooks.onNote,
    // The process's death takes nothing back that was committed.
    settleMs: 0,
    onPlan: description.refresh,
    now,
    random: Math.random,
  })

  status.note(null)
  const over = new AbortController()
  /** Aborted where a source cannot be read any further now: what was read is finished. */
  const dry = new AbortController()
  const feeding = feed(
    {
      run: runName,
      backend,
      bells,
      batch: line.batch,
      mostBatches: async () => maxOpenBatches,
      onSkipped: createSkippedRows(privateDir, hooks.onNote),
      now: steadyClock(),
    },
    sources,
    AbortSignal.any([signals.drain, abort, over.signal]),
  ).catch((error: unknown) => (error instanceof SourceError ? dry : lost).abort(error))
  const end = await drive({
    run: runName,
    backend,
    bells,
    status,
    limits: limitsOf(options),
    maxTimeMs: options.maxTimeMs,
    batch: line.batch,
    shard: line.shard,
    signals: { drain: AbortSignal.any([signals.drain, dry.signal]), abort },
    description,
    workers: [
      {
        kind: 'session',
        concurrency: options.concurrency,
        visit: (key, drain) => line.visitSession(key, drain, abort),
      },
      {
        kind: 'batch',
        concurrency: batchesAtOnce,
        visit: (key, drain) => line.visitBatch(key, drain, abort),
      },
      { kind: 'plan', concurrency: 1, visit: (key) => line.visitPlan(key, abort) },
    ],
  }).finally(() => {
    over.abort()
    return feeding
  })
  lost.signal.throwIfAborted()
  dry.signal.throwIfAborted()
  return await withInputReport(end, options.seeds, { store, privateDir, onNote: hooks.onNote, signal: abort })
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
