/** Digests of one length, each once and in ascending order: millions of them take no more memory than their bytes. */
export interface DigestSet {
  /** Bytes of one digest, at least 8. */
  readonly width: number
  readonly size: number
  /** All of them, one behind the other; never changed. */
  readonly bytes: Uint8Array
  has(digest: Uint8Array): boolean
}

/** More would not be told apart by the bits that are left for them while they are sorted. */
export const maxDigests = 2 ** 26

const indexBits = 26
const indexMask = 2 ** indexBits - 1

/** The digests that lie one behind the other in `bytes`, in any order and as often as they like. Pure. */
export function createDigestSet(width: number, bytes: Uint8Array): DigestSet {
  const sorted = isAscending(width, bytes) ? bytes : sortedDigests(width, bytes)
  const size = sorted.length / width
  return {
    width,
    size,
    bytes: sorted,
    has: (digest) => {
      let low = 0
      let high = size - 1
      while (low <= high) {
        const middle = (low + high) >>> 1
        const order = compareAt(width, sorted, middle, digest, 0)
        if (order === 0) return true
        if (order < 0) low = middle + 1
        else high = middle - 1
      }
      return false
    },
  }
}

/** Those of any of the sets. Pure. */
export function unionOfDigests(width: number, sets: readonly DigestSet[]): DigestSet {
  return createDigestSet(width, Buffer.concat(sets.map(({ bytes }) => bytes)))
}

/** Digests of hex digits, all of `width` bytes. Pure. */
export function digestsOfHex(width: number, hex: readonly string[]): DigestSet {
  return createDigestSet(width, Buffer.from(hex.join(''), 'hex'))
}

/** Pure. */
export function* hexOfDigests({ width, size, bytes }: DigestSet): Generator<string> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < size; i++) yield all.toString('hex', i * width, (i + 1) * width)
}

function isAscending(width: number, bytes: Uint8Array): boolean {
  for (let i = 1; i < bytes.length / width; i++)
    if (compareAt(width, bytes, i - 1, bytes, i) >= 0) return false
  return true
}

/**
 * Sorted by numbers of 64 bits, which the engine does without calling back: the first 38 bits of a digest, and its place. Those that share
 * their first 38 bits are few, and are compared whole.
 */
function sortedDigests(width: number, bytes: Uint8Array): Uint8Array {
  const size = bytes.length / width
  if (size > maxDigests) throw new RangeError(`${size} digests, and at most ${maxDigests} can be sorted`)
  const keys = new BigUint64Array(size)
  const halves = new DataView(keys.buffer)
  const given = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let i = 0; i < size; i++) {
    const next = given.getUint32(i * width + 4) & ~indexMask
    halves.setUint32(8 * i + 4, given.getUint32(i * width), true)
    halves.setUint32(8 * i, (next | i) >>> 0, true)
  }
  keys.sort()
  const placeOf = (key: number) => halves.getUint32(8 * key, true) & indexMask
  const sharesPrefix = (a: number, b: number) =>
    halves.getUint32(8 * a + 4, true) === halves.getUint32(8 * b + 4, true) &&
    (halves.getUint32(8 * a, true) ^ halves.getUint32(8 * b, true)) >>> indexBits === 0

  const sorted = new Uint8Array(bytes.length)
  let kept = 0
  for (let from = 0, to = 1; from < size; from = to, to = from + 1) {
    while (to < size && sharesPrefix(from, to)) to++
    const places = Array.from({ length: to - from }, (_, i) => placeOf(from + i))
    if (places.length > 1) places.sort((a, b) => compareAt(width, bytes, a, bytes, b))
    for (const place of places) {
      if (kept > 0 && compareAt(width, sorted, kept - 1, bytes, place) === 0) continue
      sorted.set(bytes.subarray(place * width, (place + 1) * width), kept * width)
      kept++
    }
  }
  return kept === size ? sorted : sorted.slice(0, kept * width)
}

function compareAt(width: number, a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  for (let at = 0; at < width; at++) {
    const difference = (a[i * width + at] ?? 0) - (b[j * width + at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
