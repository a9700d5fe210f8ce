import type { rejectReasons } from '../records/index.js'
import { imageSize } from './dimensions.js'
import type { ImageLimits } from './options.js'
import { type ImageFormat, isDecodedFormat, sniffBytes, sniffImage } from './sniff.js'

export type ImageReason = (typeof rejectReasons.image)[number]

export interface ImageRejected {
  readonly reason: ImageReason
  /** For people, e.g. `120 x 90`. */
  readonly detail: string
}

type SizeLimits = Pick<ImageLimits, 'minSide' | 'maxAspect' | 'maxPixels'>

/** Whether a picture of this size is wanted at all; null = it is. */
export function sizeVerdict(width: number, height: number, limits: SizeLimits): ImageRejected | null {
  const detail = `${width} x ${height}`
  if (width <= 0 || height <= 0) return { reason: 'undecodable', detail }
  if (width * height > limits.maxPixels) return { reason: 'bomb', detail: `${detail} pixels claimed` }
  const short = Math.min(width, height)
  if (short < limits.minSide) return { reason: 'side_small', detail }
  if (limits.maxAspect > 0 && Math.max(width, height) > limits.maxAspect * short)
    return { reason: 'aspect', detail }
  return null
}

export type HeaderVerdict =
  /** Undecided: read on and ask again. */
  | { readonly kind: 'more' }
  /** Nothing in the head speaks against reading the whole body. */
  | {
      readonly kind: 'wanted'
      readonly format: ImageFormat
      readonly width: number | null
      readonly height: number | null
    }
  | ({ readonly kind: 'rejected' } & ImageRejected)

/**
 * Verdict on a body by its first bytes, to stop a download early. Ask with everything read so far.
 *
 * @param isWhole true where the body is complete, so that no more can come
 */
export function headerVerdict(prefix: Uint8Array, limits: SizeLimits, isWhole: boolean): HeaderVerdict {
  const { format } = sniffImage(prefix)
  if (!isDecodedFormat(format)) {
    return !isWhole && prefix.length < sniffBytes
      ? { kind: 'more' }
      : { kind: 'rejected', ...formatVerdict(format) }
  }
  const size = imageSize(prefix)
  if (size === 'more' && !isWhole) return { kind: 'more' }
  if (size === 'more' || size === 'unknown') return { kind: 'wanted', format, width: null, height: null }
  const rejected = sizeVerdict(size.width, size.height, limits)
  if (rejected !== null) return { kind: 'rejected', ...rejected }
  return { kind: 'wanted', format, width: size.width, height: size.height }
}

/** Why a format that is not decoded is refused. */
export function formatVerdict(format: ImageFormat): ImageRejected {
  switch (format) {
    case 'svg':
      return { reason: 'svg', detail: 'svg' }
    case 'html':
      return { reason: 'not_image', detail: 'text or a page' }
    case 'unknown':
      return { reason: 'not_image', detail: 'no known image format' }
    default:
      return { reason: 'format', detail: format }
  }
}
