import type { DecodeTarget } from './image.js'
import { decodeImage } from './library-codec.js'
import type { ImageLimits } from './options.js'

/** Request of `decodeApart`: one image, once. */
export interface DecodeRequest {
  readonly bytes: Uint8Array
  readonly limits: ImageLimits
  readonly target: DecodeTarget
}

// Ctrl-C reaches the whole group of processes; only the parent's end, or what the image does, may end this one.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => {})
process.once('disconnect', () => process.exit(1))
process.once('message', async ({ bytes, limits, target }: DecodeRequest) => {
  const decoded = await decodeImage(bytes, limits, target, new AbortController().signal)
  process.send?.(decoded, () => process.disconnect())
})
