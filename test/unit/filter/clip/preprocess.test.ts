import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { cropForModel, planCrop } from '../../../../src/filter/clip/crop.js'
import { createNormalise } from '../../../../src/filter/clip/normalise.js'
import { type Preprocessing, parsePreprocessing } from '../../../../src/filter/clip/preprocess.js'
import { type RgbImage, resampleBicubic } from '../../../../src/filter/clip/resample.js'
import { sharedPath, unlessMissing } from '../../../fixtures/filter/clip/shared-files.js'

const clip: Preprocessing = {
  resizeSide: 224,
  cropSide: 224,
  rescale: 1 / 255,
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
}

function finish<T>(steps: Generator<undefined, T, undefined>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

async function decode(path: string): Promise<RgbImage> {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  return { pixels: data, width: info.width, height: info.height }
}

/** The float32 values of a .npy file. */
function readNpy(path: string): Float32Array {
  const bytes = readFileSync(path)
  const start = 10 + bytes.readUInt16LE(8)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length))
}

/** Mean distance between our tensor and CLIP's, in steps of 8-bit values. */
function meanError(pixels: Uint8Array, golden: Float32Array): number {
  const tensor = new Float32Array(golden.length)
  createNormalise(clip)(pixels, tensor, 0)
  const plane = tensor.length / 3
  const distance = tensor.reduce(
    (sum, v, i) => sum + Math.abs(v - golden[i]!) * clip.std[Math.floor(i / plane)]! * 255,
    0,
  )
  return distance / tensor.length
}

const golden = unlessMissing('golden')
const photos = golden.missing
  ? []
  : [
      ...readdirSync(sharedPath('golden/clip-vit-b32'))
        .filter((f) => f.endsWith('.jpg'))
        .map((f) => sharedPath(`golden/clip-vit-b32/${f}`)),
      sharedPath('golden/preprocess/franz-kafka.jpg'),
    ]
const tensorOf = (photo: string) =>
  readNpy(
    photo.endsWith('franz-kafka.jpg')
      ? sharedPath('golden/preprocess/expected_preprocessed_image.npy')
      : photo.replace('.jpg', '.image_tensor.npy'),
  )

describe.skipIf(golden.missing)(`the tensors that CLIP itself makes of photos${golden.note}`, () => {
  test('there are seven photos and one more', () => expect(photos).toHaveLength(8))

  test.each(photos.map((p) => [basename(p), p]))('%s: within 0.3 of 255 on average', async (_, photo) => {
    const pixels = await cropForModel(await decode(photo), clip)
    expect(meanError(pixels, tensorOf(photo))).toBeLessThanOrEqual(0.3)
  })

  test.each(photos.map((p) => [basename(p), p]))('%s: the exact method has no error', async (_, photo) => {
    const image = await decode(photo)
    const plan = planCrop(image, clip)
    expect(meanError(finish(resampleBicubic(image, plan, plan.window)), tensorOf(photo))).toBeLessThan(1e-4)
  })
})

const rgb = (width: number, height: number) =>
  fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })

describe('bicubic resampling', () => {
  test('a picture at its own size stays as it is', () => {
    fc.assert(
      fc.property(rgb(9, 7), (pixels) => {
        const size = { width: 9, height: 7 }
        const same = finish(resampleBicubic({ pixels, ...size }, size, { left: 0, top: 0, ...size }))
        expect(same).toEqual(pixels)
      }),
    )
  })

  test('one colour stays that colour, at any size', () => {
    const side = fc.integer({ min: 1, max: 40 })
    fc.assert(
      fc.property(side, side, side, side, fc.nat(255), (w, h, width, height, value) => {
        const image = { pixels: new Uint8Array(w * h * 3).fill(value), width: w, height: h }
        const out = finish(resampleBicubic(image, { width, height }, { left: 0, top: 0, width, height }))
        expect(out.every((v) => v === value)).toBe(true)
      }),
    )
  })

  test('a window holds the same pixels as the whole picture', () => {
    fc.assert(
      fc.property(rgb(20, 15), fc.nat(20), fc.nat(20), (pixels, left, top) => {
        const image = { pixels, width: 20, height: 15 }
        const target = { width: 31, height: 29 }
        const whole = finish(resampleBicubic(image, target, { left: 0, top: 0, ...target }))
        const part = finish(resampleBicubic(image, target, { left, top, width: 5, height: 6 }))
        for (let y = 0; y < 6; y++) {
          const at = ((top + y) * 31 + left) * 3
          expect(part.subarray(y * 15, y * 15 + 15)).toEqual(whole.subarray(at, at + 15))
        }
      }),
    )
  })

  test('a large picture is worked off in several steps', () => {
    const image = { pixels: new Uint8Array(2400 * 1600 * 3), width: 2400, height: 1600 }
    const plan = planCrop(image, clip)
    const steps = resampleBicubic(image, plan, plan.window)
    expect(steps.next().done).toBe(false)
    expect(finish(steps)).toHaveLength(224 * 224 * 3)
  })
})

