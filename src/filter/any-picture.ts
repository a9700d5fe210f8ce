import type { Clip } from './clip/index.js'
import { decodeImage } from './codec.js'
import type { ImageRejected } from './header.js'
import { filterRules, type ImageLimits } from './options.js'

/** Any picture that can be decoded safely: the rules on which ones are good for training do not hold here. */
export const anyPicture: ImageLimits = { ...filterRules, minSide: 0, maxAspect: 0, minBytes: 0 }

/**
 * The model's view of a picture's file, made as in a run that stores pictures of `imageSize`, so that it has the same embedding as there;
 * or why the file cannot be decoded. Throws only the signal's reason.
 */
export async function modelView(
  clip: Pick<Clip, 'model' | 'pixelsOf'>,
  bytes: Uint8Array,
  imageSize: number,
  signal: AbortSignal,
): Promise<Uint8Array | ImageRejected> {
  const decoded = await decodeImage(
    bytes,
    anyPicture,
    { imageSize, tensorSide: clip.model.imageSide },
    signal,
  )
  return 'reason' in decoded ? decoded : clip.pixelsOf(decoded)
}
