/** Where a sample stands in a dataset, in the order of reading. */
interface SamplePlace {
  readonly shard: number
  readonly key: string
}

/**
 * Uids of a dataset's samples, from which those that stand twice are told at the end. It holds eight bytes a sample, the first half of each
 * uid: of a billion different ones, two are taken for the same in three of a hundred datasets.
 */
export class UidLedger {
  #halves = new BigUint64Array(1024)
  #count = 0
  /** Shards in the order of reading, and how many samples came before each. */
  readonly #shards: {
    readonly shard: number
    readonly from: number
    readonly keys: (i: number) => string
  }[] = []

  /** Samples that are added from now on are this shard's; `keys`: the key of its i-th one. */
  begin(shard: number, keys: (i: number) => string): void {
    this.#shards.push({ shard, from: this.#count, keys })
  }

  /** The next sample's; null = it has none. */
  add(uid: string | null): void {
    if (this.#count === this.#halves.length) {
      const larger = new BigUint64Array(2 * this.#count)
      larger.set(this.#halves)
      this.#halves = larger
    }
    // No uid is 0 but by a chance of one in 2^64.
    this.#halves[this.#count++] = uid === null ? 0n : BigInt(`0x${uid.slice(0, 16)}`)
  }

  /** Samples whose uid an earlier one has, with that one. */
  repeated(): { readonly again: SamplePlace; readonly first: SamplePlace }[] {
    const sorted = this.#halves.slice(0, this.#count).sort()
    const twice = new Map<bigint, SamplePlace | null>()
    for (let i = 1; i < sorted.length; i++) {
      const half = sorted[i] ?? 0n
      if (half !== 0n && half === sorted[i - 1]) twice.set(half, null)
    }
    const found: { again: SamplePlace; first: SamplePlace }[] = []
    if (twice.size === 0) return found
    for (let i = 0; i < this.#count; i++) {
      const half = this.#halves[i] ?? 0n
      const first = twice.get(half)
      if (first === undefined) continue
      const place = this.#placeOf(i)
      if (first === null) twice.set(half, place)
      else found.push({ again: place, first })
    }
    return found
  }

  #placeOf(i: number): SamplePlace {
    const owner = this.#shards.findLast(({ from }) => from <= i)
    if (owner === undefined) throw new RangeError(`sample ${i} is of no shard`)
    return { shard: owner.shard, key: owner.keys(i - owner.from) }
  }
}
