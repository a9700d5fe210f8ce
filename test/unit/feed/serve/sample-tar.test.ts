import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FeedSample } from '../../../../src/feed/index.js'
import { sampleBytes, tarEnd } from '../../../../src/feed/serve/sample-tar.js'
import { membersOf } from '../../../../src/shard/index.js'
import { runs } from '../../../fixtures/runs.js'

const sampleOf = (bytes: Uint8Array, caption: string) =>
  ({
    key: '000000001',
    image: { format: 'jpg', bytes },
    caption,
    record: { key: '000000001', caption: 'the best' },
  }) as unknown as FeedSample

describe('a sample as members of a tar', () => {
  it('has its picture, its record, the caption that was asked for, and its state where that is wanted', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 1_100 }),
        fc.string({ unit: 'grapheme' }),
        fc.option(fc.string()),
        (image, caption, state) => {
          fc.pre(caption !== 'the best')
          const bytes = Buffer.from(sampleBytes('000000001', sampleOf(image, caption), state))
          expect(bytes.length % 512).toBe(0)
          const texts = membersOf(bytes, 0).map(({ name, begin, end }) => [name, bytes.subarray(begin, end)])
          expect(texts).toEqual([
            ['000000001.jpg', Buffer.from(image)],
            ['000000001.json', Buffer.from(JSON.stringify({ key: '000000001', caption: 'the best' }))],
            ['000000001.txt', Buffer.from(caption)],
            ...(state === null ? [] : [['000000001.state', Buffer.from(state)]]),
          ])
        },
      ),
      { numRuns: runs.text },
    )
    expect(tarEnd.length).toBe(1024)
  })

  it('is what stands in its own tar, where its name and its caption are the same', () => {
    const own = { ...sampleOf(new Uint8Array(3), 'the best'), tar: new Uint8Array(1536) }
    expect(sampleBytes('000000001', own, null)).toBe(own.tar)
    const others = [
      sampleBytes('1-000000001', own, null),
      sampleBytes('000000001', { ...own, caption: 'another' }, null),
    ]
    for (const bytes of others) expect(membersOf(Buffer.from(bytes), 0)).toHaveLength(3)
    expect(Buffer.from(sampleBytes('000000001', own, '{}')).subarray(0, 1536)).toEqual(Buffer.from(own.tar))
  })
})
