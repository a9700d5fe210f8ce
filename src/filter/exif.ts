import { ascii, view } from './sniff.js'

/** Tags that are kept, under the names that exifread (and so img2dataset) gives them. */
const imageTags: ReadonlyMap<number, string> = new Map([
  [0x010e, 'Image ImageDescription'],
  [0x010f, 'Image Make'],
  [0x0110, 'Image Model'],
  [0x0112, 'Image Orientation'],
  [0x011a, 'Image XResolution'],
  [0x011b, 'Image YResolution'],
  [0x0128, 'Image ResolutionUnit'],
  [0x0131, 'Image Software'],
  [0x0132, 'Image DateTime'],
  [0x013b, 'Image Artist'],
  [0x8298, 'Image Copyright'],
])

const cameraTags: ReadonlyMap<number, string> = new Map([
  [0x829a, 'EXIF ExposureTime'],
  [0x829d, 'EXIF FNumber'],
  [0x8822, 'EXIF ExposureProgram'],
  [0x8827, 'EXIF ISOSpeedRatings'],
  [0x9003, 'EXIF DateTimeOriginal'],
  [0x9004, 'EXIF DateTimeDigitized'],
  [0x9201, 'EXIF ShutterSpeedValue'],
  [0x9202, 'EXIF ApertureValue'],
  [0x9204, 'EXIF ExposureBiasValue'],
  [0x9205, 'EXIF MaxApertureValue'],
  [0x9206, 'EXIF SubjectDistance'],
  [0x9207, 'EXIF MeteringMode'],
  [0x9208, 'EXIF LightSource'],
  [0x9209, 'EXIF Flash'],
  [0x920a, 'EXIF FocalLength'],
  [0xa001, 'EXIF ColorSpace'],
  [0xa002, 'EXIF ExifImageWidth'],
  [0xa003, 'EXIF ExifImageLength'],
  [0xa402, 'EXIF ExposureMode'],
  [0xa403, 'EXIF WhiteBalance'],
  [0xa404, 'EXIF DigitalZoomRatio'],
  [0xa405, 'EXIF FocalLengthIn35mmFilm'],
  [0xa406, 'EXIF SceneCaptureType'],
  [0xa433, 'EXIF LensMake'],
  [0xa434, 'EXIF LensModel'],
])

const cameraDirectoryTag = 0x8769
/** Real directories have some dozens of entries; a claim of 65,535 is not walked. */
const maxEntries = 200
const maxValueChars = 200

/**
 * An EXIF block as a JSON object string of string values, `{}` where there is none or none that can be read.
 * Fractions as `1/60`, several numbers as `[1, 2]`. At most the 36 tags above and 200 characters each. Left out on
 * purpose: thumbnails, maker notes, position (GPS), and serial numbers and owners of cameras, which tell of
 * persons and not of pictures. Never throws, whatever the bytes.
 *
 * @param block a TIFF structure, with or without the leading `Exif\0\0`; undefined = the file has none
 */
export function exifJson(block: Uint8Array | undefined): string {
  if (block === undefined) return '{}'
  const tiff = ascii(block, 0, 6) === 'Exif\0\0' ? block.subarray(6) : block
  const order = ascii(tiff, 0, 2)
  if (tiff.length < 8 || (order !== 'II' && order !== 'MM')) return '{}'
  const reader: TiffReader = { bytes: tiff, data: view(tiff), little: order === 'II' }
  const found = new Map<string, string>()
  const camera = readDirectory(reader, reader.data.getUint32(4, reader.little), imageTags, found)
  if (camera !== null) readDirectory(reader, camera, cameraTags, found)
  return JSON.stringify(Object.fromEntries(found))
}

interface TiffReader {
  readonly bytes: Uint8Array
  readonly data: DataView
  readonly little: boolean
}

/** Reads one directory (TIFF 6.0, section 2) and answers where the camera's own begins; null = there is none. */
function readDirectory(
  reader: TiffReader,
  start: number,
  names: ReadonlyMap<number, string>,
  into: Map<string, string>,
): number | null {
  const { bytes, data, little } = reader
  if (start + 2 > bytes.length) return null
  const entries = Math.min(data.getUint16(start, little), maxEntries)
  let camera: number | null = null
  for (let i = 0; i < entries; i++) {
    const at = start + 2 + 12 * i
    if (at + 12 > bytes.length) break
    const tag = data.getUint16(at, little)
    if (tag === cameraDirectoryTag) camera = data.getUint32(at + 8, little)
    const name = names.get(tag)
    const value = name === undefined ? null : readValue(reader, at)
    if (name !== undefined && value !== null && value !== '') into.set(name, value)
  }
  return camera
}

/** Bytes of one value of each TIFF type that is read: byte, ascii, short, long, rational, signed long and rational. */
const typeBytes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 9: 4, 10: 8 }

function readValue({ bytes, data, little }: TiffReader, at: number): string | null {
  const type = data.getUint16(at + 2, little)
  const count = data.getUint32(at + 4, little)
  const size = typeBytes[type]
  if (size === undefined || count === 0 || count * size > bytes.length) return null
  const start = count * size <= 4 ? at + 8 : data.getUint32(at + 8, little)
  if (start + count * size > bytes.length) return null
  if (type === 2) return readText(bytes.subarray(start, start + Math.min(count, 4 * maxValueChars)))
  const values: string[] = []
  for (let i = 0; i < Math.min(count, 16); i++) values.push(readNumber(data, type, start + i * size, little))
  return values.length === 1 ? (values[0] ?? null) : `[${values.join(', ')}]`
}

function readNumber(data: DataView, type: number, at: number, little: boolean): string {
  switch (type) {
    case 1:
      return String(data.getUint8(at))
    case 3:
      return String(data.getUint16(at, little))
    case 4:
      return String(data.getUint32(at, little))
    case 5:
      return fraction(data.getUint32(at, little), data.getUint32(at + 4, little))
    case 9:
      return String(data.getInt32(at, little))
    default:
      return fraction(data.getInt32(at, little), data.getInt32(at + 4, little))
  }
}

/** In lowest terms; a denominator of 1 is not written, one of 0 is kept as it stands. */
function fraction(over: number, under: number): string {
  let a = Math.abs(over)
  let b = Math.abs(under)
  while (b !== 0) [a, b] = [b, a % b]
  if (under === 0 || a === 0) return `${over}/${under}`
  return under / a === 1 ? String(over / a) : `${over / a}/${under / a}`
}

/** To the first NUL; UTF-8 where it is, else Latin-1; control characters and outer spaces dropped. */
function readText(raw: Uint8Array): string {
  const end = raw.indexOf(0)
  const bytes = Buffer.from(end < 0 ? raw : raw.subarray(0, end))
  const utf8 = bytes.toString('utf8')
  const text = utf8.includes('\ufffd') ? bytes.toString('latin1') : utf8
  return [...text.replace(/\p{Cc}+/gu, ' ').trim()].slice(0, maxValueChars).join('')
}
