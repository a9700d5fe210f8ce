import {
  DatasetUnusable,
  type MixturePart,
  openPlace,
  placeProblem,
  type RecipePlace,
  type RecipeSet,
  readFedManifest,
  readMixture,
  recipeSetOf,
} from '../feed/index.js'
import { isS3Url, messageOf, shownUrl } from '../records/index.js'
import { manifestName, presignObjects, S3Error, type S3Settings, shardStem, tarName } from '../shard/index.js'
import type { FedSets, FeedCall, NoSets } from './feed.js'
import { placeOf } from './place.js'
import { isFolder } from './process.js'
import { noDataset } from './verify.js'

/** Folders that `curate --split` makes for training, and for what is held back, by their usual names. */
const trainingNames = ['train', 'training']
const heldBackNames = ['val', 'valid', 'validation', 'test']

interface FeedSurroundings {
  readonly cwd: string
  readonly s3: S3Settings
  readonly now: () => number
}

const isHttp = (place: string): boolean => /^https?:\/\//.test(place)

/** Reads the manifests of the datasets that a call names, and signs URLs of their tars where it asks for that. */
export async function readSets(
  call: Pick<FeedCall, 'datasets' | 'presignMs'>,
  around: FeedSurroundings,
  signal: AbortSignal,
): Promise<FedSets | NoSets> {
  const parts = readMixture(call.datasets)
  if ('problem' in parts) return { kind: 'usage', message: parts.problem }
  const found: { readonly set: RecipeSet; readonly heldBack: RecipeSet | null }[] = []
  for (const part of parts) {
    const read = await readPart(part, around, signal)
    if ('kind' in read) return read
    found.push(read)
  }
  const heldBack = found.flatMap((one) => one.heldBack ?? [])
  const [validation = null] = heldBack
  if (heldBack.length > 1) {
    const message = 'several of the datasets hold some pairs back: name the folders of the parts to train on'
    return { kind: 'usage', message }
  }
  const sets = found.map(({ set }) => set)
  const notes = sets.flatMap(({ complete, place }) => (complete ? [] : [growingNote(place)]))
  const read = { sets, validation, notes }
  return call.presignMs === null ? read : await signed(read, call.presignMs, around, signal)
}

const growingNote = (place: RecipePlace): string =>
  `${textOf(place)} is not at its end: these are the shards that it has now. Ask again when there are more.`

const textOf = (place: RecipePlace): string => (place.kind === 'folder' ? place.path : place.url)

/** A dataset, or the parts of one that was split. */
async function readPart(
  { place: given, weight }: MixturePart,
  around: FeedSurroundings,
  signal: AbortSignal,
): Promise<{ readonly set: RecipeSet; readonly heldBack: RecipeSet | null } | NoSets> {
  const place = isHttp(given) ? given.replace(/\/+$/, '') : placeOf(given, around.cwd)
  const problem = isHttp(place) ? urlProblem(place) : placeProblem(place)
  if (problem !== null) return { kind: 'usage', message: problem }
  if (!isHttp(place) && !isS3Url(place) && !isFolder(place))
    return { kind: 'failed', message: noDataset(place) }
  try {
    const whole = await readSet(place, weight, around, signal)
    if (whole !== null) return { set: whole, heldBack: null }
    const side = async (names: readonly string[]) => {
      for (const name of names) {
        const set = await readSet(`${place}/${name}`, weight, around, signal)
        if (set !== null) return set
      }
      return null
    }
    const set = await side(trainingNames)
    if (set !== null) return { set, heldBack: await side(heldBackNames) }
    const message = `${shownUrl(given)} holds no dataset: there is no ${manifestName} in it`
    return { kind: 'failed', message }
  } catch (error) {
    signal.throwIfAborted()
    const isTold = error instanceof DatasetUnusable || error instanceof S3Error || isHttp(place)
    if (isTold) return { kind: 'failed', message: messageOf(error) }
    throw error
  }
}

function urlProblem(url: string): string | null {
  if (!URL.canParse(url)) return `${shownUrl(url)} is no URL`
  const { search, hash, username } = new URL(url)
  if (search === '' && hash === '' && username === '') return null
  return `${shownUrl(url)}: expected the URL of a folder, without a query or a name before @`
}

/** null = there is no manifest. Throws DatasetUnusable. */
async function readSet(
  place: string,
  weight: number | null,
  { s3 }: FeedSurroundings,
  signal: AbortSignal,
): Promise<RecipeSet | null> {
  const { feed } = await openPlace(place, s3, signal)
  try {
    if ((await feed.read(manifestName, signal)) === null) return null
    const named = recipePlaceOf(place, s3)
    const set = recipeSetOf(await readFedManifest(feed, signal), { place: named, weight })
    if (set === null) throw new DatasetUnusable(`${shownUrl(place)} has no pair yet`)
    return set
  } finally {
    await feed.close()
  }
}

function recipePlaceOf(place: string, { endpoint }: S3Settings): RecipePlace {
  if (isS3Url(place)) return { kind: 's3', url: place, endpoint }
  if (isHttp(place)) return { kind: 'https', url: new URL(place).href.replace(/\/+$/, '') }
  return { kind: 'folder', path: place }
}

async function signed(
  read: FedSets,
  presignMs: number,
  { s3, now }: FeedSurroundings,
  signal: AbortSignal,
): Promise<FedSets | NoSets> {
  const expiresS = Math.floor(presignMs / 1000)
  const nowMs = now()
  let endsMs = nowMs + expiresS * 1000
  const sign = async (set: RecipeSet): Promise<RecipeSet | NoSets> => {
    if (set.place.kind !== 's3') return set
    const names = set.shards.map((shard) => tarName(shardStem(shard)))
    const urls = await presignObjects(set.place.url, names, { settings: s3, expiresS, nowMs }, signal)
    if ('message' in urls) return { kind: 'failed', message: urls.message }
    endsMs = Math.min(endsMs, urls.endsMs ?? endsMs)
    return { ...set, signed: urls.urls }
  }
  if (![...read.sets, read.validation].some((set) => set?.place.kind === 's3'))
    return { kind: 'usage', message: '--presign is for datasets on S3, and none of these is' }
  const sets: RecipeSet[] = []
  for (const set of read.sets) {
    const done = await sign(set)
    if ('kind' in done) return done
    sets.push(done)
  }
  const validation = read.validation === null ? null : await sign(read.validation)
  if (validation !== null && 'kind' in validation) return validation
  const note = `The URLs end at ${new Date(endsMs).toISOString().slice(0, 19)}Z${endsMs < nowMs + expiresS * 1000 ? ', with the credentials that signed them' : ''}.`
  return { ...read, sets, validation, notes: [...read.notes, note] }
}
