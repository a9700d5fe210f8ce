import type { Catalogue } from './catalogue.js'
import { encodePicture, encodeSign } from './picture.js'
import type { ServedImage } from './server.js'
import type { HostPlan, ImageFile } from './site.js'

const maxCacheBytes = 32 * 1024 * 1024

/** Encodes image files when they are first asked for, and keeps the latest ones, up to 32 MiB. */
export function createImages(
  catalogue: Catalogue,
  maxBytes = maxCacheBytes,
): (host: HostPlan, file: ImageFile) => Promise<ServedImage> {
  /** In the order of last use. */
  const cache = new Map<ImageFile, ServedImage>()
  const underWay = new Map<ImageFile, Promise<ServedImage>>()
  let bytes = 0
  const keep = (file: ImageFile, image: ServedImage) => {
    cache.set(file, image)
    bytes += image.bytes.length
    for (const [oldest, { bytes: gone }] of cache) {
      if (bytes <= maxBytes) break
      cache.delete(oldest)
      bytes -= gone.length
    }
  }
  return async (host, file) => {
    const known = cache.get(file)
    if (known !== undefined) {
      cache.delete(file)
      cache.set(file, known)
      return known
    }
    const waiting = underWay.get(file)
    if (waiting !== undefined) return waiting
    const work = encode(catalogue, host, file)
    underWay.set(file, work)
    try {
      const image = await work
      keep(file, image)
      return image
    } finally {
      underWay.delete(file)
    }
  }
}

async function encode(catalogue: Catalogue, host: HostPlan, file: ImageFile): Promise<ServedImage> {
  switch (file.kind) {
    case 'not_image':
      return {
        contentType: 'image/jpeg',
        bytes: Buffer.from('<!doctype html><title>Sorry</title><p>This picture moved.'),
      }
    case 'sign':
      return { contentType: 'image/png', bytes: await encodeSign(file.width, file.height, file.colour) }
    case 'picture': {
      const drawing = catalogue.drawings.get(host.style)?.get(file.subject)
      if (drawing === undefined) throw new Error(`${host.style} does not draw ${file.subject}`)
      const bytes = await encodePicture(drawing, file.look, file.side, file.format)
      return {
        contentType: `image/${file.format}`,
        bytes: file.whole < 1 ? bytes.subarray(0, Math.floor(bytes.length * file.whole)) : bytes,
      }
    }
  }
}
