import { ascii, sniffImage, startsWith, view } from './sniff.js'

export interface ImageSize {
  /** Pixels as the header states them, before any EXIF orientation; 0 is possible in a broken file. */
  readonly width: number
  readonly height: number
}

/**
 * Dimensions from the first bytes of an image.
 *
 * - `more`: not yet, a longer prefix will tell;
 * - `unknown`: this format or this file does not say, however much is read.
 */
type HeaderSize = ImageSize | 'more' | 'unknown'

/** Reads dimensions from as little of an image as its format allows. Never throws, whatever the bytes. */
export function imageSize(prefix: Uint8Array): HeaderSize {
  switch (sniffImage(prefix).format) {
    case 'jpeg':
      return jpegSize(prefix)
    case 'png':
      return pngSize(prefix)
    case 'gif':
      return prefix.length < 10 ? 'more' : { width: u16le(prefix, 6), height: u16le(prefix, 8) }
    case 'webp':
      return webpSize(prefix)
    case 'bmp':
      return bmpSize(prefix)
    case 'avif':
      return avifSize(prefix)
    default:
      return 'unknown'
  }
}

/**
 * ITU T.81, B.1.1: walks the marker segments to the frame header. Markers may be padded with FF (B.1.1.2); RST,
 * TEM and SOI carry no length. A height of 0 is given later by a DNL segment (B.2.5): unknown.
 */
function jpegSize(bytes: Uint8Array): HeaderSize {
  let at = 2
  for (;;) {
    if (at >= bytes.length) return 'more'
    if (bytes[at] !== 0xff) return 'unknown'
    while (bytes[at] === 0xff) at++
    const marker = bytes[at++]
    if (marker === undefined) return 'more'
    if ((marker >= 0xd0 && marker <= 0xd8) || marker === 0x01) continue
    // End of image or start of scan before any frame header.
    if (marker === 0xd9 || marker === 0xda || marker === 0x00) return 'unknown'
    if (at + 2 > bytes.length) return 'more'
    const length = u16be(bytes, at)
    if (length < 2) return 'unknown'
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) {
      if (at + 7 > bytes.length) return 'more'
      const height = u16be(bytes, at + 3)
      return height === 0 ? 'unknown' : { width: u16be(bytes, at + 5), height }
    }
    at += length
  }
}

/** IHDR must be the first chunk (PNG specification, 11.2.2). */
function pngSize(bytes: Uint8Array): HeaderSize {
  if (bytes.length < 24) return 'more'
  if (ascii(bytes, 12, 4) !== 'IHDR') return 'unknown'
  const data = view(bytes)
  return { width: data.getUint32(16), height: data.getUint32(20) }
}

/** RFC 9649: lossy (VP8, RFC 6386 section 9.1), lossless (VP8L), extended (VP8X). */
function webpSize(bytes: Uint8Array): HeaderSize {
  if (bytes.length < 30) return 'more'
  switch (ascii(bytes, 12, 4)) {
    case 'VP8 ':
      if (!startsWith(bytes.subarray(23), [0x9d, 0x01, 0x2a])) return 'unknown'
      return { width: u16le(bytes, 26) & 0x3fff, height: u16le(bytes, 28) & 0x3fff }
    case 'VP8L': {
      if (bytes[20] !== 0x2f) return 'unknown'
      const bits = view(bytes).getUint32(21, true)
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
    }
    case 'VP8X':
      return { width: u24le(bytes, 24) + 1, height: u24le(bytes, 27) + 1 }
    default:
      return 'unknown'
  }
}

/** OS/2 core header (12 bytes) or any Windows one; a negative height is a bitmap stored from the top. */
function bmpSize(bytes: Uint8Array): HeaderSize {
  if (bytes.length < 26) return 'more'
  const data = view(bytes)
  if (data.getUint32(14, true) === 12) return { width: u16le(bytes, 18), height: u16le(bytes, 20) }
  return { width: Math.abs(data.getInt32(18, true)), height: Math.abs(data.getInt32(22, true)) }
}

/** The boxes of ISO 23008-12 between the file and the sizes of its items. */
const avifPath = ['meta', 'iprp', 'ipco', 'ispe']

/**
 * The largest `ispe` (image spatial extents) of the file: tiles, thumbnails and alpha planes have one too, and
 * none of them is larger than the picture.
 */
function avifSize(bytes: Uint8Array): HeaderSize {
  let width = 0
  let height = 0
  const walk = (start: number, end: number, level: number): 'whole' | 'cut' => {
    let at = start
    while (at < end) {
      if (at + 8 > bytes.length) return 'cut'
      const length = view(bytes).getUint32(at)
      // 0 = to the end of the file, 1 = 64-bit length: neither occurs before the picture data.
      if (length < 8) return 'whole'
      const next = at + length
      if (ascii(bytes, at + 4, 4) === avifPath[level]) {
        // `meta` and `ispe` are full boxes: four bytes of version and flags.
        const body = at + (level === 0 || level === 3 ? 12 : 8)
        if (level === 3) {
          if (body + 8 > bytes.length) return 'cut'
          width = Math.max(width, view(bytes).getUint32(body))
          height = Math.max(height, view(bytes).getUint32(body + 4))
        } else {
          return walk(body, next, level + 1)
        }
      }
      at = next
    }
    return 'whole'
  }
  if (walk(0, Number.MAX_SAFE_INTEGER, 0) === 'cut') return 'more'
  return width === 0 || height === 0 ? 'unknown' : { width, height }
}

function u16be(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

function u16le(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}

function u24le(bytes: Uint8Array, at: number): number {
  return u16le(bytes, at) | ((bytes[at + 2] ?? 0) << 16)
}
