import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../records/index.js'
import { type Catalog, liveOf } from './catalog.js'
import { type EpochWindow, epochOrder, epochWindows, type Placed, placesOf } from './epoch.js'
import { Follower } from './follower.js'
import type { LiveSamples } from './live.js'
import type { FeedPlace } from './place.js'
import type { CaptionWish, FeedSample } from './sample.js'
import { BrokenSample, SampleFiles } from './sample-files.js'
import { isShareOf, type Reader } from './share.js'
import type { FeedState } from './state.js'

export interface ReaderOptions {
  readonly seed: string
  readonly epoch: number
  readonly windowShards: number
  readonly reader: Reader
  readonly caption: CaptionWish
  /** Where an earlier job came to; null = the beginning of the epoch. Its seed, epoch and windows are used then. */
  readonly state: FeedState | null
  /** Whether what is taken back meanwhile is left out, within five seconds. */
  readonly follow: boolean
  /** Samples that are read ahead at the same time, 1 or more. */
  readonly readsAtOnce: number
  /** Told of a sample that cannot be read, which is then left out; null = reading ends with it. */
  readonly onBroken: ((message: string) => void) | null
}

/** Between two looks for what was taken back; a sample is not given out later than twice that after one. */
const lookMs = 2_000
/** How often a sample is tried while its dataset is being changed, and the rest between. */
const changeTries = 60
const changeRestMs = 250

/** A sample that is this reader's, and the place up to which its job has come once it was given out. */
interface Pick extends Placed {
  readonly after: number
}

/** Reads one epoch of a dataset, or this reader's share of it, in the order that all of them share. */
export class DatasetReader {
  readonly #files: SampleFiles
  readonly #live: LiveSamples
  /** Samples that nobody has taken back, as far as is known: fewer with each look. */
  readonly #standing: LiveSamples
  readonly #follower: Follower
  readonly #options: ReaderOptions
  readonly #now: () => number
  readonly #epoch: Omit<FeedState, 'place'>
  readonly #windows: readonly EpochWindow[]
  readonly #places: number
  /** Up to which all is given out. */
  #place: number
  /** Windows whose files are given up: they are over. */
  #over = 0
  /** Shards that were changed since it was opened. */
  readonly #changed = new Set<number>()
  #look: Promise<void> | null = null
  #lookedMs: number

