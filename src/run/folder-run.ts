import { dirname } from 'node:path'
import { type DatabaseThread, startPglite } from '../backend/index.js'
import { makeFolder } from '../disk/index.js'
import type { RunOptions } from '../options/index.js'
import { isS3Url, messageOf } from '../records/index.js'
import { steadyClock } from '../timing/index.js'
import { UnderWay } from '../workers/index.js'
import { lockFolder } from './folder-lock.js'
import { workThrough } from './folder-work.js'
import { withInputReport } from './input-report.js'
import { type Closers, type FolderRun, type LockedPlace, openRun, refused, runName } from './opened-run.js'
import { databaseDirOf, lookAtPlace, privateDirOf } from './output.js'
import type { Environment, RunEnd, RunHooks, RunSignals } from './run-types.js'
import { createStatus } from './status.js'

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
  const unusable = await makeFolders(options, privateDir)
  if (unusable !== null) return refused('bad_out', unusable)
  const lock = await lockFolder(privateDir, hooks.onNote, signals.drain)
  if (lock.kind === 'taken') return refused('locked', lock.message)
  if (lock.kind === 'unusable') return refused('bad_out', lock.message)
  if (lock.kind === 'stopped') return { kind: 'unbegun' }
  const closers: Closers = []
  const lost = new AbortController()
  lock.onLost((error) => lost.abort(error))
  const abort = AbortSignal.any([signals.abort, lost.signal])
  const underWay = new UnderWay(steadyClock())
  const onSnapshot: RunHooks['onSnapshot'] = (snapshot) => {
    underWay.settle()
    hooks.onSnapshot(snapshot)
  }
  const status = createStatus(runName, options.out, privateDir, { ...hooks, onSnapshot })
  const run: FolderRun = { options, environment, hooks, signals, status, underWay, privateDir, lost, abort }
  try {
    return await runLocked(run, { ...found, lock, database }, closers)
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

/** Why a folder of the run cannot be made; null = all are there. */
async function makeFolders({ out, backend }: RunOptions, privateDir: string): Promise<string | null> {
  const folders = [
    [isS3Url(out) ? `--backend pglite:${dirname(privateDir)}` : `--out ${out}`, privateDir],
    [`--backend ${backend}`, dirname(databaseDirOf(backend))],
  ] as const
  for (const [given, folder] of folders) {
    try {
      await makeFolder(folder)
    } catch (error) {
      return `${given} cannot be used as a folder: ${messageOf(error)}`
    }
  }
  return null
}

async function runLocked(run: FolderRun, place: LockedPlace, closers: Closers): Promise<RunEnd> {
  const opened = await openRun(run, place, closers)
  if (opened.kind === 'refused') return opened
  const end = await workThrough(run, opened)
  const { options, privateDir, hooks, abort: signal } = run
  return await withInputReport(end, options.seeds, {
    store: opened.store,
    privateDir,
    onNote: hooks.onNote,
    signal,
  })
}
