import { createHash } from 'node:crypto'

/**
 * A URL or candidate in a set of known ones is a number of 63 bits, as the decimal text of a signed 64-bit one: address * 2^32 + rest,
 * with 32 bits of address and 31 of rest. Lua's numbers are doubles: so much of a gap below the address keeps it exact there
 * (lua/parts/known.lua). At a billion numbers, a new one is taken for a known one about once in 18 billion times, on the average.
 */
function numberOf(digest: Buffer): string {
  const address = BigInt(digest.readInt32BE(0))
  const rest = BigInt(digest.readUInt32BE(4) >>> 1)
  return ((address << 32n) | rest).toString()
}

const sha1 = (text: string) => createHash('sha1').update(text).digest()

export const urlNumber = (url: string): string => numberOf(sha1(url))
/** Of 32 hex digits, which are random already. */
export const candidateNumber = (key: string): string => numberOf(Buffer.from(key.slice(0, 16), 'hex'))
export const contentNumber = (sha256: string): string => numberOf(sha1(sha256))

/** Captions that differ in case alone are one. 7 bytes. */
export const captionHash = (text: string): Buffer => sha1(text.toLowerCase()).subarray(0, 7)
