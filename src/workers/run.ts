import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { prepareImageLibrary } from '../filter/index.js'
import { clearScratch, folderStore, sweepParts } from '../shard/index.js'
import { openPglite } from './backend/pglite/database.js'
import { pgliteBells } from './backend/pglite-bells.js'
import { callThrough, sqlBackend } from './backend/sql-backend.js'
import { drive } from './drive.js'
import { lockFolder } from './folder-lock.js'
import { createGate } from './gate.js'
import { createLine, seedOffers } from './line.js'
import { messageOf, openNet, openScoring, reconcile } from './opening.js'
import { differencesOf, limitsOf, storedOptions } from './resume.js'
import type { Environment, RunEnd, RunHooks, RunOptions, RunPipeline, RunSignals } from './run-types.js'
import { createStatus, type Status } from './status.js'

/** The one run of a folder. */
const runName = 'run'
/** Batches at once: while one waits for its downloads another is scored. */
export const batchesAtOnce = 3
/** Images in decoding for each core: while one waits for the event loop between two steps, another has the core. */
export const decodesPerCore = 2

/**
 * The whole line in one process and one folder: opens or resumes the run in `options.out`, works until it is done, a limit is reached or
 * `signals` say so, and leaves a state that resumes.
 */
export const runPipeline: RunPipeline = async (options, environment, hooks, signals) => {
  const privateDir = join(options.out, '.pairmill')
  try {
    mkdirSync(privateDir, { recursive: true })
  } catch (error) {
    return refused('bad_out', `--out ${options.out} cannot be used as a folder: ${messageOf(error)}`)
  }
  const lock = lockFolder(privateDir, new Date())
  if (lock.kind === 'taken') {
    return refused(
      'locked',
      `${options.out} is in use by process ${lock.owner.pid} since ${lock.owner.since}: wait for it, stop it, or choose another --out`,
    )
  }
  const closers: (() => Promise<void>)[] = []
  const status = createStatus(options, privateDir, hooks)
  try {
    return await runLocked(options, environment, hooks, signals, status, closers)
  } catch (error) {
    await status.failed(messageOf(error))
    throw error
  } finally {
    for (const close of closers.reverse()) {
      // What failed to close is lost already; the lock must go all the same.
      await close().catch((error: unknown) => hooks.onNote(`while closing: ${messageOf(error)}`))
    }
    lock.release()
  }
}

async function runLocked(
  options: RunOptions,
  environment: Environment,
  hooks: RunHooks,
  signals: RunSignals,
  status: Status,
  closers: (() => Promise<void>)[],
): Promise<RunEnd> {
  const lost = new AbortController()
  const abort = AbortSignal.any([signals.abort, lost.signal])

  status.note('opening the database')
  const database = await openPglite(options.backend.replace(/^pglite:/, ''))
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
  // A start that came to nothing, for want of the model perhaps, binds nobody.
  if (!opened.seeded) await backend.setOptions(runName, storedOptions(options))
  await backend.setLimits(runName, limitsOf(options))
  await backend.resetLeases()

  status.note('opening the model')
  const scoring = await openScoring(options, environment, lost, (text) => status.note(text), abort)
  if ('message' in scoring) return refused('model', scoring.message)
  closers.push(scoring.close)
  const { model } = scoring
  status.model(model.id === null ? null : { ...model, id: model.id })
  if (scoring.note !== null) hooks.onNote(scoring.note)

  prepareImageLibrary()
  const net = openNet(options)
  closers.push(() => net.close())
  const store = folderStore(options.out)
  await clearScratch(store)
  const bells = pgliteBells(database, (error) => status.trouble(error))
  closers.push(() => bells.close())
  await bells.silence()

  await reconcile(backend, store, runName, abort)
  const named = new Set(await backend.liveParts(runName))
  await sweepParts(store, named, abort)

  await backend.offer(runName, seedOffers(options), true)
  const adopted = await backend.adoptModel(runName, model)
  if (adopted.id !== model.id) {
    return refused(
      'model',
      `${options.out} was scored with ${adopted.id}, and --model ${options.model} is ${model.id} now: scores of two models cannot be compared. Give it the first one back, or choose another --out`,
    )
  }
  const line = createLine({
    run: runName,
    options,
    backend,
    bells,
    store,
    fetch: net.fetch,
    decoding: createGate(decodesPerCore * availableParallelism()),
    scoring: async () => scoring,
    model: async () => model,
    onProblem: hooks.onNote,
    // The process's death takes nothing back that was committed.
    settleMs: 0,
    now: Date.now,
    random: Math.random,
  })

  status.note(null)
  const end = await drive({
    run: runName,
    backend,
    bells,
    status,
    limits: limitsOf(options),
    maxTimeMs: options.maxTimeMs,
    batch: line.batch,
    shard: line.shard,
    signals: { drain: signals.drain, abort },
    finish: (complete) => line.compile(complete, abort),
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
  })
  lost.signal.throwIfAborted()
  return end
}

function refused(
  problem: Extract<RunEnd, { kind: 'refused' }>['problem'],
  message: string,
): RunEnd & { kind: 'refused' } {
  return { kind: 'refused', problem, message }
}
