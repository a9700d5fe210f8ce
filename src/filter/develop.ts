import { createHash } from 'node:crypto'
// Past the model's door, behind which lies much that a thread for pictures has no use for.
import { cropForModel } from './clip/crop.js'
import type { Preprocessing } from './clip/index.js'
import type { ImageRejected } from './header.js'
import { decodeImage, encodeStored } from './library-codec.js'
import type { ImageLimits, StoredImageOptions } from './options.js'
import { perceptualHash } from './phash.js'
import type { StoredImage } from './stored.js'

/** What is made of each picture. Plain values: they go to a thread or a process as they are. */
export interface Recipe {
  readonly limits: ImageLimits
  readonly stored: StoredImageOptions
  /** How the model wants its input; null = nothing is scored. */
  readonly preprocessing: Preprocessing | null
}

/** Everything that is kept of a picture, made of one decode. */
export interface Developed {
  /** Of the fetched bytes. */
  readonly sha256: string
  readonly originalWidth: number
  readonly originalHeight: number
  /** JSON object string; `{}` = none. */
  readonly exif: string
  readonly phash: string
  readonly stored: StoredImage
  /** The model's input in 8 bits, in shared memory; null where nothing is scored. */
  readonly pixels: Uint8Array | null
}

/** `sha256`: of the fetched bytes. */
export type Undeveloped = { readonly sha256: string } & (
  | ImageRejected
  /** The decoder did not survive it, which shows only where it has a process of its own. */
  | { readonly reason: 'crashed'; readonly detail: string }
)

export type DevelopOutcome =
  | Developed
  | Undeveloped
  /** What worked on it is gone, and its bytes with that. Nothing says that the picture is to blame. */
  | { readonly reason: 'lost' }

/** The bytes are given away: they may be gone afterwards. Throws only the signal's reason, and what is a bug. */
export type Develop = (bytes: Uint8Array, recipe: Recipe, signal: AbortSignal) => Promise<DevelopOutcome>

/**
 * Decodes a picture, once, and makes of its pixels the image that is stored, the hash of its look and the model's input.
 */
export async function developPicture(
  bytes: Uint8Array,
  { limits, stored, preprocessing }: Recipe,
  signal: AbortSignal,
): Promise<Developed | Undeveloped> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const target = { imageSize: stored.imageSize, tensorSide: preprocessing?.cropSide ?? null }
  const decoded = await decodeImage(bytes, limits, target, signal)
  if ('reason' in decoded) return { ...decoded, sha256 }
  const { originalWidth, originalHeight, exif } = decoded
  return {
    sha256,
    originalWidth,
    originalHeight,
    exif,
    phash: perceptualHash(decoded),
    stored: await encodeStored(decoded, stored),
    pixels: preprocessing === null ? null : await cropForModel(decoded, preprocessing),
  }
}
