import type { Metadata, Sharp } from 'sharp'
import { bitmapPixels } from './bitmap.js'
import { bitmapHeader } from './bitmap-header.js'
import { type Blemished, blemished } from './blemished.js'
import { exifJson } from './exif.js'
import { formatVerdict, type ImageRejected, sizeVerdict } from './header.js'
import type { ImageLimits } from './options.js'
import { plainJpegSize } from './plain-jpeg.js'
import { sharp } from './sharp.js'
import { type DecodedFormat, isDecodedFormat, sniffImage } from './sniff.js'
import { isCut } from './truncation.js'

/** Sizes that are made of the pixels; they fix how many of them must be kept. */
interface DecodeTarget {
  /** Longer side of the stored image. */
  readonly imageSize: number
  /** Side of the model's square input; null = nothing is scored. */
  readonly tensorSide: number | null
}

/**
 * An upright first frame in 8-bit sRGB on white, at its working size: the fetched size, or less where neither
 * the stored image nor the model's input needs as much (see `workingSize`).
 */
export interface Decoded {
  /** RGB, three bytes a pixel, rows from the top without padding: 3 x width x height bytes. */
  readonly pixels: Uint8Array
  /** Of `pixels`. */
  readonly width: number
  readonly height: number
  /** Of the fetched image, after EXIF orientation. */
  readonly originalWidth: number
  readonly originalHeight: number
  /** JSON object string; `{}` = none. */
  readonly exif: string
  readonly sourceFormat: DecodedFormat
}

/**
 * Working pixels for each pixel of the model's input, per axis. At 2 the input differs from one made of all the
 * pixels by 0.29 of 255 on average (47 photos of 500 to 1,500 pixels; 0.27 at 2.5, 0.47 at 1.5).
 */
const tensorMargin = 2

/** A working size above this share of the fetched one is not worth another resampling. */
const worthwhileScale = 0.8

const white = { r: 255, g: 255, b: 255 }

/** Longest time for one picture. A picture of 64 megapixels takes about a second. */
const decodeSeconds = 20
/** Longest time for each look at a file that was refused. */
const lookSeconds = 5

/**
 * Decodes what was fetched, once: the stored image, the perceptual hash and the model's input are all made of the
 * result. JPEG and WebP are scaled while they are decoded where that is enough. The library is to be set up (`library-codec.ts`).
 *
 * Throws only the signal's reason, before it begins; a decode that has begun ends within 20 s.
 */
export async function decodeImage(
  bytes: Uint8Array,
  limits: ImageLimits,
  target: DecodeTarget,
  signal: AbortSignal,
): Promise<Decoded | ImageRejected> {
  signal.throwIfAborted()
  if (bytes.length < limits.minBytes) return { reason: 'bytes_small', detail: `${bytes.length} bytes` }
  const { format } = sniffImage(bytes)
  if (!isDecodedFormat(format)) return formatVerdict(format)

  try {
    if (format === 'bmp') return await fromBitmap(bytes, limits, target, signal)
    // `warning`: at `error` a file whose data ends early, but with an end mark, would pass as a half grey picture.
    return await fromFile({ bytes, failOn: 'warning' }, format, limits, target, signal)
  } catch (error) {
    signal.throwIfAborted()
    const verdict = failure(error, bytes, format, limits.maxPixels)
    return verdict.reason === 'bomb'
      ? verdict
      : await asBrowsersShow(bytes, format, limits, target, signal, verdict)
  }
}

/** A file that the library refused, decoded all the same where nothing of the picture is missing; else the verdict on it. */
async function asBrowsersShow(
  bytes: Uint8Array,
  format: DecodedFormat,
  limits: ImageLimits,
  target: DecodeTarget,
  signal: AbortSignal,
  verdict: ImageRejected,
): Promise<Decoded | ImageRejected> {
  try {
    const bounds = { maxPixels: limits.maxPixels, seconds: lookSeconds }
    const whole = await blemished(bytes, format, bounds)
    return whole === null ? verdict : await fromFile(whole, format, limits, target, signal)
  } catch {
    signal.throwIfAborted()
    return verdict
  }
}

