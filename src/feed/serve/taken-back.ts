import type { Catalog } from '../catalog.js'
import { Follower } from '../follower.js'
import type { FeedPlace } from '../place.js'

/** A sample, by where it lies. */
export interface SampleId {
  /** Number of its dataset among those that are served. */
  readonly source: number
  readonly shard: number
  readonly slot: number
}

/** Between two looks. */
export const lookMs = 2_000

/**
 * Samples that were taken back since the datasets were opened. It is looked for them every two seconds, whether anybody reads or not: what waits in a
 * connection must be stopped too.
 */
export class TakenBack {
  readonly #followers: readonly Follower[]
  readonly #taken: readonly Map<number, Set<number>>[]
  readonly #now: () => number
  #lookedMs: number
  #look: Promise<void> | null = null

  constructor(
    datasets: readonly { readonly place: FeedPlace; readonly catalog: Catalog }[],
    now: () => number,
  ) {
    this.#followers = datasets.map(({ place, catalog }) => new Follower(place, catalog.generation))
    this.#taken = datasets.map(() => new Map())
    this.#now = now
    this.#lookedMs = now()
  }

  has({ source, shard, slot }: SampleId): boolean {
    return this.#taken[source]?.get(shard)?.has(slot) === true
  }

  /** Those who ask at the same time share a look. */
  async look(signal: AbortSignal): Promise<void> {
    this.#look ??= this.#lookOnce(signal).finally(() => {
      this.#look = null
    })
    await this.#look
  }

  /** Resolves where a look was begun within twice its interval, and is over: at once, or after one that is done now. Throws where that fails. */
  async fresh(signal: AbortSignal): Promise<void> {
    // One that was under way may have begun long ago.
    while (this.#now() - this.#lookedMs >= 2 * lookMs) await this.look(signal)
  }

  async #lookOnce(signal: AbortSignal): Promise<void> {
    const atMs = this.#now()
    const found = await Promise.all(this.#followers.map((follower) => follower.look(signal)))
    for (const [source, taken] of found.entries()) {
      for (const { shard, slots } of taken) {
        const known = this.#taken[source]?.get(shard) ?? new Set()
        for (const slot of slots) known.add(slot)
        this.#taken[source]?.set(shard, known)
      }
    }
    this.#lookedMs = atMs
  }
}
