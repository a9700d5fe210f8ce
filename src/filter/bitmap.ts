import type { BitmapHeader, Masks } from './bitmap-header.js'
import { view } from './sniff.js'

/** RGB on white, rows from the top, three bytes a pixel; `truncated`: rows are missing. */
type BitmapPixels = Uint8Array | 'truncated'

/**
 * The pixels of a BMP, which the image library does not read. The header's size was judged before: this lays out three bytes for each pixel that it
 * names, whatever the file holds. Never throws, whatever the bytes.
 */
export function bitmapPixels(bytes: Uint8Array, header: BitmapHeader): BitmapPixels {
  return header.coding === 'plain' ? plainPixels(bytes, header) : runPixels(bytes, header)
}

/** Where row `y` of the file begins in the picture. */
const rowStart = ({ width, height, fromTop }: BitmapHeader, y: number): number =>
  3 * width * (fromTop ? y : height - 1 - y)

function plainPixels(bytes: Uint8Array, header: BitmapHeader): BitmapPixels {
  const { width, height, depth, offset } = header
  const rowBytes = Math.ceil((width * depth) / 8)
  const stride = Math.ceil(rowBytes / 4) * 4
  // The last row's padding may be missing.
  if (offset + (height - 1) * stride + rowBytes > bytes.length) return 'truncated'
  const pixels = new Uint8Array(3 * width * height)
  const readRow = rowReader(bytes, header)
  for (let y = 0; y < height; y++) readRow(offset + y * stride, pixels, rowStart(header, y))
  return pixels
}

/** Writes the row that begins at byte `from` to `pixels` from byte `to` on. */
type ReadRow = (from: number, pixels: Uint8Array, to: number) => void

function rowReader(bytes: Uint8Array, header: BitmapHeader): ReadRow {
  const { width, depth, palette } = header
  if (depth === 24)
    return (from, pixels, to) => {
      for (let x = 0; x < 3 * width; x += 3) {
        pixels[to + x] = bytes[from + x + 2] ?? 0
        pixels[to + x + 1] = bytes[from + x + 1] ?? 0
        pixels[to + x + 2] = bytes[from + x] ?? 0
      }
    }
  if (depth > 8) return maskedReader(bytes, header)
  const perByte = 8 / depth
  const top = 2 ** depth - 1
  return (from, pixels, to) => {
    for (let x = 0; x < width; x++) {
      const shift = 8 - depth * ((x % perByte) + 1)
      const colour = ((bytes[from + Math.floor(x / perByte)] ?? 0) >> shift) & top
      paint(pixels, to + 3 * x, palette, colour)
    }
  }
}

function maskedReader(bytes: Uint8Array, header: BitmapHeader): ReadRow {
  const { width, depth } = header
  const data = view(bytes)
  const masks = withoutEmptyAlpha(bytes, header)
  const [red, green, blue] = [channel(masks.red), channel(masks.green), channel(masks.blue)]
  const alpha = masks.alpha === 0 ? null : channel(masks.alpha)
  return (from, pixels, to) => {
    for (let x = 0; x < width; x++) {
      const value = depth === 16 ? data.getUint16(from + 2 * x, true) : data.getUint32(from + 4 * x, true)
      const opacity = alpha === null ? 255 : alpha(value)
      pixels[to + 3 * x] = onWhite(red(value), opacity)
      pixels[to + 3 * x + 1] = onWhite(green(value), opacity)
      pixels[to + 3 * x + 2] = onWhite(blue(value), opacity)
    }
  }
}

/** Many writers leave the alpha of every pixel at 0 and mean an opaque picture. */
function withoutEmptyAlpha(bytes: Uint8Array, { width, height, depth, masks, offset }: BitmapHeader): Masks {
  if (masks.alpha === 0) return masks
  const data = view(bytes)
  const step = depth / 8
  const stride = Math.ceil((width * step) / 4) * 4
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = offset + y * stride; x < width; x++, at += step) {
      const value = step === 2 ? data.getUint16(at, true) : data.getUint32(at, true)
      if ((value & masks.alpha) !== 0) return masks
    }
  }
  return { ...masks, alpha: 0 }
}

/** Takes a channel out of a pixel and brings it to 0..255; a mask of no bits gives 0. */
function channel(mask: number): (value: number) => number {
  if (mask === 0) return () => 0
  const shift = 31 - Math.clz32(mask & -mask)
  const most = mask >>> shift
  return (value) => Math.round((((value & mask) >>> shift) * 255) / most)
}

const onWhite = (value: number, opacity: number): number =>
  opacity === 255 ? value : Math.round((value * opacity + 255 * (255 - opacity)) / 255)

function paint(pixels: Uint8Array, to: number, palette: Uint8Array, colour: number): void {
  pixels[to] = palette[3 * colour] ?? 0
  pixels[to + 1] = palette[3 * colour + 1] ?? 0
  pixels[to + 2] = palette[3 * colour + 2] ?? 0
}

/**
 * Run-length coded pixels: pairs of a count and a colour, or 0 and a code: end of row, end of picture, a move, or as many
 * single colours as it says. They only go on, so no pixel is painted twice, whatever the file says. What none of them reaches
 * stays white.
 */
function runPixels(bytes: Uint8Array, header: BitmapHeader): BitmapPixels {
  const { width, height, coding, offset } = header
  const pixels = new Uint8Array(3 * width * height).fill(255)
  const paintRun = runPainter(bytes, header, pixels)
  let at = offset
  let x = 0
  let y = 0
  while (at + 1 < bytes.length && y < height) {
    const count = bytes[at] ?? 0
    const code = bytes[at + 1] ?? 0
    if (count > 0) {
      const end = at + 1 + (coding === 'rle24' ? 3 : 1)
      if (end > bytes.length) break
      paintRun(at + 1, count, x, y, true)
      x += count
      at = end
    } else if (code === 0) {
      x = 0
      y++
      at += 2
    } else if (code === 1) {
      return pixels
    } else if (code === 2) {
      x += bytes[at + 2] ?? 0
      y += bytes[at + 3] ?? 0
      at += 4
    } else {
      const size = coding === 'rle4' ? Math.ceil(code / 2) : coding === 'rle24' ? 3 * code : code
      if (at + 2 + size > bytes.length) break
      paintRun(at + 2, code, x, y, false)
      x += code
      at += 2 + size + (size % 2)
    }
  }
  // Without its end mark it is whole where all its rows are there.
  return y >= height || (y === height - 1 && x >= width) ? pixels : 'truncated'
}

/** Paints `count` pixels of row `y` from `x` on; `isOne`: they have one colour (of 16 colours two in turn), else each its own. */
type PaintRun = (from: number, count: number, x: number, y: number, isOne: boolean) => void

function runPainter(bytes: Uint8Array, header: BitmapHeader, pixels: Uint8Array): PaintRun {
  const { width, coding, palette } = header
  return (from, count, x, y, isOne) => {
    const end = Math.min(count, width - x)
    const to = rowStart(header, y) + 3 * x
    for (let i = 0; i < end; i++) {
      if (coding === 'rle24') {
        const at = isOne ? from : from + 3 * i
        for (let c = 0; c < 3; c++) pixels[to + 3 * i + c] = bytes[at + 2 - c] ?? 0
      } else if (coding === 'rle8') {
        paint(pixels, to + 3 * i, palette, bytes[isOne ? from : from + i] ?? 0)
      } else {
        const pair = bytes[isOne ? from : from + (i >> 1)] ?? 0
        paint(pixels, to + 3 * i, palette, i % 2 === 0 ? pair >> 4 : pair & 15)
      }
    }
  }
}
