import { join } from 'node:path'
import { type DatabaseThread, openPgliteHub, type PgliteHub } from '../backend/index.js'
import type { Renderer } from '../crawl/index.js'
import type { HeldLock } from '../lock/index.js'
import type { RunOptions } from '../options/index.js'
import { createRejectList, isS3Url, messageOf, type RejectList } from '../records/index.js'
import {
  changeText,
  changeUnderWay,
  clearScratch,
  isDatasetName,
  openStore,
  readRetracted,
  type Store,
  standingProblem,
  storeRejectFile,
  sweepParts,
} from '../shard/index.js'
import type { UnderWay } from '../workers/index.js'
import { type ReadyRun, readyRun, startRun } from './launch.js'
import { databaseDirOf } from './output.js'
import { claimOutput, folderOwner } from './output-claim.js'
import { createPublisher } from './published-status.js'
import { checkRunSources } from './read-sources.js'
import { type OpenedScoring, openRenderer, openScoring, reconcile } from './resources.js'
import type { Environment, RunEnd, RunHooks, RunSignals } from './run-types.js'
import type { Status } from './status.js'

/** The one run of a folder. */
export const runName = 'run'

/** A folder's run in this process: what it was asked for, how its state is told, and what ends it. */
export interface FolderRun {
  readonly options: RunOptions
  readonly environment: Environment
  readonly hooks: RunHooks
  readonly signals: RunSignals
  readonly status: Status
  readonly underWay: UnderWay
  readonly privateDir: string
  /** Aborted with the error that ends the run: its lock, database or model is lost. */
  readonly lost: AbortController
  /** Aborted by `lost`, or by who runs it. */
  readonly abort: AbortSignal
}

/** Place of a run, which its lock holds. */
export interface LockedPlace {
  /** Nothing lay there. */
  readonly isFree: boolean
  readonly lock: HeldLock
  readonly database: DatabaseThread
}

/** What a run works with. */
export interface OpenedRun {
  readonly hub: PgliteHub
  readonly store: Store
  readonly scoring: OpenedScoring
  readonly renderer: Renderer | null
}

/** What is to be closed in the end, the last one first. */
export type Closers = (() => Promise<void>)[]

type Refused = RunEnd & { readonly kind: 'refused' }

/** Opens all that the run works with, one after the other, and binds it to its options. Whatever was opened is among `closers`, refused or not. */
export async function openRun(
  run: FolderRun,
  place: LockedPlace,
  closers: Closers,
): Promise<(OpenedRun & { readonly kind: 'opened' }) | Refused> {
  const { options, environment, hooks, status, privateDir, lost, abort } = run
  const { out } = options
  if (isS3Url(out)) status.note(`opening ${out}`)
  const scratchDir = join(privateDir, 'tmp')
  const store = await openStore(out, { s3: environment.s3, scratchDir, access: 'write' }, abort)
  if ('message' in store) return refused('bad_out', store.message)
  closers.push(() => store.close())

  const retracted = await retractedFrom(store, abort)
  if ('message' in retracted) return refused('bad_out', retracted.message)
  status.note('opening the database')
  const hub = await openPgliteHub(databaseDirOf(options.backend), place.lock.fence, place.database)
  closers.push(() => hub.close())
  hub.onLost((error) => lost.abort(error))
  await hub.takeOver()
  const ready = await readyFolderRun(run, hub, retracted)
  if (ready.kind === 'refused') return ready

  status.note(`loading the model ${options.model}`)
  const scoring = await openScoring(options, environment, lost, (text) => status.note(text), abort)
  if ('message' in scoring) return refused('model', scoring.message)
  closers.push(scoring.close)
  const { model } = scoring
  status.model(model.id === null ? null : { ...model, id: model.id })
  if (scoring.note !== null) hooks.onNote(scoring.note)

  if (options.render === 'always') status.note('starting the browser')
  const rendering = await openBrowser(run)
  if ('message' in rendering) return refused('browser', rendering.message)
  const { renderer } = rendering
  if (renderer !== null) closers.push(() => renderer.close())

  const taken = await takeStore(run, store, hub, place.isFree)
  if (taken !== null) return taken
  for (const file of environment.rejectFiles ?? []) await storeRejectFile(store, file, abort)
  // The run is bound to its options only here: a failed first start must not fix them.
  await startRun(hub, ready)
  const adopted = await hub.backend.adoptModel(runName, model)
  if (adopted.id !== model.id) {
    return refused(
      'model',
      `${out} was scored with ${adopted.id}, and --model ${options.model} is ${model.id} now: scores of two models cannot be compared. Give it the first one back, or choose another --out`,
    )
  }
  status.note(null)
  // What an earlier start did is known before the first of this one's work is seen.
  await status.update(hub.backend)
  return { kind: 'opened', hub, store, scoring, renderer }
}

