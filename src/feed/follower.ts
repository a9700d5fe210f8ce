import { generationName, generationSchema } from '../shard/index.js'
import type { FeedPlace } from './place.js'

/** Samples that were taken back from a shard. */
export interface TakenBack {
  readonly shard: number
  readonly slots: readonly number[]
}

/**
 * Looks for what is taken back from a dataset while it is read: by the record of each change, which stands before the change is begun. A copy
 * without `.pairmill/` has no such records, and nothing is seen there.
 */
export class Follower {
  readonly #place: Pick<FeedPlace, 'read'>
  #next: number

  /** `generation`: the last change that is known. */
  constructor(place: Pick<FeedPlace, 'read'>, generation: number) {
    this.#place = place
    this.#next = generation + 1
  }

  /** What was taken back since the last look. */
  async look(signal: AbortSignal): Promise<readonly TakenBack[]> {
    const found: TakenBack[] = []
    for (;;) {
      const bytes = await this.#place.read(generationName(this.#next), signal)
      if (bytes === null) return found
      const { rewritten } = generationSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
      for (const { shard, taken } of rewritten) found.push({ shard, slots: taken })
      this.#next++
    }
  }
}
