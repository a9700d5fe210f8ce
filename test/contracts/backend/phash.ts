import type { Image } from './desk.js'

/** The hash with these bits turned over; bit 0 is the lowest. Pure. */
export function flipped(phash: string, bits: readonly number[]): string {
  const mask = bits.reduce((sum, bit) => sum ^ (1n << BigInt(bit)), 0n)
  return (BigInt(`0x${phash}`) ^ mask).toString(16).padStart(16, '0')
}

const halvesOf = (phash: string) =>
  [Number.parseInt(phash.slice(0, 8), 16), Number.parseInt(phash.slice(8), 16)] as const

/** Bits of a 32-bit number that are set. */
function onesIn(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Compares a hash with every kept image: the content of the nearest within the distance, the first among equals; null = there is none. */
export function comparing(kept: readonly Image[]): (phash: string, distance: number) => string | null {
  const images = kept.map(({ sha256, phash }) => ({ sha256, halves: halvesOf(phash) }))
  return (phash, distance) => {
    const [high, low] = halvesOf(phash)
    let most = distance
    let winner: string | null = null
    for (const { sha256, halves } of images) {
      const d = onesIn(high ^ halves[0]) + onesIn(low ^ halves[1])
      if (d > most || (d === most && winner !== null && winner < sha256)) continue
      most = d
      winner = sha256
    }
    return winner
  }
}
