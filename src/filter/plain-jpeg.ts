import type { ImageSize } from './dimensions.js'
import { ascii, view } from './sniff.js'

/**
 * The dimensions of a JPEG that has no EXIF block before its data, so that nothing turns it and there is nothing to tell of it; null =
 * it has one, or is no such JPEG as far as this walk over its segments (ITU T.81, B.1.1) can see. Never throws, whatever the bytes.
 */
export function plainJpegSize(bytes: Uint8Array): ImageSize | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null
  let size: ImageSize | null = null
  let at = 2
  for (;;) {
    if (bytes[at] !== 0xff) return null
    while (bytes[at] === 0xff) at++
    const marker = bytes[at++] ?? 0
    // Start of scan ends the head. Without a length are RST, SOI, EOI and TEM, which have no place here.
    if (marker === 0xda) return size
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd9) || at + 8 > bytes.length) return null
    // SOF0 to SOF15, of which 4, 8 and 12 are other markers (B.1.1.3).
    if (marker === 0xc0 || (marker <= 0xcf && marker % 4 !== 0)) {
      // B.2.2: precision, then height and width. A second frame header is no plain JPEG; a height of 0 comes later (B.2.5).
      const data = view(bytes)
      const height = data.getUint16(at + 3)
      const width = data.getUint16(at + 5)
      if (size !== null || height === 0 || width === 0) return null
      size = { width, height }
    } else if (marker === 0xe1 && /^exif/i.test(ascii(bytes, at + 2, 4))) {
      return null
    }
    const length = view(bytes).getUint16(at)
    if (length < 2) return null
    at += length
  }
}
