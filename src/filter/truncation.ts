import { ascii, type DecodedFormat, view } from './sniff.js'

/**
 * Whether a file that could not be decoded ends before its format says it does. Asked only of such files: many
 * that lack their end mark decode well.
 */
export function isCut(bytes: Uint8Array, format: DecodedFormat): boolean {
  const end = bytes.length
  switch (format) {
    case 'jpeg':
      return !endsWithin(bytes, [0xff, 0xd9])
    case 'png':
      return !endsWithin(bytes, [...Buffer.from('IEND')])
    case 'gif':
      return !endsWithin(bytes, [0x3b])
    case 'webp':
      // RFC 9649, 2.4: the size excludes the eight bytes of the RIFF header itself.
      return end < 12 || end < view(bytes).getUint32(4, true) + 8
    case 'avif':
      return boxesExceed(bytes)
  }
}

/** Servers append a few bytes of their own, so the mark may stand a little before the end. */
const trailingBytes = 64

function endsWithin(bytes: Uint8Array, mark: readonly number[]): boolean {
  const tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - trailingBytes)))
  return tail.includes(Buffer.from(mark))
}

/** Whether the last top-level box reaches beyond the file (ISO 14496-12, 4.2; length 0 = to the end). */
function boxesExceed(bytes: Uint8Array): boolean {
  let at = 0
  while (at < bytes.length) {
    if (at + 8 > bytes.length) return true
    const length = view(bytes).getUint32(at)
    if (length === 0 || ascii(bytes, at + 4, 4) === '') return false
    if (length < 8) return false
    at += length
  }
  return at > bytes.length
}
