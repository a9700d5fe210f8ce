import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'

/**
 * Version of everything between decoded pixels and the model's input. It is part of a model's id: raise it
 * whenever the same picture would give another tensor.
 */
export const preprocessVersion = 'pre1'

/** How a model wants its pictures: what `preprocessor_config.json` says, as far as it matters. */
export interface Preprocessing {
  /** Pixels of the shorter side after resizing; at least `cropSide`. */
  readonly resizeSide: number
  /** Pixels of each side of the centre crop: the model's input. */
  readonly cropSide: number
  /** Factor from 8-bit values to the range of `mean` and `std`; 1/255 for CLIP. */
  readonly rescale: number
  /** Per channel R, G, B, after `rescale`. */
  readonly mean: readonly [number, number, number]
  readonly std: readonly [number, number, number]
}

const side = z.number().int().min(16).max(2048)
const triple = z.tuple([z.number(), z.number(), z.number()])
const square = z
  .object({ width: side, height: side })
  .refine((s) => s.width === s.height, 'must be square')
  .transform((s) => s.width)

// The hub's older files have plain numbers where newer ones have objects.
const configSchema = z.object({
  do_resize: z.literal(true, 'must be true').default(true),
  do_center_crop: z.literal(true, 'must be true').default(true),
  do_rescale: z.boolean().default(true),
  do_normalize: z.boolean().default(true),
  resample: z.literal(3, 'must be 3 (bicubic)').default(3),
  size: z.union([side, z.object({ shortest_edge: side }).transform((s) => s.shortest_edge), square]),
  crop_size: z.union([side, square]),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  image_mean: triple,
  image_std: triple.refine((std) => std.every((s) => s > 0), 'must be positive'),
})

/** Reads the text of a `preprocessor_config.json`; the error is one line, for people. */
export function parsePreprocessing(text: string): Preprocessing | { readonly error: string } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    return { error: `is no JSON (${cause instanceof Error ? cause.message : String(cause)})` }
  }
  const parsed = configSchema.safeParse(json)
  if (!parsed.success) {
    return {
      error: parsed.error.issues.map((i) => `${i.path.join('.') || 'the file'}: ${i.message}`).join('; '),
    }
  }
  const config = parsed.data
  if (config.size < config.crop_size) {
    return { error: `crop_size (${config.crop_size}) is larger than size (${config.size})` }
  }
  return {
    resizeSide: config.size,
    cropSide: config.crop_size,
    rescale: config.do_rescale ? config.rescale_factor : 1,
    mean: config.do_normalize ? config.image_mean : [0, 0, 0],
    std: config.do_normalize ? config.image_std : [1, 1, 1],
  }
}

/** Values of CLIP's own `preprocessor_config.json` (https://github.com/openai/CLIP, `_transform`). */
const clipOwn: Preprocessing = {
  resizeSide: 224,
  cropSide: 224,
  rescale: 1 / 255,
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
}

/** How the numbers are named in the file. */
const fieldNames: Readonly<Record<keyof Preprocessing, string>> = {
  resizeSide: 'size',
  cropSide: 'crop_size',
  rescale: 'rescale_factor',
  mean: 'image_mean',
  std: 'image_std',
}

/** Fault in the text of CLIP's own `preprocessor_config.json`, one line for people; null = none. */
export function clipPreprocessingFault(text: string): string | null {
  const parsed = parsePreprocessing(text)
  if ('error' in parsed) return parsed.error
  const keys = Object.keys(fieldNames) as (keyof Preprocessing)[]
  const other = keys.filter((key) => !isDeepStrictEqual(parsed[key], clipOwn[key]))
  if (other.length === 0) return null
  const told = other.map(
    (key) => `${fieldNames[key]} is ${shown(parsed[key])}, where CLIP's is ${shown(clipOwn[key])}`,
  )
  return told.join('; ')
}

const shown = (value: Preprocessing[keyof Preprocessing]): string => JSON.stringify(value)
