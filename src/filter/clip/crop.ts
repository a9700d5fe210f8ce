import { setImmediate } from 'node:timers/promises'
import type { Preprocessing } from './preprocess.js'
import { type RgbImage, resampleBicubic, type Window } from './resample.js'

/**
 * Reduction factors at which libvips' cubic kernel stays within a mean of 0.25 of 255 of Pillow's, at a
 * fraction of the time. From 4 on libvips averages whole boxes first (mean error up to 1.5), and scaling up it
 * uses another method (2 to 12).
 */
const vipsFactors = { min: 1, below: 4 }

/** Python's `round`: a half goes to the even neighbour, as in torchvision's centre crop. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

/** Where the model's crop lies in the resized picture, and how large that is. */
interface CropPlan {
  readonly width: number
  readonly height: number
  readonly window: Window
  /** `vips` where it is exact enough, else `exact`. */
  readonly method: 'vips' | 'exact'
}

/** Shorter side to `resizeSide`, the longer one truncated as torchvision does, then the centre. */
export function planCrop(
  image: { readonly width: number; readonly height: number },
  { resizeSide, cropSide }: Pick<Preprocessing, 'resizeSide' | 'cropSide'>,
): CropPlan {
  const shorter = Math.min(image.width, image.height)
  const width = Math.trunc((resizeSide * image.width) / shorter)
  const height = Math.trunc((resizeSide * image.height) / shorter)
  const factors = [image.width / width, image.height / height]
  const suits = factors.every((f) => f >= vipsFactors.min && f < vipsFactors.below)
  return {
    width,
    height,
    window: {
      left: roundHalfEven((width - cropSide) / 2),
      top: roundHalfEven((height - cropSide) / 2),
      width: cropSide,
      height: cropSide,
    },
    method: suits ? 'vips' : 'exact',
  }
}

/**
 * The model's view of a picture, still in 8 bits: shorter side to `resizeSide` (antialiased bicubic, as Pillow
 * does it), then the centre `cropSide` x `cropSide`. Returns RGB, `cropSide * cropSide * 3` bytes, in shared
 * memory, so that another thread can read them without a copy.
 */
export async function cropForModel(image: RgbImage, preprocessing: Preprocessing): Promise<Uint8Array> {
  const plan = planCrop(image, preprocessing)
  const bytes = plan.method === 'vips' ? await cropByVips(image, plan) : await cropExactly(image, plan)
  return sharedCopy(bytes)
}

async function cropByVips(image: RgbImage, plan: CropPlan): Promise<Uint8Array> {
  const { width, height } = image
  // Loaded, and set up, by the decoding of the picture.
  const { sharp } = await import('../sharp.js')
  return sharp(image.pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize(plan.width, plan.height, { kernel: 'cubic', fit: 'fill' })
    .extract(plan.window)
    .raw()
    .toBuffer()
}

async function cropExactly(image: RgbImage, plan: CropPlan): Promise<Uint8Array> {
  const steps = resampleBicubic(image, plan, plan.window)
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value
    await setImmediate()
  }
}

/** The bytes in shared memory: themselves where they lie there, else a copy. */
export function sharedCopy(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}
