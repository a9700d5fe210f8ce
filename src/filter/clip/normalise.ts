import type { Preprocessing } from './preprocess.js'

/** Writes pictures as the model's tensor: 8-bit interleaved RGB to normalised float planes. */
type Normalise = (pixels: Uint8Array, out: Float32Array, offset: number) => void

export function createNormalise(preprocessing: Preprocessing): Normalise {
  const { rescale, mean, std, cropSide } = preprocessing
  const plane = cropSide * cropSide
  const tableOf = (channel: 0 | 1 | 2) =>
    Float32Array.from({ length: 256 }, (_, value) => (value * rescale - mean[channel]) / std[channel])
  const red = tableOf(0)
  const green = tableOf(1)
  const blue = tableOf(2)
  return (pixels, out, offset) => {
    for (let i = 0, p = 0; i < plane; i++, p += 3) {
      out[offset + i] = red[pixels[p] as number] as number
      out[offset + plane + i] = green[pixels[p + 1] as number] as number
      out[offset + 2 * plane + i] = blue[pixels[p + 2] as number] as number
    }
  }
}
