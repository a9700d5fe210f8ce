import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'

/**
 * Pictures of soft random colour fields with camera-like noise: a JPEG of 1280 x 864 takes 108 KB, no two share a
 * perceptual hash, and number i is the same on every machine.
 */
const noiseSigma = 5.4
const quality = 80
const grid = { width: 9, height: 6 }

/** The 9 x 6 random colours that picture `number` is stretched from. */
function coloursOf(number) {
  let state = Math.imul(number + 1, 2654435761) >>> 0
  return Buffer.from(
    Array.from({ length: grid.width * grid.height * 3 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state >>> 24
    }),
  )
}

async function picture(number, size, noise) {
  const field = await sharp(coloursOf(number), { raw: { ...grid, channels: 3 } })
    .resize(size.width, size.height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
  const turn = (number * 7919) % noise.length
  const clamped = new Uint8ClampedArray(field.buffer, field.byteOffset, field.length)
  for (let i = 0; i < clamped.length; i += 1) clamped[i] += noise[(i + turn) % noise.length] - 128
  return sharp(field, { raw: { ...size, channels: 3 } })
    .jpeg({ quality })
    .toBuffer()
}

/** Seeded normal noise around 128, so that the files are equal everywhere. */
function noiseOf(bytes) {
  const noise = Buffer.alloc(bytes)
  let state = 42
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state + 1) / 2 ** 32
  }
  for (let i = 0; i < bytes; i += 1) {
    const normal = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
    noise[i] = Math.round(128 + noiseSigma * normal)
  }
  return noise
}

/**
 * Fills `folder` with 0.jpg to (count-1).jpg; what is there already is kept.
 * @param {string} folder
 * @param {number} count
 * @param {{ width: number, height: number }} size
 */
export async function makePictures(folder, count, size) {
  await mkdir(folder, { recursive: true })
  const noise = noiseOf(size.width * size.height * 3)
  let next = 0
  const makeOneAfterAnother = async () => {
    while (next < count) {
      const number = next
      next += 1
      const path = join(folder, `${number}.jpg`)
      if (existsSync(path)) continue
      await writeFile(`${path}.tmp`, await picture(number, size, noise))
      await rename(`${path}.tmp`, path)
    }
  }
  await Promise.all([makeOneAfterAnother(), makeOneAfterAnother()])
}
