/** 8-bit RGB, rows top to bottom, no padding: `pixels.length === width * height * 3`. */
export interface RgbImage {
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
}

/** A rectangle in target pixels; it lies within the target. */
export interface Window {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/**
 * Fraction bits of a weight: 8 of an int32 are the pixel's, 2 leave room for the overshoot of the kernel's
 * negative lobes.
 */
const precisionBits = 32 - 8 - 2
const half = 1 << (precisionBits - 1)

/** Pixels on each side of the centre that the cubic kernel reaches at scale 1. */
const cubicReach = 2

/** Keys' cubic convolution kernel with a = -0.5, which is Pillow's BICUBIC. */
function cubic(distance: number): number {
  const a = -0.5
  const x = Math.abs(distance)
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a
  return 0
}

/** For each output position of an axis, the run of input positions that it is made of, and their weights. */
interface AxisWeights {
  readonly first: Int32Array
  readonly count: Int32Array
  /** `stride` fixed-point weights for each output position; those after `count` are unused. */
  readonly weights: Int32Array
  readonly stride: number
}

/** Weights of the output positions `from` to `from + length - 1` when `inSize` pixels become `outSize`. */
function axisWeights(inSize: number, outSize: number, from: number, length: number): AxisWeights {
  const scale = inSize / outSize
  // Scaling down widens the kernel (antialiasing); scaling up leaves it as it is.
  const stretch = Math.max(scale, 1)
  const reach = cubicReach * stretch
  const stride = Math.ceil(reach) * 2 + 1
  const first = new Int32Array(length)
  const count = new Int32Array(length)
  const weights = new Int32Array(length * stride)
  const exact = new Float64Array(stride)
  for (let i = 0; i < length; i++) {
    const centre = (from + i + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - reach + 0.5))
    const n = Math.min(inSize, Math.trunc(centre + reach + 0.5)) - start
    let sum = 0
    for (let k = 0; k < n; k++) {
      const weight = cubic((k + start - centre + 0.5) / stretch)
      exact[k] = weight
      sum += weight
    }
    for (let k = 0; k < n; k++) {
      const weight = ((exact[k] ?? 0) / sum) * (1 << precisionBits)
      weights[i * stride + k] = Math.trunc(weight + (weight < 0 ? -0.5 : 0.5))
    }
    first[i] = start
    count[i] = n
  }
  return { first, count, weights, stride }
}

/** Multiplications between two yields: a few milliseconds. */
const bandCost = 4_000_000

/**
 * The part `window` of what Pillow's `resize((width, height), BICUBIC)` makes of `image`, bit for bit: two
 * passes, rows first, each rounded to 8 bits, with fixed-point weights. Only the pixels that the window needs
 * are computed. A generator, so that a large picture need not hold up the event loop: it yields every few
 * milliseconds and returns the RGB bytes.
 */
export function* resampleBicubic(
  image: RgbImage,
  target: { readonly width: number; readonly height: number },
  window: Window,
): Generator<undefined, Uint8Array, undefined> {
  const across = axisWeights(image.width, target.width, window.left, window.width)
  const down = axisWeights(image.height, target.height, window.top, window.height)
  const top = down.first[0] ?? 0
  const bottom = (down.first[window.height - 1] ?? 0) + (down.count[window.height - 1] ?? 0)
  // Uint8ClampedArray clamps to 0..255, which is Pillow's clip8.
  const rows = new Uint8ClampedArray((bottom - top) * window.width * 3)
  const band = Math.max(1, Math.floor(bandCost / (across.stride * window.width * 3)))
  for (let y = top; y < bottom; y += band) {
    if (y > top) yield
    resampleRows(
      image,
      y,
      Math.min(y + band, bottom),
      across,
      window.width,
      rows,
      (y - top) * window.width * 3,
    )
  }
  return resampleColumns(rows, top, down, window.width, window.height)
}

function resampleRows(
  image: RgbImage,
  top: number,
  bottom: number,
  axis: AxisWeights,
  width: number,
  out: Uint8ClampedArray,
  offset: number,
): void {
  const { pixels } = image
  const { first, count, weights, stride } = axis
  let at = offset
  for (let y = top; y < bottom; y++) {
    const row = y * image.width
    for (let x = 0; x < width; x++) {
      let r = half
      let g = half
      let b = half
      let p = (row + (first[x] as number)) * 3
      let k = x * stride
      for (const end = k + (count[x] as number); k < end; k++, p += 3) {
        const weight = weights[k] as number
        r = (r + Math.imul(pixels[p] as number, weight)) | 0
        g = (g + Math.imul(pixels[p + 1] as number, weight)) | 0
        b = (b + Math.imul(pixels[p + 2] as number, weight)) | 0
      }
      out[at] = r >> precisionBits
      out[at + 1] = g >> precisionBits
      out[at + 2] = b >> precisionBits
      at += 3
    }
  }
}

function resampleColumns(
  rows: Uint8ClampedArray,
  topRow: number,
  axis: AxisWeights,
  width: number,
  height: number,
): Uint8Array {
  const { first, count, weights, stride } = axis
  const rowBytes = width * 3
  const out = new Uint8ClampedArray(height * rowBytes)
  const sums = new Int32Array(rowBytes)
  for (let y = 0; y < height; y++) {
    sums.fill(half)
    let p = ((first[y] as number) - topRow) * rowBytes
    for (let k = y * stride, end = k + (count[y] as number); k < end; k++) {
      const weight = weights[k] as number
      for (let i = 0; i < rowBytes; i++, p++) {
        sums[i] = ((sums[i] as number) + Math.imul(rows[p] as number, weight)) | 0
      }
    }
    const at = y * rowBytes
    for (let i = 0; i < rowBytes; i++) out[at + i] = (sums[i] as number) >> precisionBits
  }
  return new Uint8Array(out.buffer)
}
