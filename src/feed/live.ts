/**
 * Samples of a dataset that are to be fed: a bit a slot, and only for shards of which some are not. It changes under a job that runs: what was
 * taken back meanwhile is taken out.
 */
export class LiveSamples {
  /** By shard; a shard that is not in it is live as a whole. A set bit = dead. */
  readonly #dead = new Map<number, Uint8Array>()
  readonly #slots: ReadonlyMap<number, number>
  readonly #counts: Map<number, number>

  /** `slots`: of each shard that there is, samples and those taken back. */
  constructor(slots: ReadonlyMap<number, number>) {
    this.#slots = slots
    this.#counts = new Map(slots)
  }

  /** Slots that are fed no more. Those of shards that it does not know, and those that are dead already, change nothing. */
  take(shard: number, slots: Iterable<number>): void {
    const size = this.#slots.get(shard)
    if (size === undefined) return
    const bits = this.#dead.get(shard) ?? new Uint8Array(Math.ceil(size / 8))
    this.#dead.set(shard, bits)
    let count = this.count(shard)
    for (const slot of slots) {
      if (slot >= size || isSet(bits, slot)) continue
      bits[slot >> 3] = (bits[slot >> 3] ?? 0) | (1 << (slot & 7))
      count--
    }
    this.#counts.set(shard, count)
  }

  /** Only these of its slots stay, where they are live. */
  keep(shard: number, slots: Iterable<number>): void {
    const kept = new Set(slots)
    const others = Array.from({ length: this.#slots.get(shard) ?? 0 }, (_, slot) => slot)
    this.take(
      shard,
      others.filter((slot) => !kept.has(slot)),
    )
  }

  has(shard: number, slot: number): boolean {
    const size = this.#slots.get(shard)
    if (size === undefined || slot < 0 || slot >= size) return false
    const bits = this.#dead.get(shard)
    return bits === undefined || !isSet(bits, slot)
  }

  /** Live samples of a shard; 0 for one that it does not know. */
  count(shard: number): number {
    return this.#counts.get(shard) ?? 0
  }

  get total(): number {
    let sum = 0
    for (const count of this.#counts.values()) sum += count
    return sum
  }
}

const isSet = (bits: Uint8Array, at: number): boolean => ((bits[at >> 3] ?? 0) & (1 << (at & 7))) !== 0
