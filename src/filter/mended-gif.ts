import { view } from './sniff.js'

/** Bytes before the blocks: signature, screen, and the colours of all frames (GIF89a, 17 to 19). */
function headBytes(bytes: Uint8Array): number {
  return 13 + coloursBytes(bytes[10])
}

/** Size of the colour table that a packed field announces. */
export function coloursBytes(packed = 0): number {
  return (packed & 0x80) === 0 ? 0 : 3 * 2 ** ((packed & 7) + 1)
}

/** Ends the data of a frame, and the file. */
const ending = Uint8Array.of(0, 0x3b)

/**
 * The first frame of a GIF as a file of its own, where the data of all its pixels is there, whatever of the end, or of other frames, is missing;
 * null = pixels of it are missing. Pure.
 */
export function mendedGif(bytes: Uint8Array): Uint8Array | null {
  const at = firstFrame(bytes)
  if (at === null) return null
  const pixels = view(bytes).getUint16(at + 5, true) * view(bytes).getUint16(at + 7, true)
  const from = at + 10 + coloursBytes(bytes[at + 9])
  const codeBits = bytes[from] ?? 0
  const blocks: Uint8Array[] = []
  for (let block = from + 1; block < bytes.length; block += (bytes[block] ?? 0) + 1) {
    if (bytes[block] === 0) break
    const data = bytes.subarray(block + 1, block + 1 + (bytes[block] ?? 0))
    if (data.length > 0) blocks.push(Uint8Array.of(data.length), data)
  }
  const data = Buffer.concat(blocks.filter((_, i) => i % 2 === 1))
  if (!holdsPixels(data, codeBits, pixels)) return null
  return Buffer.concat([bytes.subarray(0, from + 1), ...blocks, ending])
}

/** Where the first frame begins; null = there is none. */
function firstFrame(bytes: Uint8Array): number | null {
  let at = headBytes(bytes)
  while (bytes[at] === 0x21) {
    at += 2
    for (let size = bytes[at]; size !== 0; size = bytes[at]) {
      if (size === undefined) return null
      at += size + 1
    }
    at++
  }
  return bytes[at] === 0x2c && at + 11 <= bytes.length ? at : null
}

/** Longest code (GIF89a, appendix F). */
const mostBits = 12

/** Whether codes stand for as many pixels: only their lengths are unfolded. */
function holdsPixels(data: Uint8Array, codeBits: number, pixels: number): boolean {
  if (codeBits < 1 || codeBits >= mostBits) return false
  const clear = 1 << codeBits
  const lengths = new Uint32Array(1 << mostBits).fill(1, 0, clear)
  let next = clear + 2
  let bits = codeBits + 1
  let last: number | null = null
  let found = 0
  let waiting = 0
  let waitingBits = 0
  for (const byte of data) {
    waiting |= byte << waitingBits
    waitingBits += 8
    while (waitingBits >= bits) {
      const code = waiting & ((1 << bits) - 1)
      waiting >>>= bits
      waitingBits -= bits
      if (code === clear) {
        next = clear + 2
        bits = codeBits + 1
        last = null
        continue
      }
      if (code === clear + 1 || code > next || (last === null && code > clear)) return found >= pixels
      if (last !== null && next < lengths.length) {
        lengths[next++] = (lengths[last] ?? 0) + 1
        if (next === 1 << bits && bits < mostBits) bits++
      }
      found += lengths[code] ?? 0
      if (found >= pixels) return true
      last = code
    }
  }
  return false
}
