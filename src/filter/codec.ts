import type { decodeImage as decode } from './image.js'
import type { encodeStored as encode } from './stored.js'

// Decoding and encoding, loaded with the image library by the first image: many a process comes to none.

export const decodeImage: typeof decode = async (...call) =>
  (await import('./library-codec.js')).decodeImage(...call)

export const encodeStored: typeof encode = async (...call) =>
  (await import('./library-codec.js')).encodeStored(...call)
