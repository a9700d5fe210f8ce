import sharp from 'sharp'
import type { Drawing } from './catalogue.js'
import { below, pick, type Random } from './random.js'

/** How a drawing is set on its square canvas. All lengths are fractions of the canvas's side. */
export interface Look {
  /** `none` = transparent; one colour = plain; two = a gradient from top left to bottom right. */
  readonly background: 'none' | readonly [string] | readonly [string, string]
  /** Side of the box that the drawing is fitted into. */
  readonly scale: number
  readonly left: number
  readonly top: number
  /** Turn about the canvas's centre, in degrees. */
  readonly turn: number
}

export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'gif'

/** Pictures of fewer bytes would fall to the default image rules, so they are encoded with more care. */
const minBytes = 5_200

/** A look drawn at random; a transparent one only where `transparent` asks for it. */
export function lookOf(random: Random, transparent: boolean): Look {
  const scale = 0.62 + 0.34 * random()
  return {
    scale,
    left: (1 - scale) * (0.15 + 0.7 * random()),
    top: (1 - scale) * (0.15 + 0.7 * random()),
    turn: Math.round(16 * random() - 8),
    background: transparent ? 'none' : backgroundOf(random),
  }
}

function backgroundOf(random: Random): readonly [string] | readonly [string, string] {
  const kind = random()
  if (kind < 0.35) return ['#ffffff']
  if (kind < 0.7) return [colourOf(random)]
  return [colourOf(random), colourOf(random)]
}

function colourOf(random: Random): string {
  const saturation = pick(random, [10, 30, 55, 80])
  const lightness = pick(random, [25, 55, 75, 88, 93])
  return `hsl(${below(random, 360)},${saturation}%,${lightness}%)`
}

/** The drawing on its canvas as an SVG document of `side` x `side` pixels. */
function svgOf(drawing: Drawing, look: Look, side: number): string {
  const box = `${drawing.left} ${drawing.top} ${drawing.width} ${drawing.height}`
  const inner = side * look.scale
  const place = `x="${look.left * side}" y="${look.top * side}" width="${inner}" height="${inner}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${side}" height="${side}">`,
    backgroundSvg(look.background),
    `<g transform="rotate(${look.turn} ${side / 2} ${side / 2})">`,
    `<svg ${place} viewBox="${box}">${drawing.body}</svg></g></svg>`,
  ].join('')
}

function backgroundSvg(background: Look['background']): string {
  if (background === 'none') return ''
  const [from, to] = background
  if (to === undefined) return `<rect width="100%" height="100%" fill="${from}"/>`
  const stops = `<stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/>`
  return `<defs><linearGradient id="canvas-fill" x2="1" y2="1">${stops}</linearGradient></defs><rect width="100%" height="100%" fill="url(#canvas-fill)"/>`
}

/** The picture as a file. Same arguments, same bytes (for one version of sharp). */
export async function encodePicture(
  drawing: Drawing,
  look: Look,
  side: number,
  format: PictureFormat,
): Promise<Buffer> {
  const frame = await sharp(Buffer.from(svgOf(drawing, look, side)))
    .png({ compressionLevel: 0 })
    .toBuffer()
  if (format === 'gif') {
    const turned = { ...look, turn: look.turn + 20 }
    const second = await sharp(Buffer.from(svgOf(drawing, turned, side)))
      .png({ compressionLevel: 0 })
      .toBuffer()
    return sharp([frame, second], { join: { animated: true } })
      .gif({ delay: [400, 400], loop: 0 })
      .toBuffer()
  }
  if (format === 'png') {
    const small = await sharp(frame).png({ compressionLevel: 6 }).toBuffer()
    return small.length >= minBytes ? small : sharp(frame).png({ compressionLevel: 0 }).toBuffer()
  }
  for (const quality of [85, 96, 100]) {
    const opaque = sharp(frame).flatten({ background: '#ffffff' })
    const file =
      format === 'jpeg'
        ? await opaque.jpeg({ quality, chromaSubsampling: quality > 90 ? '4:4:4' : '4:2:0' }).toBuffer()
        : await sharp(frame).webp({ quality, effort: 1 }).toBuffer()
    if (file.length >= minBytes || quality === 100) return file
  }
  throw new Error('unreachable: the last quality always returns')
}

/** A coloured sign without words: site logos, banners, buttons. PNG. */
export function encodeSign(width: number, height: number, colour: string): Promise<Buffer> {
  const stripes = [0.2, 0.5, 0.8].map(
    (x) => `<circle cx="${x * width}" cy="${height / 2}" r="${height / 4}" fill="#ffffff" opacity="0.7"/>`,
  )
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${colour}"/>${stripes.join('')}</svg>`
  return sharp(Buffer.from(svg)).png({ compressionLevel: 1 }).toBuffer()
}
