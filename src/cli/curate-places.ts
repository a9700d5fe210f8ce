import { join } from 'node:path'
import { type CurateDeps, type CurateSource, curate, type TextModel } from '../curate/index.js'
import { makeFolder, temporaryFolder } from '../disk/index.js'
import { loadModel } from '../filter/index.js'
import { modelOf } from '../options/index.js'
import { openTables } from '../query/index.js'
import { isS3Url, messageOf } from '../records/index.js'
import { lockFolder, usableCores } from '../run/index.js'
import {
  clearScratch,
  folderStore,
  openStore,
  readCuration,
  type S3Settings,
  type Standing,
  type Store,
  SumThread,
  standingIn,
  standingProblem,
} from '../shard/index.js'
import { type CurateCall, type CurateCommandDeps, curateCommand } from './curate.js'
import type { Surroundings } from './environment.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { say } from './output.js'
import { type OpenPlace, openPlace, placeOf } from './place.js'
import { isFolder } from './process.js'
import type { InputDeps } from './run-input.js'
import { noDataset } from './verify.js'

/** `pairmill curate` on this machine. */
export async function curateHere(
  call: CurateCall,
  deps: Omit<CurateCommandDeps, 'curate' | 'readFile' | 'readChunks'> &
    Surroundings & { readonly input: InputDeps },
  signal: AbortSignal,
): Promise<ExitCode> {
  const { cwd, readFile, readChunks } = deps.input
  const places = { sources: call.sources.map((place) => placeOf(place, cwd)), out: placeOf(call.out, cwd) }
  const note = (text: string) => say(deps.stderr, text)
  const missing = places.sources.find((place) => !isS3Url(place) && !isFolder(place))
  if (missing !== undefined) {
    say(deps.stderr, noDataset(missing))
    return exitCodes.failed
  }
  return await curateCommand(
    { ...call, ...places },
    {
      ...deps,
      readFile,
      readChunks,
      curate: async (request, onProgress) => {
        const opened = await openCuratePlaces(places, deps.environment.s3, note, signal)
        if ('kind' in opened) return opened
        try {
          const model = call.model === null ? null : await openTextModel(call.model, deps, note, signal)
          if (model !== null && 'message' in model) return { kind: 'model', message: model.message }
          const bounds = { ...opened.deps, model, onProgress }
          const asked = { ...request, model: model?.id ?? null }
          return await curate(asked, bounds, opened.signal).finally(() => model?.close())
        } finally {
          await opened.close()
        }
      },
    },
  )
}

/** The half of a model that embeds texts. */
async function openTextModel(
  given: string,
  { environment, input: { cwd } }: Surroundings & { readonly input: InputDeps },
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<(TextModel & { close(): Promise<void> }) | { readonly message: string }> {
  const name = modelOf(given, { cwd, isFolder })
  if (name === 'none') return { message: '--model none embeds nothing: leave it out' }
  const clip = await loadModel(environment, name, { threads: usableCores() }, note, signal)
  if ('kind' in clip) return { message: clip.message }
  const { model, embedTexts, close } = clip
  return { id: model.id, embedTexts, close }
}

/** What curating needs of this machine, opened, until `close`. */
interface CuratePlaces {
  readonly deps: Omit<CurateDeps, 'onProgress' | 'model'>
  /** Aborts too where the lock of the folder is lost. */
  readonly signal: AbortSignal
  close(): Promise<void>
}

type NoPlaces = { readonly kind: 'refused' | 'locked'; readonly message: string }

/** On this machine at once, of sources in S3. */
const copyBytes = 16 * 2 ** 30

/** Opens the sources and locks the folder that is written; a prefix in S3 has no lock: two who write it write the same bytes. */
async function openCuratePlaces(
  { sources, out }: { readonly sources: readonly string[]; readonly out: string },
  s3: S3Settings,
  onNote: (text: string) => void,
  signal: AbortSignal,
): Promise<CuratePlaces | NoPlaces> {
  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    for (const one of closers.reverse()) await one()
  }
  const fail = async (kind: NoPlaces['kind'], message: string): Promise<NoPlaces> => {
    await close()
    return { kind, message }
  }
  try {
    const scratch = await temporaryFolder('data')
    closers.push(scratch.remove)
    const scratchDir = scratch.path
    const opened: CurateSource[] = []
    for (const place of sources) {
      const source: OpenPlace | { readonly message: string } = await openPlace(place, s3, signal)
      if ('message' in source) return await fail('refused', source.message)
      closers.push(source.close)
      opened.push({ place, store: source.store })
    }
    const lost = new AbortController()
    if (!isS3Url(out)) {
      // Before anything is made there, the lock too.
      const problem = problemOf(`--out ${out}`, await standingIn(folderStore(out), signal))
      if (problem !== null) return await fail('refused', problem)
      const locked = await lockOut(out, onNote, lost, signal)
      if ('kind' in locked) return await fail(locked.kind, locked.message)
      closers.push(locked.release)
    }
    const openOut = async (side: string | null) => {
      const place = side === null ? out : `${out}/${side}`
      const store = await openForCurating(place, s3, join(scratchDir, side ?? 'out'), signal)
      if (!('message' in store)) closers.push(() => store.close())
      return store
    }
    const summer = new SumThread()
    closers.push(() => summer.close())
    const stores = opened.map(({ store }) => store)
    const tables = async () => {
      const made = await openTables(stores, { scratch: scratchDir }, signal)
      return 'kind' in made ? { message: made.message } : made
    }
    return {
      deps: { sources: opened, openOut, openTables: tables, copyBytes, summer },
      signal: AbortSignal.any([signal, lost.signal]),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function lockOut(
  out: string,
  onNote: (text: string) => void,
  lost: AbortController,
  signal: AbortSignal,
): Promise<{ release(): Promise<void> } | NoPlaces> {
  const privateDir = join(out, '.pairmill')
  try {
    await makeFolder(privateDir)
  } catch (error) {
    return { kind: 'refused', message: `--out ${out} cannot be used as a folder: ${messageOf(error)}` }
  }
  const lock = await lockFolder(privateDir, onNote, signal)
  if (lock.kind === 'taken') return { kind: 'locked', message: lock.message }
  if (lock.kind === 'unusable') return { kind: 'refused', message: lock.message }
  if (lock.kind === 'stopped') throw signal.reason
  lock.onLost((error) => lost.abort(error))
  return { release: () => lock.release() }
}

async function openForCurating(
  place: string,
  s3: S3Settings,
  scratchDir: string,
  signal: AbortSignal,
): Promise<Store | { readonly message: string }> {
  const store = await openStore(place, { s3, scratchDir, access: 'write', problemOf }, signal)
  if ('message' in store) return store
  if ((await readCuration(store, signal)) === null) {
    for (const mark of ['db', 'owner.json']) {
      if ((await store.stat(`.pairmill/${mark}`, signal)) === null) continue
      await store.close()
      return { message: ofRun(place) }
    }
  }
  // Whoever holds the lock builds alone in the scratch folder of a store.
  await clearScratch(store)
  return store
}

const ofRun = (place: string) => `${place} is a run's: choose another --out`

function problemOf(place: string, standing: Standing): string | null {
  if (standing.kind === 'curated') return null
  return standing.kind === 'own' ? ofRun(place) : standingProblem(place, standing)
}
