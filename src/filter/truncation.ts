import { coloursBytes } from './mended-gif.js'
import { ascii, type DecodedFormat, view } from './sniff.js'

/**
 * Whether a file ends before its format says it does: a function of the bytes alone, since what the image library says of one
 * file may be about another that fails at the same moment. Asked only of files that could not be decoded: many that lack their
 * end decode well. Damage within that leads the walk astray gives an answer too, the same one every time.
 */
export function isCut(bytes: Uint8Array, format: DecodedFormat): boolean {
  switch (format) {
    case 'jpeg':
      return isJpegCut(bytes)
    case 'png':
      return isPngCut(bytes)
    case 'gif':
      return isGifCut(bytes)
    case 'webp':
      // RFC 9649, 2.4: the size excludes the eight bytes of the RIFF header itself.
      return bytes.length < 12 || bytes.length < view(bytes).getUint32(4, true) + 8
    case 'avif':
      return boxesExceed(bytes)
    case 'bmp':
      // Nothing marks its end: its own reader counts rows.
      return false
  }
}

/** ITU T.81, B.1.1: markers up to EOI; within the data of a scan FF is followed by 0 or is a restart marker. */
function isJpegCut(bytes: Uint8Array): boolean {
  let at = 2
  for (;;) {
    at = bytes.indexOf(0xff, at)
    if (at < 0) return true
    while (bytes[at] === 0xff) at++
    const marker = bytes[at++]
    if (marker === undefined) return true
    if (marker === 0xd9) return false
    const isBare = marker === 0x00 || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)
    if (isBare) continue
    if (at + 2 > bytes.length) return true
    at += view(bytes).getUint16(at)
  }
}

/** PNG specification, 5.3: length, type, data and checksum, up to IEND. */
function isPngCut(bytes: Uint8Array): boolean {
  let at = 8
  for (;;) {
    if (at + 12 > bytes.length) return true
    const type = ascii(bytes, at + 4, 4)
    if (type === 'IEND' || !/^[A-Za-z]{4}$/.test(type)) return false
    at += view(bytes).getUint32(at) + 12
  }
}

/** GIF89a, appendix B: screen, then blocks of which each ends with a sub-block of no bytes, up to the trailer. */
function isGifCut(bytes: Uint8Array): boolean {
  let at = 13 + coloursBytes(bytes[10])
  for (;;) {
    const block = bytes[at]
    if (block === undefined) return true
    if (block === 0x21) at += 2
    else if (block === 0x2c) at += 11 + coloursBytes(bytes[at + 9])
    else return false
    for (let size = bytes[at]; size !== 0; size = bytes[at]) {
      if (size === undefined) return true
      at += size + 1
    }
    at++
  }
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
