import { createRequire } from 'node:module'

// As CommonJS it is loaded with less work than its ES modules.
const sharp = createRequire(import.meta.url)('sharp') as typeof import('sharp')['default']

// No image is read twice: what the library would remember of one is never asked for.
sharp.cache(false)

/** First bytes of a file of each format, and where they stand; the library's own name of the format. */
const signatures = [
  { format: 'jpeg', at: 0, bytes: Buffer.from([0xff, 0xd8, 0xff]) },
  { format: 'png', at: 0, bytes: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1') },
  { format: 'webp', at: 8, bytes: Buffer.from('WEBP') },
]

interface WholePicture {
  readonly format: string
  readonly width: number
  readonly height: number
}

/** Decodes every pixel: a header can be whole where the image is cut. Throws what the library throws. */
export async function wholePicture(bytes: Uint8Array): Promise<WholePicture> {
  const image = sharp(bytes, { failOn: 'warning' })
  const signed = signatures.find((one) => one.bytes.equals(bytes.subarray(one.at, one.at + one.bytes.length)))
  // To ask the library is a quarter of the work.
  const format = signed?.format ?? (await image.metadata()).format
  const { info } = await image.raw().toBuffer({ resolveWithObject: true })
  return { format, width: info.width, height: info.height }
}
