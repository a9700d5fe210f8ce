import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  type CaptionWish,
  type Catalog,
  DatasetReader,
  DatasetUnusable,
  type FeedPlace,
  type FeedSample,
  type FeedState,
  folderPlace,
  httpPlace,
  type LiveSamples,
  liveOf,
  type Reader,
  readCatalog,
  readerProblem,
  readState,
  storePlace,
} from '../feed/index.js'
import { isS3Url } from '../records/index.js'
import { folderStore, keyDigits, type S3Settings, type Store, s3Store } from '../shard/index.js'

/** Options of `openDataset`. All ranks and workers of a job give the same, save `rank` and `worker`. */
export interface DatasetOptions extends Partial<Reader> {
  /** Orders the samples; default '0'. */
  readonly seed?: string
  /** From 0, which is the default; each has an order of its own. */
  readonly epoch?: number
  /** An SQL condition on the rows of the dataset (`clip_score > 0.3 and language = 'en'`); needs DuckDB. Absent = every pair. */
  readonly where?: string
  /** Text that is given as `caption`: `best`, the default, or sources, of which the first that a pair has counts, else the best. */
  readonly caption?: CaptionWish
  /** Folder in the place that holds the dataset, as `pairmill curate --split` makes them; absent = the place itself. */
  readonly split?: string
  /** Of an earlier job, which is gone on with, by any number of ranks and workers; its seed, epoch and windows are used. */
  readonly state?: FeedState | string
  /** Whether samples that are taken back meanwhile are left out within five seconds; default true. */
  readonly follow?: boolean
  /** Shards that are shuffled together, from 1 on; default 8. */
  readonly windowShards?: number
  /** Samples that are read ahead at the same time, from 1 on; default 32. */
  readonly readsAtOnce?: number
  /** `fail`, the default: a sample that cannot be read ends the reading. A function is told of it, and it is left out. */
  readonly onBroken?: 'fail' | ((message: string) => void)
  /** Of a bucket: absent = as the AWS SDK finds them. */
  readonly s3?: Partial<S3Settings>
  readonly signal?: AbortSignal
}

/** One epoch of a dataset, or one reader's share of it. */
export interface OpenDataset extends AsyncIterable<FeedSample> {
  /** Samples of the whole epoch, over all readers, that were there when it was opened. */
  readonly samples: number
  /** Change of the dataset that it is read at. */
  readonly generation: number
  /** How far the job has come, given that all ranks have taken as many samples: JSON of a hundred bytes. At the end it is the next epoch's beginning. */
  state(): FeedState
  /** Gives back files and connections. */
  close(): Promise<void>
}

const never = new AbortController().signal

/**
 * Opens a dataset in a folder, a bucket (`s3://bucket/prefix`) or behind a URL, to be read by a training job in an order that all of its ranks and workers
 * share. Rejects with `DatasetUnusable` where it holds none, or where an option is wrong.
 */
export async function openDataset(place: string, options: DatasetOptions = {}): Promise<OpenDataset> {
  const { seed = '0', epoch = 0, windowShards = 8, readsAtOnce = 32, signal = never } = options
  const reader: Reader = {
    rank: options.rank ?? 0,
    world: options.world ?? 1,
    worker: options.worker ?? 0,
    workers: options.workers ?? 1,
    batchSize: options.batchSize ?? 1,
  }
  const state = options.state === undefined ? null : readState(options.state)
  const problem =
    readerProblem(reader) ??
    (state !== null && 'problem' in state ? state.problem : null) ??
    wholeProblem({ windowShards, readsAtOnce }, 1) ??
    wholeProblem({ epoch }, 0)
  if (problem !== null) throw new DatasetUnusable(problem)
  const begun = state === null || 'problem' in state ? null : state
  const { feed, store } = await opened(inside(place, options.split), options.s3 ?? {}, signal)
  try {
    const catalog = await readCatalog(feed, signal)
    const live = liveOf(catalog)
    if (options.where !== undefined) await keepWhere(live, catalog, store, options.where, signal)
    const { onBroken = 'fail', caption = 'best', follow = true } = options
    const datasetReader = new DatasetReader(
      feed,
      catalog,
      live,
      {
        ...{ seed, epoch, windowShards, reader, caption, state: begun, follow, readsAtOnce },
        onBroken: onBroken === 'fail' ? null : onBroken,
      },
      () => performance.now(),
    )
    return {
      samples: live.total,
      generation: catalog.generation,
      state: () => datasetReader.state(),
      [Symbol.asyncIterator]: () => datasetReader.samples(signal),
      close: () => feed.close(),
    }
  } catch (error) {
    await feed.close()
    throw error
  }
}

function wholeProblem(numbers: Readonly<Record<string, number>>, least: number): string | null {
  for (const [name, number] of Object.entries(numbers))
    if (!Number.isInteger(number) || number < least)
      return `${name} is a whole number from ${least} on, got ${number}`
  return null
}

function inside(place: string, split: string | undefined): string {
  return split === undefined ? place : `${place.replace(/\/+$/, '')}/${split}`
}

/** `store` null = there is none behind it: a URL. */
async function opened(
  place: string,
  s3: Partial<S3Settings>,
  signal: AbortSignal,
): Promise<{ readonly feed: FeedPlace; readonly store: Store | null }> {
  if (isS3Url(place)) {
    const scratchDir = await mkdtemp(join(tmpdir(), 'pairmill-'))
    const removed = () => rm(scratchDir, { recursive: true, force: true })
    const settings = { endpoint: null, region: null, pathStyle: null, ...s3 }
    const store = await s3Store({ url: place, settings, scratchDir, access: 'read' }, signal)
    if ('message' in store) {
      await removed()
      throw new DatasetUnusable(store.message)
    }
    const close = async () => {
      await store.close()
      await removed()
    }
    return { feed: storePlace(store, close), store }
  }
  if (/^https?:\/\//.test(place)) return { feed: httpPlace(place), store: null }
  const folder = resolve(place)
  return { feed: folderPlace(folder), store: folderStore(folder) }
}

/** Leaves alone what passes an SQL condition. */
async function keepWhere(
  live: LiveSamples,
  { shards, shardSize }: Catalog,
  store: Store | null,
  where: string,
  signal: AbortSignal,
): Promise<void> {
  if (store === null)
    throw new DatasetUnusable('where: a dataset behind a URL cannot be asked; copy it, or curate it')
  const { openTables } = await import('../query/index.js')
  const scratch = await mkdtemp(join(tmpdir(), 'pairmill-'))
  try {
    const tables = await openTables([store], { scratch }, signal)
    if ('message' in tables) throw new DatasetUnusable(tables.message)
    try {
      const wrong = await tables.whereProblem(where)
      if (wrong !== null) throw new DatasetUnusable(`where: ${wrong}`)
      const kept = new Map<number, number[]>(shards.map(({ shard }) => [shard, []]))
      const digits = keyDigits(shardSize)
      for await (const rows of tables.rows(`select shard, key from pairs where (\n${where}\n)`))
        for (const { shard, key } of rows) kept.get(Number(shard))?.push(Number(String(key).slice(-digits)))
      for (const [shard, slots] of kept) live.keep(shard, slots)
    } finally {
      await tables.close()
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
