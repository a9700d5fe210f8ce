import type { DigestSet } from './digest-set.js'

/** Perceptual hashes that differ in at most this many of 64 bits are of pictures that look alike. */
export const nearDistance = 3

/** Two hashes that differ in at most three bits are equal in one of four bands. */
const bands = 4
const bandValues = 2 ** 16

/** Whether a perceptual hash, of 16 hex digits, is near to one of a set. */
type IsNear = (phash: string) => boolean

/** Takes 16 bytes for each hash beside those of the set. Pure. */
export function createNearHashes({ size, bytes }: DigestSet): IsNear {
  if (size === 0) return () => false
  const hashes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const byBand = Array.from({ length: bands }, (_, band) => placesByValue(hashes, size, band))
  return (phash) => {
    const asked = new DataView(new ArrayBuffer(8))
    asked.setBigUint64(0, BigInt(`0x${phash}`))
    const high = asked.getUint32(0)
    const low = asked.getUint32(4)
    return byBand.some(({ starts, places }, band) => {
      const value = asked.getUint16(2 * band)
      const end = starts[value + 1] ?? 0
      for (let i = starts[value] ?? 0; i < end; i++) {
        const at = 8 * (places[i] ?? 0)
        const differ = bitCount(hashes.getUint32(at) ^ high) + bitCount(hashes.getUint32(at + 4) ^ low)
        if (differ <= nearDistance) return true
      }
      return false
    })
  }
}

/** Places of the hashes ordered by the value of one band; those of a value begin at its place in `starts`. */
function placesByValue(hashes: DataView, size: number, band: number) {
  const bandOf = (place: number) => hashes.getUint16(8 * place + 2 * band)
  const starts = new Uint32Array(bandValues + 1)
  const add = (value: number, n: number) => {
    starts[value] = (starts[value] ?? 0) + n
  }
  for (let i = 0; i < size; i++) add(bandOf(i) + 1, 1)
  for (let value = 1; value <= bandValues; value++) add(value, starts[value - 1] ?? 0)
  const next = starts.slice()
  const places = new Uint32Array(size)
  for (let i = 0; i < size; i++) {
    const value = bandOf(i)
    const place = next[value] ?? 0
    places[place] = i
    next[value] = place + 1
  }
  return { starts, places }
}

/** Bits that are set in 32. */
function bitCount(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x55555555)
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
