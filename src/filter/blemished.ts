import type { Sharp, SharpOptions } from 'sharp'
import { imageSize } from './dimensions.js'
import { mendedGif } from './mended-gif.js'
import { mendedPng } from './mended-png.js'
import { sharp } from './sharp.js'
import { type DecodedFormat, view } from './sniff.js'
import { isCut } from './truncation.js'

/** A file that is broken by the letter and whole to the eye, as browsers show it: what to decode in its place, and how strictly. */
export interface Blemished {
  readonly bytes: Uint8Array
  readonly failOn: NonNullable<SharpOptions['failOn']>
}

interface Bounds {
  readonly maxPixels: number
  /** Longest time for one look at the picture. */
  readonly seconds: number
}

/**
 * What a file that the library refused is to browsers; null = it is as good as refused, since rows of it are missing. JPEGs carry
 * what libjpeg warns of (headers of some cameras, data that ends some bytes early, a lost end mark), PNGs checksums that are
 * wrong, GIFs lack the end of their first frame or what comes behind it. Throws where the library refuses the file however it is asked.
 */
export async function blemished(
  bytes: Uint8Array,
  format: DecodedFormat,
  bounds: Bounds,
): Promise<Blemished | null> {
  if (format === 'png') {
    const mended = await mendedPng(bytes)
    return mended === null ? null : { bytes: mended, failOn: 'warning' }
  }
  if (format === 'gif') {
    const mended = mendedGif(bytes)
    return mended === null ? null : { bytes: mended, failOn: 'warning' }
  }
  if (format !== 'jpeg') return null
  const size = imageSize(bytes)
  if (typeof size === 'string') return null
  const look = { ...bounds, ...size }
  if (!isCut(bytes, 'jpeg')) return (await isBlankBelow(bytes, look)) ? null : { bytes, failOn: 'error' }
  const ended = withEnd(bytes)
  const isWhole = hasAllScans(bytes) && (await reachesCorner(bytes, look))
  return isWhole && !(await isBlankBelow(ended, look)) ? { bytes: ended, failOn: 'error' } : null
}

interface Look extends Bounds {
  readonly width: number
  readonly height: number
}

/** The bytes that end a JPEG. */
const endMark = Buffer.from([0xff, 0xd9])
const withEnd = (bytes: Uint8Array): Uint8Array => Buffer.concat([bytes, endMark])

/** The picture as the file has it: no row of it is turned or changed by a profile. */
const raw = (bytes: Uint8Array, { maxPixels, seconds }: Bounds): Sharp =>
  sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, autoOrient: false, ignoreIcc: true })
    .timeout({ seconds })
    .raw({ depth: 'uchar' })

/** Colour that libjpeg gives a block for which there is no data, in each channel. */
const noData = 128

/** Part of the pixels that may differ where there is nothing to see: borders between two fills are smoothed. */
const smoothed = 1 / 10

/**
 * Whether the last tenth of the rows shows nothing: one colour, or one beside the grey of missing data. Data that breaks off, or that was
 * overwritten, is decoded to that.
 */
async function isBlankBelow(bytes: Uint8Array, look: Look): Promise<boolean> {
  const { width, height } = look
  const rows = Math.ceil(height / 10)
  const below = raw(bytes, look).extract({ left: 0, top: height - rows, width, height: rows })
  const { data, info } = await below.toBuffer({ resolveWithObject: true })
  const { channels } = info
  const grey = Buffer.alloc(channels, noData)
  let colour: Buffer | null = null
  let others = 0
  for (let at = 0; at < data.length; at += channels) {
    if (isLike(data, at, grey)) continue
    colour ??= data.subarray(at, at + channels)
    if (!isLike(data, at, colour)) others++
  }
  return others <= smoothed * width * rows
}

function isLike(data: Buffer, at: number, colour: Buffer): boolean {
  for (let i = 0; i < colour.length; i++) {
    if (Math.abs((data[at + i] ?? 0) - (colour[i] ?? 0)) > 1) return false
  }
  return true
}

/** So many bytes hold something that can be seen, and not much. */
const tailBytes = 64

/**
 * Whether the data of a JPEG without its end reaches the last quarter of its last row: without its last bytes the picture looks
 * different there. Says so of progressive ones too, whose last scan is the one that was cut.
 */
async function reachesCorner(bytes: Uint8Array, look: Look): Promise<boolean> {
  const left = Math.floor((look.width * 3) / 4)
  const corner = { left, top: look.height - 1, width: look.width - left, height: 1 }
  const seen = (file: Uint8Array) => raw(withEnd(file), look).extract(corner).toBuffer()
  const whole = await seen(bytes)
  return !whole.equals(await seen(bytes.subarray(0, -tailBytes)))
}

/**
 * Whether the scans of a JPEG (ITU T.81, B.2.3) hold every coefficient of each of its components to its last bit: one that was cut between two
 * scans of a progressive picture has all rows, but coarse ones.
 */
function hasAllScans(bytes: Uint8Array): boolean {
  const data = view(bytes)
  let components = 0
  /** Lowest bit that is known of each coefficient, by component. */
  const known = new Map<number, number[]>()
  for (const { marker, at } of segments(bytes)) {
    if (isFrame(marker)) components = bytes[at + 7] ?? 0
    if (marker !== 0xda) continue
    const count = bytes[at + 2] ?? 0
    const tail = at + 3 + 2 * count
    if (tail + 3 > bytes.length || tail + 3 > at + data.getUint16(at)) return false
    const [first = 0, last = 0, bits = 0] = bytes.subarray(tail, tail + 3)
    for (let i = 0; i < count; i++) {
      const id = bytes[at + 3 + 2 * i] ?? 0
      const lowest = known.get(id) ?? []
      for (let k = first; k <= Math.min(last, 63); k++) lowest[k] = bits & 15
      known.set(id, lowest)
    }
  }
  const isKnown = (lowest: readonly number[]) =>
    Array.from({ length: 64 }, (_, k) => lowest[k]).every((bit) => bit === 0)
  return components > 0 && known.size === components && [...known.values()].every(isKnown)
}

/** SOF0 to SOF15, of which 4, 8 and 12 are other markers (ITU T.81, B.1.1.3). */
const isFrame = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && (marker === 0xc0 || marker % 4 !== 0)

/** Segments with a length, where that begins; what stands in scans is passed over. */
function* segments(bytes: Uint8Array): Generator<{ readonly marker: number; readonly at: number }> {
  for (let at = bytes.indexOf(0xff, 2); at >= 0; at = bytes.indexOf(0xff, at)) {
    while (bytes[at] === 0xff) at++
    const marker = bytes[at++] ?? 0
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd9)) continue
    if (at + 8 > bytes.length) return
    yield { marker, at }
    at += view(bytes).getUint16(at)
  }
}
