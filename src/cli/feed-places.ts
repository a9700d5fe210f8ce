import {
  DatasetUnusable,
  type FeedPlace,
  folderPlace,
  httpPlace,
  placeProblem,
  type RecipePlace,
  type RecipeSet,
  readFedManifest,
  recipeSetOf,
  storePlace,
} from '../feed/index.js'
import { isS3Url, shownUrl } from '../records/index.js'
import type { S3Settings } from '../shard/index.js'
import type { DatasetProcess } from './dataset-commands.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { type FedSets, type FeedCall, feedCommand, type NoSets } from './feed.js'
import { openPlace, placeOf } from './place.js'
import { isFolder } from './process.js'
import { noDataset } from './verify.js'

/** Folders that `curate --split` makes for training, and for what is held back, by their usual names. */
const sides = { training: ['train'], heldBack: ['val', 'valid', 'validation', 'test'] } as const

interface Surrounded {
  readonly cwd: string
  readonly s3: S3Settings
  readonly signal: AbortSignal
}

/** `pairmill feed` on the real process. */
export async function feedHere(
  call: FeedCall,
  { cwd, stdout, stderr, readSurroundings, stopBySignal }: DatasetProcess,
): Promise<ExitCode> {
  const surroundings = readSurroundings()
  if (surroundings === null) return exitCodes.usage
  const stop = stopBySignal()
  const around = { cwd, s3: surroundings.environment.s3, signal: stop.signal }
  try {
    return await feedCommand(call, { read: () => readSets(call, around), stdout, stderr })
  } catch (error) {
    if (stop.code !== null) return stop.code
    throw error
  }
}

async function readSets({ datasets }: FeedCall, around: Surrounded): Promise<FedSets | NoSets> {
  const sets: RecipeSet[] = []
  const notes: string[] = []
  let validation: RecipeSet | null = null
  for (const given of datasets) {
    const read = await readOne(given, around)
    if ('kind' in read) return read
    sets.push(read.set)
    if (!read.set.complete)
      notes.push(`The run of ${given} is not at its end: shards may follow. Ask again then.`)
    if (read.heldBack === null) continue
    if (validation !== null)
      return {
        kind: 'usage',
        message: 'two of the datasets hold some pairs back: name the folder of the part to train on',
      }
    validation = read.heldBack
  }
  return { sets, validation, captions: null, notes }
}

/** A dataset, or the parts of one that was split. */
async function readOne(
  given: string,
  around: Surrounded,
): Promise<{ readonly set: RecipeSet; readonly heldBack: RecipeSet | null } | NoSets> {
  const place = /^https?:\/\//.test(given) ? given.replace(/\/+$/, '') : placeOf(given, around.cwd)
  const problem = placeProblem(place)
  if (problem !== null) return { kind: 'usage', message: problem }
  const isAway = isS3Url(place) || /^https?:\/\//.test(place)
  if (!isAway && !isFolder(place)) return { kind: 'failed', message: noDataset(place) }
  const whole = await readSet(place, around)
  if (whole !== null) return 'kind' in whole ? whole : { set: whole, heldBack: null }
  const part = async (names: readonly string[]) => {
    for (const name of names) {
      const read = await readSet(`${place}/${name}`, around)
      if (read !== null) return read
    }
    return null
  }
  const training = await part(sides.training)
  if (training === null)
    return { kind: 'failed', message: `${shownUrl(given)} holds no dataset: there is no manifest.json in it` }
  if ('kind' in training) return training
  const heldBack = await part(sides.heldBack)
  if (heldBack !== null && 'kind' in heldBack) return heldBack
  return { set: training, heldBack }
}

/** null = there is no manifest. */
async function readSet(place: string, { s3, signal }: Surrounded): Promise<RecipeSet | NoSets | null> {
  const opened = await openFed(place, s3, signal)
  if ('kind' in opened) return opened
  try {
    if ((await opened.feed.read('manifest.json', signal)) === null) return null
    const manifest = await readFedManifest(opened.feed, signal)
    const set = recipeSetOf(manifest, { place: opened.place, weight: null })
    return set ?? { kind: 'failed', message: `${shownUrl(place)} has no pair yet` }
  } catch (error) {
    if (error instanceof DatasetUnusable) return { kind: 'failed', message: error.message }
    throw error
  } finally {
    await opened.feed.close()
  }
}

async function openFed(
  place: string,
  s3: S3Settings,
  signal: AbortSignal,
): Promise<{ readonly feed: FeedPlace; readonly place: RecipePlace } | NoSets> {
  if (/^https?:\/\//.test(place)) {
    const url = new URL(place).href.replace(/\/+$/, '')
    return { feed: httpPlace(url), place: { kind: 'https', url } }
  }
  if (!isS3Url(place)) return { feed: folderPlace(place), place: { kind: 'folder', path: place } }
  const opened = await openPlace(place, s3, signal)
  if ('message' in opened) return { kind: 'usage', message: opened.message }
  const { store, close } = opened
  return { feed: storePlace(store, close), place: { kind: 's3', url: store.url, endpoint: s3.endpoint } }
}
