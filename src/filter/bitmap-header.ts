import { ascii, isBitmapHeaderLength, view } from './sniff.js'

/** How the pixels of a BMP lie in it: what its header says, checked. */
export interface BitmapHeader {
  readonly width: number
  readonly height: number
  /** Whether the first row stored is the topmost one. */
  readonly fromTop: boolean
  /** Bits a pixel: 1, 2, 4, 8, 16, 24 or 32. */
  readonly depth: number
  /** `plain`: rows padded to four bytes. */
  readonly coding: 'plain' | 'rle4' | 'rle8' | 'rle24'
  /** Where the bits of each channel lie in a pixel of 16 or 32 bits; an alpha of 0 = opaque. */
  readonly masks: Masks
  /** Colours of a pixel of up to 8 bits, three bytes (red, green, blue) each; what is missing is black. */
  readonly palette: Uint8Array
  /** Where the pixels begin. */
  readonly offset: number
}

export interface Masks {
  readonly red: number
  readonly green: number
  readonly blue: number
  readonly alpha: number
}

const fileHeaderBytes = 14
/** OS/2 1.x; its colours have three bytes. */
const coreHeaderBytes = 12
/** BITMAPINFOHEADER; of OS/2 2.x there are shorter ones, whose missing fields are 0. */
const infoHeaderBytes = 40
/** The first header that holds the masks of red, green and blue itself, and the first with that of alpha. */
const maskHeaderBytes = 52
const alphaHeaderBytes = 56

const fiveBits: Masks = { red: 0x7c00, green: 0x3e0, blue: 0x1f, alpha: 0 }
const eightBits: Masks = { red: 0xff0000, green: 0xff00, blue: 0xff, alpha: 0 }

/** Reads the header of a BMP as browsers do; null = there is none, or one that means no pixels that could be read. Never throws, whatever the bytes. */
export function bitmapHeader(bytes: Uint8Array): BitmapHeader | null {
  if (ascii(bytes, 0, 2) !== 'BM' || bytes.length < fileHeaderBytes + coreHeaderBytes) return null
  const data = view(bytes)
  const length = data.getUint32(fileHeaderBytes, true)
  const headerEnd = fileHeaderBytes + length
  if (!isBitmapHeaderLength(length) || headerEnd > bytes.length) return null
  const isCore = length === coreHeaderBytes
  // A field beyond a short header is 0.
  const u16 = (at: number) => (at + 2 <= headerEnd ? data.getUint16(at, true) : 0)
  const u32 = (at: number) => (at + 4 <= headerEnd ? data.getUint32(at, true) : 0)
  const width = isCore ? u16(18) : u32(18) | 0
  const rows = isCore ? u16(20) : u32(22) | 0
  const depth = isCore ? u16(24) : u16(28)
  const compression = isCore ? 0 : u32(30)
  const isOs2 = isCore || length < infoHeaderBytes || length === 42 || length === 46 || length === 64
  const coding = codingOf(compression, depth, isOs2)
  // -2^31 has no positive counterpart; a picture stored from the top is never run-length coded.
  if (coding === null || width <= 0 || rows === 0 || rows === -0x80000000) return null
  if (rows < 0 && coding !== 'plain') return null

  const hasMasks = depth >= 16 && depth !== 24 && (compression === 3 || compression === 6)
  // A header without room for masks has them behind it.
  const masksBehind = hasMasks && length < maskHeaderBytes ? (compression === 6 ? 16 : 12) : 0
  const coloursAt = headerEnd + masksBehind
  if (coloursAt > bytes.length) return null
  const maskAt = (at: number) => (at + 4 <= bytes.length ? data.getUint32(at, true) : 0)
  const withAlpha = length >= alphaHeaderBytes || compression === 6
  const masks: Masks = hasMasks
    ? { red: maskAt(54), green: maskAt(58), blue: maskAt(62), alpha: withAlpha ? maskAt(66) : 0 }
    : depth === 16
      ? fiveBits
      : eightBits
  const given = isCore ? 0 : u32(46)
  const stated = u32(10)
  const palette = depth > 8 ? noColours : colours(bytes, coloursAt, stated, depth, given, isCore ? 3 : 4)
  const coloursEnd = coloursAt + (palette.length / 3) * (isCore ? 3 : 4)
  const offset = stated === 0 ? coloursEnd : stated
  if (offset < headerEnd || offset > bytes.length) return null
  return { width, height: Math.abs(rows), fromTop: rows < 0, depth, coding, masks, palette, offset }
}

const noColours = new Uint8Array(0)

/** null = nothing that is read: JPEG and PNG within a BMP, Huffman, or a depth that does not go with it. */
function codingOf(compression: number, depth: number, isOs2: boolean): BitmapHeader['coding'] | null {
  switch (compression) {
    case 0:
      return [1, 2, 4, 8, 16, 24, 32].includes(depth) ? 'plain' : null
    case 1:
      return depth === 8 ? 'rle8' : null
    case 2:
      return depth === 4 ? 'rle4' : null
    case 3:
      return !isOs2 && (depth === 16 || depth === 32) ? 'plain' : null
    case 4:
      return isOs2 && depth === 24 ? 'rle24' : null
    case 6:
      return depth === 16 || depth === 32 ? 'plain' : null
    default:
      return null
  }
}

/** The palette up to where the pixels begin; `given`: colours that the header counts, 0 = as many as the depth can name. */
function colours(
  bytes: Uint8Array,
  start: number,
  pixelsAt: number,
  depth: number,
  given: number,
  entryBytes: number,
): Uint8Array {
  const most = 2 ** depth
  const room = Math.min(bytes.length, pixelsAt === 0 ? bytes.length : pixelsAt) - start
  const count = Math.max(0, Math.min(given === 0 ? most : given, most, Math.floor(room / entryBytes)))
  const palette = new Uint8Array(3 * count)
  for (let i = 0; i < count; i++) {
    const at = start + i * entryBytes
    palette.set([bytes[at + 2] ?? 0, bytes[at + 1] ?? 0, bytes[at] ?? 0], 3 * i)
  }
  return palette
}
