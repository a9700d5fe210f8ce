import { isDecodedFormat, sniffImage } from './sniff.js'
import { isCut } from './truncation.js'

/** Whether a file is an image that is there to its end, by its own marks, of which a BMP has none. Pure. */
export function isWholeImage(bytes: Uint8Array): boolean {
  const { format } = sniffImage(bytes)
  return isDecodedFormat(format) && format !== 'bmp' && !isCut(bytes, format)
}
