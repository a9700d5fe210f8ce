import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { isWholeImage } from '../../../src/filter/index.js'
import { encodeBitmap } from '../../fixtures/filter/bitmaps.js'

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

  it('is not kept where nothing marks the end, or it is no picture', () => {
    expect(isWholeImage(encodeBitmap({ header: 40, depth: 24 }, 40, 30, () => 0x008080))).toBe(false)
    expect(isWholeImage(Buffer.from('<html></html>'))).toBe(false)
    expect(isWholeImage(Buffer.alloc(0))).toBe(false)
  })
})
