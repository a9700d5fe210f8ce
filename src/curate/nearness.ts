/** Hashes of 64 bits, as two words each: of hash i they are `words[2 * i]` and `words[2 * i + 1]`. */
export type Hashes = Uint32Array

/** Bits in which two perceptual hashes differ at most that are near duplicates, as in a crawl. */
export const nearDistance = 3

function ones(word: number): number {
  let left = word - ((word >>> 1) & 0x5555_5555)
  left = (left & 0x3333_3333) + ((left >>> 2) & 0x3333_3333)
  left = (left + (left >>> 4)) & 0x0f0f_0f0f
  return Math.imul(left, 0x0101_0101) >>> 24
}

export function distanceOf(hashes: Hashes, a: number, b: number): number {
  const high = (hashes[2 * a] ?? 0) ^ (hashes[2 * b] ?? 0)
  const low = (hashes[2 * a + 1] ?? 0) ^ (hashes[2 * b + 1] ?? 0)
  return ones(high) + ones(low)
}

const bands = 4
const bandValues = 0x1_0000
const none = 0xffff_ffff

/** Hashes by the four 16-bit bands: two within a distance of 3 agree in one at least. Takes twenty bytes a hash. */
export class NearIndex {
  readonly #hashes: Hashes
  /** By band and value, the number of the hash that was added last; `none` = there is none. */
  readonly #heads = new Uint32Array(bands * bandValues).fill(none)
  /** By hash and band, the one that was added before it. */
  readonly #before: Uint32Array

  constructor(hashes: Hashes) {
    this.#hashes = hashes
    this.#before = new Uint32Array((hashes.length / 2) * bands)
  }

  add(i: number): void {
    for (let band = 0; band < bands; band++) {
      const head = band * bandValues + this.#valueOf(i, band)
      this.#before[i * bands + band] = this.#heads[head] ?? none
      this.#heads[head] = i
    }
  }

  /** Hashes that were added and are near hash i; one may come more than once. */
  *near(i: number): Generator<number> {
    for (let band = 0; band < bands; band++) {
      let other = this.#heads[band * bandValues + this.#valueOf(i, band)] ?? none
      while (other !== none) {
        if (distanceOf(this.#hashes, i, other) <= nearDistance) yield other
        other = this.#before[other * bands + band] ?? none
      }
    }
  }

  #valueOf(i: number, band: number): number {
    const word = this.#hashes[2 * i + (band >> 1)] ?? 0
    return (band & 1) === 0 ? word >>> 16 : word & 0xffff
  }
}

/**
 * The group of each of some hashes: those that a chain of near ones joins are one, which is told by its lowest member, by the order of `members`. Pure.
 */
export function nearGroups(hashes: Hashes, members: Uint32Array): Map<number, number> {
  const group = new Map<number, number>()
  const rootOf = (i: number): number => {
    let root = i
    for (let up = group.get(root); up !== undefined && up !== root; up = group.get(root)) root = up
    for (let at = i; at !== root; ) {
      const up = group.get(at) ?? root
      group.set(at, root)
      at = up
    }
    return root
  }
  const index = new NearIndex(hashes)
  const word = (i: number) => hashes[2 * i] ?? 0
  const low = (i: number) => hashes[2 * i + 1] ?? 0
  const sorted = members.slice().sort((a, b) => word(a) - word(b) || low(a) - low(b) || a - b)
  let last: number | null = null
  for (const i of sorted) {
    // Equal hashes are looked for once: a flat picture may stand there a thousand times.
    if (last !== null && distanceOf(hashes, last, i) === 0) {
      group.set(i, last)
      continue
    }
    group.set(i, i)
    for (const other of index.near(i)) {
      const [a, b] = [rootOf(other), rootOf(i)]
      // The hash that sorts first stands for all: it does not depend on the order of the samples.
      const isBefore = word(a) - word(b) || low(a) - low(b)
      if (a !== b) group.set(isBefore < 0 ? b : a, isBefore < 0 ? a : b)
    }
    index.add(i)
    last = i
  }
  for (const i of sorted) group.set(i, rootOf(i))
  return group
}