/** What was taken back from the dataset. */
async function retractedFrom(store: Store, signal: AbortSignal): Promise<RejectList | { message: string }> {
  try {
    return createRejectList(await readRetracted(store, signal))
  } catch (error) {
    signal.throwIfAborted()
    return { message: messageOf(error) }
  }
}

async function readyFolderRun(
  { options, environment, hooks }: FolderRun,
  hub: PgliteHub,
  retracted: RejectList,
): Promise<ReadyRun | Refused> {
  const refusesSeed = (url: string) => retracted.refusesUrl(url)
  const left = options.seeds.filter(refusesSeed).length
  if (left > 0) hooks.onNote(`${left} of the seeds were taken back from ${options.out}, and are left out`)
  const ready = await readyRun(hub, {
    run: runName,
    options,
    given: 'all',
    refusesSeed,
    checkSources: (_, isNew) =>
      checkRunSources(hub, { run: runName, options, sources: options.sources }, environment, isNew),
  })
  if (ready.kind !== 'refused') return ready
  const { differences, message, problem } = ready
  if (problem !== 'options') return refused(problem === 'changed' ? 'options_differ' : 'source', message)
  const told = `${options.out} holds a run that was started with other options: give the same ones to go on, or choose another --out`
  return { ...refused('options_differ', told), differences }
}

/** Makes the store this run's, and rids it of what no commit named. null = it is. */
async function takeStore(
  { options, hooks, status, privateDir, abort }: FolderRun,
  store: Store,
  { backend }: PgliteHub,
  wasFree: boolean,
): Promise<Refused | null> {
  // Fetching a model takes minutes, in which another program may have begun to write here.
  if (wasFree) {
    const { names, isAll } = await store.top(isDatasetName, abort)
    if (names.length > 0) {
      const problem = standingProblem(`--out ${options.out}`, { kind: 'foreign', names, isAll })
      if (problem !== null) return refused('bad_out', problem)
    }
  }
  await clearScratch(store)
  if (isS3Url(options.out)) {
    const taken = await claimOutput(store, await folderOwner(privateDir), abort)
    if (taken !== null) return refused('bad_out', taken)
    const onFailure = (error: unknown) =>
      hooks.onNote(`the status could not be published: ${messageOf(error)}`)
    status.publishBy(createPublisher(store, onFailure))
  }
  const change = await changeUnderWay(store, abort)
  if (change !== null) return refused('bad_out', `--out ${options.out}: ${changeText(change)}`)
  await reconcile(backend, store, runName, abort)
  await sweepParts(store, async () => new Set(await backend.liveParts(runName)), 0, abort)
  // The place is this run's alone, and it writes nothing yet.
  await store.sweep(0, abort)
  return null
}

/** `always` is a promise, which needs a browser that starts; `auto` does with what there is. */
async function openBrowser({
  options: { render, seeds },
  environment,
  hooks,
  underWay,
}: FolderRun): Promise<{ readonly renderer: Renderer | null } | { readonly message: string }> {
  if (render === 'never' || seeds.length === 0) return { renderer: null }
  const { renderer, note } = await openRenderer(environment.browser, hooks.onNote, underWay)
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

export function refused(problem: Refused['problem'], message: string): Refused {
  return { kind: 'refused', problem, message }
}
