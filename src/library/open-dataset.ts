import {
  type CaptionWish,
  DatasetReader,
  DatasetUnusable,
  type FeedPlace,
  type FeedSample,
  type FeedSource,
  type FeedState,
  liveOf,
  mixtureProblem,
  openPlace,
  type Reader,
  readCatalog,
  readerProblem,
  readState,
} from '../feed/index.js'
import type { S3Settings } from '../shard/index.js'
import { keepWhere } from './kept-where.js'

/** A dataset of a mixture. */
export interface DatasetPart {
  /** A folder, `s3://bucket/prefix`, or an http or https URL. */
  readonly place: string
  /** Its share of the samples, against the others' weights. All have one, or none: then each sample comes once. */
  readonly weight?: number
}

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
  /** Shards that are shuffled together, from 1 on; default: as many as have a million pairs, 8 to 256. */
  readonly windowShards?: number
  /** Samples that are read ahead at the same time, from 1 on; default 32. */
  readonly readsAtOnce?: number
  /** Memory for tars that are read as a whole, in bytes; default 2 ** 28. 0 = none is. */
  readonly bufferBytes?: number
  /** `fail`, the default: a sample, or a shard, that cannot be read ends the reading. A function is told of it, and it is left out. */
  readonly onBroken?: 'fail' | ((message: string) => void)
  /** Of a bucket: absent = as the AWS SDK finds them. */
  readonly s3?: Partial<S3Settings>
  readonly signal?: AbortSignal
}

/** One epoch of a dataset or of a mixture, or one reader's share of it. */
export interface OpenDataset extends AsyncIterable<FeedSample> {
  /** Samples of the whole epoch, over all readers, that were there when it was opened; of a mixture with weights nearly so many. */
  readonly samples: number
  /** Change of each dataset that it is read at. */
  readonly generations: readonly number[]
  /** How far the job has come, given that all ranks have taken as many samples: JSON of a hundred bytes. At the end it is the next epoch's beginning. */
  state(): FeedState
  /** Gives back files and connections. */
  close(): Promise<void>
}

const never = new AbortController().signal

/**
 * Opens a dataset in a folder, a bucket (`s3://bucket/prefix`) or behind a URL, or a mixture of several, to be read by a training job in an order that
 * all of its ranks and workers share. Rejects with `DatasetUnusable` where it holds none, or where an option is wrong.
 */
export async function openDataset(
  place: string | readonly DatasetPart[],
  options: DatasetOptions = {},
): Promise<OpenDataset> {
  const { seed = '0', epoch = 0, windowShards = null, readsAtOnce = 32, signal = never } = options
  const { onBroken = 'fail', caption = 'best', follow = true, bufferBytes = 2 ** 28 } = options
  const parts = (typeof place === 'string' ? [{ place }] : place).map(({ place: name, weight = null }) => ({
    ...{ place: name, weight },
  }))
  const reader: Reader = {
    rank: options.rank ?? 0,
    world: options.world ?? 1,
    worker: options.worker ?? 0,
    workers: options.workers ?? 1,
    batchSize: options.batchSize ?? 1,
  }
  const state = options.state === undefined ? null : readState(options.state)
  const problem =
    mixtureProblem(parts) ??
    readerProblem(reader) ??
    (state !== null && 'problem' in state ? state.problem : null) ??
    wholeProblem({ windowShards: windowShards ?? 1, readsAtOnce }, 1) ??
    wholeProblem({ epoch, bufferBytes }, 0)
  if (problem !== null || (state !== null && 'problem' in state))
    throw new DatasetUnusable(problem ?? 'no state')
  const places: FeedPlace[] = []
  const close = async () => {
    for (const one of places) await one.close()
  }
  try {
    const sources: FeedSource[] = []
    for (const part of parts) {
      const { feed, store } = await openPlace(inside(part.place, options.split), options.s3 ?? {}, signal)
      places.push(feed)
      const catalog = await readCatalog(feed, signal)
      const live = liveOf(catalog)
      if (options.where !== undefined) await keepWhere(live, catalog, store, options.where, signal)
      sources.push({ place: feed, catalog, live, weight: part.weight })
    }
    const datasetReader = new DatasetReader(
      sources,
      {
        ...{ seed, epoch, windowShards, reader, caption, state, follow, readsAtOnce, bufferBytes },
        onBroken: onBroken === 'fail' ? null : onBroken,
      },
      () => performance.now(),
    )
    return {
      samples: datasetReader.samplesOfEpoch,
      generations: sources.map(({ catalog }) => catalog.generation),
      state: () => datasetReader.state(),
      [Symbol.asyncIterator]: () => datasetReader.samples(signal),
      close,
    }
  } catch (error) {
    await close()
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
