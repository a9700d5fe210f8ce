import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { isWholeImage } from '../../../src/filter/index.js'
import { encodeBitmap } from '../../fixtures/filter/bitmaps.js'
import { runs } from '../../fixtures/runs.js'

const noise = sharp({
  create: {
    width: 40,
    height: 30,
    channels: 3,
    background: 'teal',
    noise: { type: 'gaussian', mean: 128, sigma: 40 },
  },
})

describe('a body that ended otherwise than its head said', () => {
  for (const format of ['jpeg', 'png', 'gif', 'webp', 'avif'] as const) {
    it(`is kept as ${format} where it is there to its end, and nowhere before`, async () => {
      const bytes = await noise.clone().toFormat(format).toBuffer()
      expect(isWholeImage(bytes)).toBe(true)
      for (const share of [0.2, 0.5, 0.8, 0.95])
        expect(isWholeImage(bytes.subarray(0, bytes.length * share))).toBe(false)
    })
  }

  it.each([1, 2, 3])('is kept as a GIF that lacks its last bytes, but no pixel: %i', async (lacking) => {
    const bytes = await noise.clone().gif().toBuffer()
    expect(isWholeImage(bytes.subarray(0, -lacking))).toBe(true)
  })

  it('is kept as an animation that ends between or within frames that are not shown', async () => {
    const still = await noise.clone().raw().toBuffer()
    const frames = Buffer.concat([still, still.map((value) => 255 - value)])
    const bytes = await sharp(frames, { raw: { width: 40, height: 60, channels: 3, pageHeight: 30 } })
      .gif()
      .toBuffer()
    expect(bytes.lastIndexOf(',')).toBeGreaterThan(bytes.length / 3)
    expect(isWholeImage(bytes.subarray(0, bytes.length * 0.8))).toBe(true)
    expect(isWholeImage(bytes.subarray(0, bytes.length * 0.3))).toBe(false)
  })

  it.each([false, true])(
    'is kept as a PNG that lacks its end, but no row (interlaced: %s)',
    async (progressive) => {
      const bytes = await noise.clone().png({ progressive }).toBuffer()
      for (const lacking of [1, 4, 12, 16, 20]) expect(isWholeImage(bytes.subarray(0, -lacking))).toBe(true)
      expect(isWholeImage(bytes.subarray(0, -100))).toBe(false)
    },
  )

  it('is kept as a BMP where all its rows are there', () => {
    const plain = encodeBitmap({ header: 40, depth: 24 }, 40, 30, () => 0x008080)
    const packed = encodeBitmap({ header: 40, depth: 8, coding: 'rle8' }, 40, 30, (x) => x)
    for (const bytes of [plain, packed]) {
      expect(isWholeImage(bytes)).toBe(true)
      expect(isWholeImage(bytes.subarray(0, -3))).toBe(false)
    }
  })

  it('is not kept where it is no picture', () => {
    expect(isWholeImage(Buffer.from('<html></html>'))).toBe(false)
    expect(isWholeImage(Buffer.alloc(0))).toBe(false)
  })

  it('is judged without a word where it is damaged', async () => {
    const files = await Promise.all([noise.clone().gif().toBuffer(), noise.clone().png().toBuffer()])
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 9 })
    fc.assert(
      fc.property(fc.constantFrom(...files), damage, fc.nat(), (file, changes, end) => {
        const bytes = Buffer.from(file.subarray(0, end % file.length))
        for (const [at, value] of changes) if (bytes.length > 6) bytes[6 + (at % (bytes.length - 6))] = value
        expect(typeof isWholeImage(bytes)).toBe('boolean')
      }),
      { numRuns: runs.text },
    )
  })
})
