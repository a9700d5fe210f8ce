import sharp from 'sharp'

/** Numbers in 0..1 that a seed decides (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const cells = 8

/** Coloured patches with grain: no number gives a picture that looks like another's. */
function patches(number: number, width: number, height: number) {
  const random = seeded(number)
  const grid = Buffer.from(Array.from({ length: cells * cells * 3 }, () => Math.floor(random() * 256)))
  const grain = Buffer.alloc(width * height * 3)
  for (let at = 0; at < grain.length; at++) grain[at] = Math.floor(random() * 64)
  return sharp(grid, { raw: { width: cells, height: cells, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .composite([{ input: grain, raw: { width, height, channels: 3 }, blend: 'add' }])
}

/** The JPEG of a number; over 5,000 bytes from 200 pixels a side on. */
export async function photo(number: number, width = 240, height = 220, quality = 80): Promise<Buffer> {
  return await patches(number, width, height).jpeg({ quality }).toBuffer()
}

export async function photoAsPng(number: number): Promise<Buffer> {
  return await patches(number, 240, 220).png().toBuffer()
}

/** As many photos, from a first number on. */
export async function photos(first: number, count: number): Promise<Buffer[]> {
  const all: Buffer[] = []
  for (let n = 0; n < count; n += 8) {
    const some = Array.from({ length: Math.min(8, count - n) }, (_, i) => photo(first + n + i))
    all.push(...(await Promise.all(some)))
  }
  return all
}

const things = 'kite otter lantern canoe violin teapot saddle anchor falcon cactus barrel wagon'.split(' ')
const places = 'harbour meadow kitchen station garden valley market island workshop orchard'.split(' ')
const looks = 'small wooden bright old striped heavy quiet broken painted shining round'.split(' ')

/** A sentence that no other number below 1,320 gives, and that no text rule minds. */
export function sentence(number: number): string {
  const thing = things[number % things.length]
  const place = places[Math.floor(number / things.length) % places.length]
  const look = looks[Math.floor(number / (things.length * places.length)) % looks.length]
  return `The ${look} ${thing} that stands beside the ${place}`
}
