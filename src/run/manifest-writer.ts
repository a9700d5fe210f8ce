import { createHash } from 'node:crypto'
import type { RunModel } from '../backend/index.js'
import { uidKindOf } from '../filter/index.js'
import type { RunOptions } from '../options/index.js'
import { compileDataset, type Store } from '../shard/index.js'
import { publishedOptions } from './published-options.js'

/** What describes a dataset as a whole: its manifest and indices. Writing it means reading every entry, so it takes longer with every shard. */
export interface ManifestWriter {
  /** After a plan: written anew, unless it was lately, for how long that takes. Then it lags behind the shards. */
  refresh(signal: AbortSignal): Promise<void>
  /** Written anew where this process has left it behind. */
  catchUp(signal: AbortSignal): Promise<void>
  /** Written anew; `complete` = nothing is left to do. */
  finish(complete: boolean, signal: AbortSignal): Promise<void>
}

export interface ManifestWriterDeps {
  /** Writes it from what is committed. */
  readonly write: (complete: boolean, signal: AbortSignal) => Promise<void>
  /** Milliseconds, from any zero. */
  readonly now: () => number
}

/** So many times as long as the writing took, nothing is written anew: at most a twentieth of the time goes into it, however large the dataset is. */
const restFactor = 19

/** One of a dataset that this process adds to. */
export function createManifestWriter({ write, now }: ManifestWriterDeps): ManifestWriter {
  let restUntilMs = Number.NEGATIVE_INFINITY
  let lags = false
  const finish = async (complete: boolean, signal: AbortSignal) => {
    const beganMs = now()
    await write(complete, signal)
    const endedMs = now()
    restUntilMs = endedMs + restFactor * (endedMs - beganMs)
    lags = false
  }
  return {
    refresh: async (signal) => {
      if (now() < restUntilMs) lags = true
      else await finish(false, signal)
    },
    catchUp: async (signal) => {
      if (lags) await finish(false, signal)
    },
    finish,
  }
}

/** Writes the manifest of a run's dataset, and what goes with it. */
export function manifestWriterFor({ run, options, store, model, now }: WrittenRun): ManifestWriter {
  const published = publishedOptions(options)
  const optionsDigest = createHash('sha256').update(JSON.stringify(published)).digest('hex')
  return createManifestWriter({
    write: async (complete, signal) => {
      const threshold = (await model())?.threshold ?? null
      const uids = uidKindOf(options)
      await compileDataset(
        store,
        { run, complete, options: published, optionsDigest, threshold, uids },
        signal,
      )
    },
    now,
  })
}

export interface WrittenRun {
  readonly run: string
  readonly options: RunOptions
  readonly store: Store
  /** What the run is scored with; null = nothing was yet. */
  readonly model: () => Promise<RunModel | null>
  readonly now: () => number
}