describe('the plan of a crop', () => {
  test.each([
    // The longer side is cut off to whole pixels, and half an offset goes to the even number.
    [
      { width: 321, height: 421 },
      { width: 224, height: 293, left: 0, top: 34, method: 'vips' },
    ],
    [
      { width: 123, height: 456 },
      { width: 224, height: 830, left: 0, top: 303, method: 'exact' },
    ],
    [
      { width: 227, height: 224 },
      { width: 227, height: 224, left: 2, top: 0, method: 'vips' },
    ],
    [
      { width: 229, height: 224 },
      { width: 229, height: 224, left: 2, top: 0, method: 'vips' },
    ],
    [
      { width: 4000, height: 896 },
      { width: 1000, height: 224, left: 388, top: 0, method: 'exact' },
    ],
    [
      { width: 1, height: 1 },
      { width: 224, height: 224, left: 0, top: 0, method: 'exact' },
    ],
  ])('%o', (image, { left, top, ...rest }) => {
    const window = { left, top, width: 224, height: 224 }
    expect(planCrop(image, clip)).toEqual({ ...rest, window })
  })

  test('both methods agree within 0.3 of 255 on average wherever libvips is used', async () => {
    // Smooth waves of several lengths, as photos have them.
    const [width, height] = [850, 640]
    const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3]
      return (
        128 + 50 * Math.sin((x + 40 * c) / 9) + 40 * Math.sin((y * (c + 1)) / 17) + 30 * Math.sin((x + y) / 4)
      )
    })
    for (const side of [600, 400, 224, 165]) {
      const image = { pixels, width, height }
      const options = { ...clip, resizeSide: side, cropSide: side }
      const plan = planCrop(image, options)
      expect(plan.method).toBe('vips')
      const exact = finish(resampleBicubic(image, plan, plan.window))
      const vips = await cropForModel(image, options)
      const distance = exact.reduce((sum, v, i) => sum + Math.abs(v - vips[i]!), 0) / exact.length
      expect(distance).toBeLessThanOrEqual(0.3)
    }
  })
})

describe('preprocessor_config.json', () => {
  const config = {
    size: { shortest_edge: 224 },
    crop_size: { height: 224, width: 224 },
    image_mean: [0.5, 0.4, 0.3],
    image_std: [0.2, 0.2, 0.2],
    resample: 3,
  }
  const parse = (changes: object) => parsePreprocessing(JSON.stringify({ ...config, ...changes }))

  test('is read as the hub writes it now and as it wrote it once', () => {
    const expected = {
      resizeSide: 224,
      cropSide: 224,
      rescale: 1 / 255,
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.2, 0.2],
    }
    expect(parse({})).toEqual(expected)
    expect(parse({ size: 224, crop_size: 224 })).toEqual(expected)
  })

  test.each([
    ['no JSON', 'nonsense', /no JSON/],
    ['another kernel', JSON.stringify({ ...config, resample: 2 }), /resample: must be 3 \(bicubic\)/],
    ['no mean', JSON.stringify({ ...config, image_mean: undefined }), /image_mean/],
    ['a deviation of 0', JSON.stringify({ ...config, image_std: [0, 1, 1] }), /image_std: must be positive/],
    ['no square', JSON.stringify({ ...config, crop_size: { width: 9, height: 224 } }), /crop_size/],
    ['a crop out of nothing', JSON.stringify({ ...config, crop_size: 336 }), /larger than size/],
  ])('%s is refused', (_, text, message) => {
    expect(parsePreprocessing(text)).toEqual({ error: expect.stringMatching(message) })
  })
})
