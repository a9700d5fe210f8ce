import { bitmapHeader } from './bitmap-header.js'
import { mendedGif } from './mended-gif.js'
import { hasAllRows } from './mended-png.js'
import { isDecodedFormat, sniffImage } from './sniff.js'
import { isCut } from './truncation.js'

/**
 * Whether all of the picture that is shown of a file is there: by its own end marks, or where its format says how much that is, by the data. Asked
 * where a body ended otherwise than its head said. Pure.
 */
export function isWholeImage(bytes: Uint8Array): boolean {
  const { format } = sniffImage(bytes)
  if (!isDecodedFormat(format)) return false
  if (format === 'bmp') return isWholeBitmap(bytes)
  if (!isCut(bytes, format)) return true
  return format === 'gif' ? mendedGif(bytes) !== null : format === 'png' && hasAllRows(bytes)
}

/** Of run-length coded rows nothing but their end mark says how many there are. */
function isWholeBitmap(bytes: Uint8Array): boolean {
  const header = bitmapHeader(bytes)
  if (header === null) return false
  const { width, height, depth, offset, coding } = header
  if (coding !== 'plain') return bytes.at(-2) === 0 && bytes.at(-1) === 1
  const rowBytes = Math.ceil((width * depth) / 8)
  return offset + (height - 1) * Math.ceil(rowBytes / 4) * 4 + rowBytes <= bytes.length
}
