import { createHash } from 'node:crypto'
import type { Progress, RunModel } from '../backend/index.js'
import { uidKindOf } from '../filter/index.js'
import type { RunOptions } from '../options/index.js'
import { Description, type Store } from '../shard/index.js'
import { publishedOptions } from './published-options.js'

/** Writes what describes a dataset as a whole, its manifest and indices, as its shards come. The holder of the run's duty has one. */
export interface ManifestWriter {
  /** Asked in every round: begins to write it anew where shards were planned that it does not name, unless it rests. Waits for nothing. */
  follow(progress: Pick<Progress, 'nextShard'>, signal: AbortSignal): void
  /** Written anew where it does not name all that is committed; nothing for who was not asked to follow. */
  catchUp(signal: AbortSignal): Promise<void>
  /** Written anew; `complete` = nothing is left to do. */
  finish(complete: boolean, signal: AbortSignal): Promise<void>
  /** Another process has the duty, or nobody: what is under way is broken off, and what was known is forgotten. */
  drop(): void
}

/** A dataset as its writer knows it, see `Description`. */
interface KnownDataset {
  readonly shards: number
  readonly isBehind: boolean
  extend(signal: AbortSignal): Promise<void>
  write(complete: boolean, signal: AbortSignal): Promise<void>
}

interface ManifestWriterDeps {
  /** One of which nothing is known yet. */
  readonly open: () => KnownDataset
  /** Writing it failed, and is tried again. */
  readonly onTrouble: (error: unknown) => void
  /** Milliseconds, from any zero. */
  readonly now: () => number
}

/** Entries are looked for so often while there are some to come. */
const lookMs = 1_000
/** Up to so many shards it is written anew whenever there are new ones. */
const promptShards = 1_000
/** Beyond, nothing is written for so many times as long as it took: at most a twentieth of the time goes into it, however large the dataset is. */
const restFactor = 19

const restMs = (shards: number, tookMs: number): number =>
  Math.max(lookMs, shards <= promptShards ? 0 : restFactor * tookMs)

export function createManifestWriter({ open, onTrouble, now }: ManifestWriterDeps): ManifestWriter {
  let known: KnownDataset | null = null
  /** Aborted by `drop`; null = it was not asked to follow. */
  let following: AbortController | null = null
  let underWay: Promise<void> | null = null
  let restUntilMs = Number.NEGATIVE_INFINITY

  const update = async (signal: AbortSignal) => {
    const dataset = known ?? open()
    await dataset.extend(signal)
    known = dataset
    if (dataset.isBehind) await dataset.write(false, signal)
  }
  const forget = () => {
    following?.abort()
    following = null
    known = null
  }
  return {
    follow({ nextShard }, signal) {
      following ??= new AbortController()
      const { signal: dropped } = following
      const isWhole = nextShard === 0 || (known !== null && known.shards >= nextShard)
      if (isWhole || underWay !== null || now() < restUntilMs) return
      const beganMs = now()
      underWay = update(AbortSignal.any([signal, dropped]))
        .catch((error: unknown) => {
          if (!signal.aborted && !dropped.aborted) onTrouble(error)
        })
        .finally(() => {
          if (dropped.aborted) known = null
          restUntilMs = now() + restMs(known?.shards ?? 0, now() - beganMs)
          underWay = null
        })
    },
    async catchUp(signal) {
      if (following === null) return
      await underWay
      await update(signal)
    },
    async finish(complete, signal) {
      await underWay
      const dataset = known ?? open()
      await dataset.extend(signal)
      await dataset.write(complete, signal)
      // Whatever comes after a run has ended may change its dataset.
      forget()
    },
    drop: forget,
  }
}

/** Writes the manifest of a run's dataset, and what goes with it. */
export function manifestWriterFor(written: WrittenRun): ManifestWriter {
  const { run, options, store, model, isAlone, onTrouble, now } = written
  const published = publishedOptions(options)
  const optionsDigest = createHash('sha256').update(JSON.stringify(published)).digest('hex')
  const open = (): KnownDataset => {
    const description = new Description(store)
    return {
      get shards() {
        return description.shards
      },
      get isBehind() {
        return description.isBehind
      },
      extend: (signal) => description.extend(signal),
      write: async (complete, signal) => {
        const threshold = (await model())?.threshold ?? null
        const uids = uidKindOf(options)
        const command = isAlone ? commandOf(options) : 'fleet'
        await description.write(
          { run, complete, options: published, optionsDigest, threshold, uids, command },
          signal,
        )
      },
    }
  }
  return createManifestWriter({ open, onTrouble, now })
}

/** Command by which a run in a folder is begun, and gone on with. Pure. */
function commandOf({ sources }: Pick<RunOptions, 'sources'>): string {
  // One that was begun before there were sources has none.
  const [source] = sources ?? []
  if (source === undefined) return 'run'
  return source.kind === 'list' ? 'images' : 'warc'
}

interface WrittenRun {
  readonly run: string
  readonly options: RunOptions
  readonly store: Store
  /** What the run is scored with; null = nothing was yet. */
  readonly model: () => Promise<RunModel | null>
  /** Whether it is a run in a folder. */
  readonly isAlone: boolean
  readonly onTrouble: (error: unknown) => void
  readonly now: () => number
}