  /** `live`: samples that pass the reader's condition; all its ranks must have the same. */
  constructor(
    place: FeedPlace,
    catalog: Catalog,
    live: LiveSamples,
    options: ReaderOptions,
    now: () => number,
  ) {
    const { state } = options
    // An epoch that has not begun takes up all shards that there are.
    const begun = state !== null && state.place > 0
    const shards = begun ? state.shards : catalog.shards.length
    this.#epoch = {
      v: 1,
      seed: state?.seed ?? options.seed,
      epoch: state?.epoch ?? options.epoch,
      shards,
      windowShards: state?.windowShards ?? options.windowShards,
    }
    this.#options = options
    this.#live = live
    this.#standing = liveOf(catalog)
    this.#follower = new Follower(place, catalog.generation)
    this.#files = new SampleFiles(place, catalog, options.caption)
    this.#now = now
    this.#lookedMs = now()
    this.#windows = epochWindows(catalog.shards.slice(0, shards), this.#epoch)
    this.#places = placesOf(this.#windows)
    this.#place = state?.place ?? 0
  }

  /** How far its job has come, given that all ranks have taken as many samples. */
  state(): FeedState {
    return this.#place >= this.#places
      ? { ...this.#epoch, epoch: this.#epoch.epoch + 1, place: 0 }
      : { ...this.#epoch, place: this.#place }
  }

  /** Samples until the end of the epoch. Who breaks off, and asks again, goes on behind the last one. */
  async *samples(signal: AbortSignal): AsyncGenerator<FeedSample> {
    const { readsAtOnce, reader } = this.#options
    const order = epochOrder(this.#windows, this.#epoch, this.#live, this.#place)
    const picks = picksOf(order, reader, this.#places)
    const ahead: { readonly pick: Pick; readonly sample: Promise<FeedSample | null> }[] = []
    // The first sample is there by one read; then it reads further and further ahead.
    let depth = 1
    const over = new AbortController()
    const bounded = AbortSignal.any([signal, over.signal])
    try {
      for (;;) {
        while (ahead.length < depth) {
          const { value: pick, done } = picks.next()
          if (done === true) break
          const sample = this.#read(pick, bounded)
          // A failure is met where the sample is awaited; until then it must not count as unhandled.
          sample.catch(() => {})
          ahead.push({ pick, sample })
        }
        const first = ahead[0]
        if (first === undefined) break
        const sample = await first.sample
        signal.throwIfAborted()
        await this.#follow(bounded)
        ahead.shift()
        depth = Math.min(2 * depth, readsAtOnce)
        await this.#advance(first.pick.after)
        if (sample !== null && this.#standing.has(first.pick.shard, first.pick.slot)) yield sample
      }
      await this.#advance(this.#places)
    } finally {
      over.abort()
      await Promise.allSettled(ahead.map(({ sample }) => sample))
    }
  }

  async #advance(place: number): Promise<void> {
    this.#place = place
    for (let window = this.#windows[this.#over]; window !== undefined; window = this.#windows[this.#over]) {
      if (window.from + window.places > place) return
      for (const { shard } of window.shards) await this.#files.forget(shard)
      this.#over++
    }
  }

  /** null = it is taken back, or broken and told so. */
  async #read(pick: Pick, signal: AbortSignal): Promise<FeedSample | null> {
    const { onBroken } = this.#options
    for (let tried = 0; ; tried++) {
      if (!this.#standing.has(pick.shard, pick.slot)) return null
      try {
        return await this.#files.read(pick, signal)
      } catch (error) {
        if (!(error instanceof BrokenSample)) throw error
        // A shard that is being rewritten is broken for a moment: its tar is changed before its index.
        if (tried < changeTries && (await this.#isChanging(pick.shard, signal))) continue
        if (onBroken === null) throw error
        onBroken(messageOf(error))
        return null
      }
    }
  }

  /** Whether the files of a shard are others than they were, or may be in a moment. */
  async #isChanging(shard: number, signal: AbortSignal): Promise<boolean> {
    await this.#lookNow(signal)
    if (!this.#changed.has(shard)) return false
    await this.#files.forget(shard)
    await sleep(changeRestMs, undefined, { signal })
    return true
  }

  async #lookNow(signal: AbortSignal): Promise<void> {
    this.#look ??= this.#follower
      .look(signal)
      .then(async (found) => {
        for (const { shard, slots } of found) {
          this.#changed.add(shard)
          this.#standing.take(shard, slots)
          this.#files.announce(shard, slots)
          await this.#files.forget(shard)
        }
        this.#lookedMs = this.#now()
      })
      .finally(() => {
        this.#look = null
      })
    await this.#look
  }

  async #follow(signal: AbortSignal): Promise<void> {
    if (!this.#options.follow) return
    const sinceMs = this.#now() - this.#lookedMs
    if (sinceMs < lookMs) return
    const look = this.#lookNow(signal)
    if (sinceMs >= 2 * lookMs) return await look
    // One that fails counts as none: the next one is due at once, and is waited for.
    look.catch(() => {})
  }
}

/** The samples of an order that are one reader's. */
function* picksOf(order: Iterable<Placed>, reader: Reader, places: number): Generator<Pick> {
  let turn = 0
  let own: Placed | null = null
  for (const placed of order) {
    if (isShareOf(reader, turn)) own = placed
    // The last rank's turn ends a step of all of them.
    if (turn % reader.world === reader.world - 1 && own !== null) {
      yield { ...own, after: placed.place + 1 }
      own = null
    }
    turn++
  }
  if (own !== null) yield { ...own, after: places }
}