/** Throws the signal's reason, and what the library throws. */
async function fromFile(
  { bytes, failOn }: Blemished,
  format: DecodedFormat,
  limits: ImageLimits,
  target: DecodeTarget,
  signal: AbortSignal,
): Promise<Decoded | ImageRejected> {
  const picture = sharp(bytes, { failOn, limitInputPixels: limits.maxPixels, autoOrient: true })
  const head = await headOf(bytes, format, picture, limits)
  if ('reason' in head) return head
  const rejected = sizeVerdict(head.width, head.height, limits)
  if (rejected !== null) return rejected
  signal.throwIfAborted()
  return await decoded(picture, head, format, target)
}

/** A BMP, which the library does not read: its pixels are laid out here. */
async function fromBitmap(
  bytes: Uint8Array,
  limits: ImageLimits,
  target: DecodeTarget,
  signal: AbortSignal,
): Promise<Decoded | ImageRejected> {
  const header = bitmapHeader(bytes)
  if (header === null) return { reason: 'undecodable', detail: 'bmp with a header that is not read' }
  const { width, height } = header
  const rejected = sizeVerdict(width, height, limits) ?? memoryVerdict(header, 2 * rgbBytes, limits)
  if (rejected !== null) return rejected
  const pixels = bitmapPixels(bytes, header)
  if (pixels === 'truncated')
    return { reason: 'truncated', detail: `bmp without its end: ${bytes.length} bytes` }
  signal.throwIfAborted()
  const picture = sharp(pixels, { raw: { width, height, channels: rgbBytes } })
  return await decoded(picture, { width, height, exif: undefined }, 'bmp', target)
}

/** Decodes a picture to its working size. */
async function decoded(
  picture: Sharp,
  head: Head,
  sourceFormat: DecodedFormat,
  target: DecodeTarget,
): Promise<Decoded> {
  const { width, height, exif } = head
  const working = workingSize(width, height, target)
  if (working.width !== width || working.height !== height) scale(picture, head, working, target)
  const { data, info } = await picture
    .flatten({ background: white })
    .toColourspace('srgb')
    .timeout({ seconds: decodeSeconds })
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return {
    pixels: rgbOf(data, info.channels),
    width: info.width,
    height: info.height,
    originalWidth: width,
    originalHeight: height,
    exif: exifJson(exif),
    sourceFormat,
  }
}

interface Head {
  /** After EXIF orientation. */
  readonly width: number
  readonly height: number
  /** undefined = there is none. */
  readonly exif: Uint8Array | undefined
}

/** Reads the head of an image. Asking the library is a tenth of the work for a small JPEG, so a plain one is read here. */
async function headOf(
  file: Uint8Array,
  format: DecodedFormat,
  picture: Sharp,
  limits: ImageLimits,
): Promise<Head | ImageRejected> {
  const plain = format === 'jpeg' ? plainJpegSize(file) : null
  if (plain !== null) return { ...plain, exif: undefined }
  const metadata = await picture.metadata()
  const loader = metadata.format === 'heif' ? 'avif' : metadata.format
  if (loader !== format) return { reason: 'undecodable', detail: `${format} read as ${metadata.format}` }
  const { width, height } = metadata.autoOrient
  const tooMuch = memoryVerdict({ width, height }, bytesPerPixel(metadata, format), limits)
  return tooMuch ?? { width, height, exif: metadata.exif }
}

/** Whether a picture takes more memory than one of all the pixels that are allowed; null = it does not. */
function memoryVerdict(
  { width, height }: Size,
  pixelBytes: number,
  limits: ImageLimits,
): ImageRejected | null {
  const bytes = width * height * pixelBytes
  if (bytes <= limits.maxPixels * usualBytesPerPixel) return null
  return { reason: 'bomb', detail: `${width} x ${height}, ${Math.ceil(bytes / 2 ** 20)} MiB to decode` }
}

/** Bytes of a pixel in red, green and blue. */
const rgbBytes = 3

