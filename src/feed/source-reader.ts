import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../records/index.js'
import { type Catalog, liveOf } from './catalog.js'
import type { Slot } from './epoch.js'
import { Follower } from './follower.js'
import type { LiveSamples } from './live.js'
import type { SourceWindow } from './order.js'
import type { FeedPlace } from './place.js'
import type { CaptionWish, FeedSample } from './sample.js'
import { BrokenSample, BrokenShard, SampleFiles } from './sample-files.js'
import { isReadWhole } from './whole-shards.js'

/** A dataset that a reader reads. */
export interface FeedSource {
  readonly place: FeedPlace
  readonly catalog: Catalog
  /** Samples that pass the reader's condition; all its ranks must have the same. */
  readonly live: LiveSamples
  /** Its share of the samples, against those of the other sources; null = none has one: each sample comes once. */
  readonly weight: number | null
}

export interface SourceOptions {
  readonly caption: CaptionWish
  /** Whether what is taken back meanwhile is left out, within five seconds. */
  readonly follow: boolean
  /** Memory for tars that are read as a whole; 0 = none is. */
  readonly bufferBytes: number
  /** Told of a sample that cannot be read, or of a shard, once, of which none can; they are left out then. null = reading ends with it. */
  readonly onBroken: ((message: string) => void) | null
}

/** From the beginning of one look for what was taken back to that of the next; nothing is given out twice as long after one. */
const lookMs = 2_000
/** How often a sample is tried while its dataset is being changed, and the rest between. */
const changeTries = 60
const changeRestMs = 250

/** Reads samples of one dataset, and obeys what is taken back from it. */
export class SourceReader {
  readonly #files: SampleFiles
  /** Samples that nobody has taken back, as far as is known: fewer with each look. */
  readonly #standing: LiveSamples
  readonly #follower: Follower
  readonly #options: SourceOptions
  readonly #now: () => number
  /** Shards that were changed since it was opened. */
  readonly #changed = new Set<number>()
  /** Shards of which nothing can be read, and that were told so. */
  readonly #broken = new Set<number>()
  #look: Promise<void> | null = null
  /** When the last look that is over was begun. */
  #lookedMs: number

  /** `number`: of the source among those of its reader. */
  constructor(
    number: number,
    { place, catalog }: Pick<FeedSource, 'place' | 'catalog'>,
    options: SourceOptions,
    now: () => number,
  ) {
    this.#files = new SampleFiles(place, catalog, { source: number, caption: options.caption })
    this.#standing = liveOf(catalog)
    this.#follower = new Follower(place, catalog.generation)
    this.#options = options
    this.#now = now
    this.#lookedMs = now()
  }

  /** Whether nobody has taken it back, as far as is known. */
  stands({ shard, slot }: Slot): boolean {
    return this.#standing.has(shard, slot)
  }

  /** Whether `held` has the samples of a shard: nothing need be read ahead of it. */
  isHeld(shard: number): boolean {
    return this.#files.isHeld(shard)
  }

  /** As `read`, at once; null = it has to be read. */
  held(slot: Slot): FeedSample | null {
    return this.#files.held(slot)
  }

  /** null = it is taken back, or broken and told so. */
  async read(slot: Slot, signal: AbortSignal): Promise<FeedSample | null> {
    const { onBroken } = this.#options
    for (let tried = 0; ; tried++) {
      if (!this.stands(slot) || this.#broken.has(slot.shard)) return null
      try {
        return await this.#files.read(slot, signal)
      } catch (error) {
        if (!(error instanceof BrokenSample)) throw error
        // A shard that is being rewritten is broken for a moment: its tar is changed before its index.
        if (tried < changeTries && (await this.#isChanging(slot.shard, signal))) continue
        if (onBroken === null) throw error
        if (this.#broken.has(slot.shard)) return null
        if (error instanceof BrokenShard) this.#broken.add(slot.shard)
        onBroken(messageOf(error))
        return null
      }
    }
  }

  /**
   * Prepares a window of which the reader wants `share` of the slots from now on, and `nextShare` of those of the window behind it: its tars are read as a
   * whole where that pays, and those behind them where they fit too.
   */
  begin({ shards, nextShards }: SourceWindow, share: number, nextShare: number, signal: AbortSignal): void {
    const { bufferBytes } = this.#options
    const bytes = this.#files.tarBytes(shards)
    if (!isReadWhole(share, bytes, bufferBytes)) return
    const isNextToo = isReadWhole(nextShare, bytes + this.#files.tarBytes(nextShards), bufferBytes)
    this.#files.loadWhole(isNextToo ? [...shards, ...nextShards] : shards, signal)
  }

  /** What is kept of a shard's files is given up. */
  async forget(shard: number): Promise<void> {
    await this.#files.forget(shard)
  }

  /** Looks for what was taken back, where it is time to. null = there is nothing to wait for before a sample is given out. */
  follow(signal: AbortSignal): Promise<void> | null {
    if (!this.#options.follow) return null
    const sinceMs = this.#now() - this.#lookedMs
    if (sinceMs < lookMs) return null
    const look = this.#lookNow(signal)
    if (sinceMs >= 2 * lookMs) return this.#lookAnew(look, signal)
    // One that fails counts as none: the next one is due at once, and is waited for.
    look.catch(() => {})
    return null
  }

  /** A look that was begun long ago does not tell of what came since. */
  async #lookAnew(look: Promise<void>, signal: AbortSignal): Promise<void> {
    await look
    if (this.#now() - this.#lookedMs >= 2 * lookMs) await this.#lookNow(signal)
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
    this.#look ??= this.#take(signal).finally(() => {
      this.#look = null
    })
    await this.#look
  }

  async #take(signal: AbortSignal): Promise<void> {
    const begunMs = this.#now()
    for (const { shard, slots } of await this.#follower.look(signal)) {
      this.#changed.add(shard)
      this.#standing.take(shard, slots)
      this.#files.announce(shard, slots)
      await this.#files.forget(shard)
    }
    this.#lookedMs = begunMs
  }
}
