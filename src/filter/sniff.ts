/** Kind of a body by its own bytes. `html` stands for any text that is no SVG: pages, errors, JSON. */
const imageFormats = [
  'jpeg',
  'png',
  'gif',
  'webp',
  'avif',
  'bmp',
  'tiff',
  'svg',
  'heic',
  'ico',
  'html',
  'unknown',
] as const
export type ImageFormat = (typeof imageFormats)[number]

/** Formats that are decoded; every other one is refused with a reason. */
const decodedFormats = ['jpeg', 'png', 'gif', 'webp', 'avif', 'bmp'] as const
export type DecodedFormat = (typeof decodedFormats)[number]

export function isDecodedFormat(format: ImageFormat): format is DecodedFormat {
  return (decodedFormats as readonly string[]).includes(format)
}

/** Bytes after which `sniffImage` never changes its answer for a longer prefix. */
export const sniffBytes = 1024

/**
 * The format by magic number; the Content-Type is never asked. A file that begins as an image is that image,
 * whatever follows: a GIF with a page behind it is a GIF, a page with a GIF behind it is a page.
 *
 * @param prefix the first bytes, `sniffBytes` of them where the body is that long
 */
export function sniffImage(prefix: Uint8Array): { format: ImageFormat } {
  return { format: formatOf(prefix) }
}

const signatures: readonly [format: ImageFormat, bytes: readonly number[]][] = [
  ['jpeg', [0xff, 0xd8, 0xff]],
  ['png', [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['gif', [...Buffer.from('GIF87a')]],
  ['gif', [...Buffer.from('GIF89a')]],
  ['tiff', [0x49, 0x49, 0x2a, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2a]],
  ['tiff', [0x49, 0x49, 0x2b, 0x00]],
  ['tiff', [0x4d, 0x4d, 0x00, 0x2b]],
  ['ico', [0x00, 0x00, 0x01, 0x00]],
  ['ico', [0x00, 0x00, 0x02, 0x00]],
]

function formatOf(prefix: Uint8Array): ImageFormat {
  for (const [format, bytes] of signatures) if (startsWith(prefix, bytes)) return format
  if (ascii(prefix, 0, 4) === 'RIFF' && ascii(prefix, 8, 4) === 'WEBP') return 'webp'
  if (ascii(prefix, 4, 4) === 'ftyp') return brandOf(prefix)
  // 'BM' alone begins many a text: the header length must be one that exists, which has zero bytes.
  if (ascii(prefix, 0, 2) === 'BM' && isBitmapHeader(prefix)) return 'bmp'
  return textFormat(prefix)
}

/** ISO 14496-12 file type box: the major brand, else the compatible ones. */
function brandOf(prefix: Uint8Array): ImageFormat {
  const boxEnd = Math.min(prefix.length, view(prefix).getUint32(0), 256)
  const brands: string[] = []
  for (let at = 8; at + 4 <= boxEnd; at += 4) if (at !== 12) brands.push(ascii(prefix, at, 4))
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return 'avif'
  return brands.some((brand) => /^(?:hei[cmsx]|hev[cmsx]|mif[12]|msf1)$/.test(brand)) ? 'heic' : 'unknown'
}

function isBitmapHeader(prefix: Uint8Array): boolean {
  return prefix.length >= 18 && isBitmapHeaderLength(view(prefix).getUint32(14, true))
}

/** Lengths that the header of a BMP has behind its file header: OS/2 1.x (12), OS/2 2.x (16 to 64) and Windows. */
export function isBitmapHeaderLength(length: number): boolean {
  if (length === 12 || length === 42 || length === 46 || length === 108 || length === 124) return true
  return length >= 16 && length <= 64 && length % 4 === 0
}

/** Beginning of a page or a drawing, after a byte order mark, white space and comments. */
const markupStart =
  /^(?:<!doctype|<\?xml|<\?php|<!--|<(?:html|head|body|script|title|meta|div|p|a|h1|br|table|svg|svg:svg)[\s/>])/i

/**
 * SVG and text by what stands before the first binary byte, in UTF-8 or UTF-16. Gzip and other binary data are
 * unknown, and so is text in scripts beyond ASCII that does not begin like a page.
 */
function textFormat(prefix: Uint8Array): ImageFormat {
  const head = prefix.subarray(0, sniffBytes)
  const isUtf16 = startsWith(head, [0xff, 0xfe]) || startsWith(head, [0xfe, 0xff])
  const bytes = Buffer.from(isUtf16 ? head.filter((byte) => byte !== 0) : head)
  const binary = bytes.findIndex((byte) => byte < 0x20 && !textControls.has(byte))
  const text = bytes.toString('latin1', 0, binary < 0 ? bytes.length : binary)
  const start = text.replace(/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)/, '').trimStart()
  if (markupStart.test(start))
    return /<(?:svg:)?svg[\s>]/i.test(start) && !/<html[\s>]/i.test(start) ? 'svg' : 'html'
  return binary < 0 && bytes.length >= 8 && bytes.every((byte) => byte < 0x80) ? 'html' : 'unknown'
}

/** Tab, line feed, form feed, carriage return, escape. */
const textControls: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0c, 0x0d, 0x1b])

export function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return bytes.length >= start.length && start.every((byte, i) => bytes[i] === byte)
}

/** Text of `length` bytes at an offset; shorter where the bytes end. */
export function ascii(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length))
}

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