/** Bytes for each pixel where a picture may have all the pixels that are allowed: red, green, blue and alpha. */
const usualBytesPerPixel = 4

/**
 * Bytes that the library holds for each pixel while it decodes. An interlaced PNG and a GIF are laid out whole before anything is made of them, where other
 * pictures pass by in strips; an AVIF is laid out several times (20 bytes a pixel at 8 bits, measured).
 */
function bytesPerPixel({ channels, depth, isProgressive }: Metadata, format: DecodedFormat): number {
  const sampleBytes = depth === 'uchar' ? 1 : depth === 'ushort' ? 2 : 4
  const isWhole = format === 'gif' || (format === 'png' && isProgressive)
  return channels * sampleBytes * (format === 'avif' ? 4 : isWhole ? 2 : 1)
}

/**
 * Scales to the working size. The library decodes a JPEG at a half, a quarter or an eighth where the lesser of both sides' factors
 * allows it. Where the picture is 5 times too wide, 864 rows would become 172.8, so 173, a factor of 4.99, and it would decode at a
 * half in place of a quarter, for a fifth more time: there one side is given, and the other follows by the same factor.
 */
function scale(picture: Sharp, from: Size, to: Size, { tensorSide }: DecodeTarget): void {
  const { width, height } = to
  // Not where the model's input is made of it, whose deviation was measured as it is; nor where a part of a block of 8 would be
  // rounded up, and the other side with it.
  const isWhole = tensorSide === null && from.width % 8 === 0 && from.height % 8 === 0
  if (isWhole && width >= height && from.width % width === 0) picture.resize({ width })
  else if (isWhole && height >= width && from.height % height === 0) picture.resize({ height })
  else picture.resize(width, height, { fit: 'fill' })
}

interface Size {
  readonly width: number
  readonly height: number
}

/**
 * The size to decode to: large enough for the stored image and for `tensorMargin` times the model's input, and
 * the fetched size where that would hardly be less.
 */
function workingSize(width: number, height: number, { imageSize, tensorSide }: DecodeTarget): Size {
  const forStored = imageSize / Math.max(width, height)
  const forTensor = tensorSide === null ? 0 : (tensorMargin * tensorSide) / Math.min(width, height)
  if (forStored >= forTensor) return storedSize(width, height, imageSize)
  if (forTensor > worthwhileScale) return { width, height }
  return { width: Math.ceil(width * forTensor), height: Math.ceil(height * forTensor) }
}

/** The stored size of an image: its longer side at most `imageSize`, its ratio kept, never enlarged. */
export function storedSize(width: number, height: number, imageSize: number): Size {
  const scale = imageSize / Math.max(width, height)
  if (scale >= 1) return { width, height }
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}

/** Three channels of what the library gave; a grey picture comes as one. */
function rgbOf(data: Buffer, channels: number): Uint8Array {
  if (channels === 3) return data
  const pixels = new Uint8Array((data.length / channels) * 3)
  const step = channels > 3 ? 1 : 0
  for (let from = 0, to = 0; from < data.length; from += channels, to += 3) {
    pixels[to] = data[from] ?? 0
    pixels[to + 1] = data[from + step] ?? 0
    pixels[to + 2] = data[from + 2 * step] ?? 0
  }
  return pixels
}

/**
 * The library reports every broken file by an exception: here it becomes a value. Its words are not used: they come from one
 * buffer for all threads, and so may tell of another file that failed at the same moment.
 */
function failure(error: unknown, bytes: Uint8Array, format: DecodedFormat, maxPixels: number): ImageRejected {
  // The one exception: this check is made before the library's own buffer is looked at.
  if (error instanceof Error && error.message === 'Input image exceeds pixel limit')
    return { reason: 'bomb', detail: `more than ${maxPixels} pixels` }
  if (isCut(bytes, format))
    return { reason: 'truncated', detail: `${format} without its end: ${bytes.length} bytes` }
  return { reason: 'undecodable', detail: `not to be decoded as ${format}` }
}
