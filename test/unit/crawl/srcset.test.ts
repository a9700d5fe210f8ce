import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bestEntry, parseSrcset } from '../../../src/crawl/extract/srcset.js'

describe('a srcset', () => {
  it.each([
    ['a.jpg', [['a.jpg', null, 1]]],
    ['a.jpg 2x', [['a.jpg', null, 2]]],
    [
      '\n  a.jpg 100w,\n\tb.jpg 200w\n',
      [
        ['a.jpg', 100, null],
        ['b.jpg', 200, null],
      ],
    ],
    [
      'a.jpg, b.jpg 1.5x,',
      [
        ['a.jpg', null, 1],
        ['b.jpg', null, 1.5],
      ],
    ],
    ['a,b.jpg 1x', [['a,b.jpg', null, 1]]],
    ['a.jpg,b.jpg 2x', [['a.jpg,b.jpg', null, 2]]],
    [
      ',,, a.jpg ,,b.jpg 2x',
      [
        ['a.jpg', null, 1],
        ['b.jpg', null, 2],
      ],
    ],
    ['a.jpg 100w 50h', [['a.jpg', 100, null]]],
    ['a.jpg 100w 2x, b.jpg 1x', [['b.jpg', null, 1]]],
    ['a.jpg 0w, b.jpg -1x, c.jpg 1q, d.jpg 10.5w', []],
    ['a.jpg (1x, 2x) 3x, b.jpg', [['b.jpg', null, 1]]],
    [
      '/img/w_300,h_200/a.jpg 300w, /img/w_600,h_400/a.jpg 600w',
      [
        ['/img/w_300,h_200/a.jpg', 300, null],
        ['/img/w_600,h_400/a.jpg', 600, null],
      ],
    ],
    ['data:image/png;base64,AAAA 1x', [['data:image/png;base64,AAAA', null, 1]]],
    ['', []],
  ] as [string, [string, number | null, number | null][]][])('%j', (text, expected) => {
    expect(parseSrcset(text).map((e) => [e.url, e.width, e.density])).toEqual(expected)
  })

  const entry = fc.record({
    url: fc.stringMatching(/^[a-z/.]{1,10}$/),
    width: fc.integer({ min: 1, max: 9999 }),
  })

  it('is read back as it was written, whatever the spacing', () => {
    fc.assert(
      fc.property(fc.array(entry), fc.constantFrom(', ', ',\n\t', ' , ', ',,\r\n'), (entries, separator) => {
        const text = entries.map((e) => `${e.url} ${e.width}w`).join(separator)
        expect(parseSrcset(text)).toEqual(entries.map((e) => ({ ...e, density: null })))
      }),
    )
  })

  it('of any text gives only URLs without spaces that stand in it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', ',', ' ', '(', ')', '1', 'w', 'x', '\n', '.') }),
        (text) => {
          for (const { url } of parseSrcset(text)) {
            expect(url).toMatch(/^[^ \n]+$/)
            expect(text).toContain(url)
          }
        },
      ),
    )
  })

  it('gives the smallest image that is large enough, else the largest', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1 }), fc.integer({ min: 1, max: 9999 }), (entries, wanted) => {
        const best = bestEntry(
          entries.map((e) => ({ ...e, density: null })),
          wanted,
          null,
        )
        const enough = entries.filter((e) => e.width >= wanted).map((e) => e.width)
        expect(best?.width).toBe(
          enough.length > 0 ? Math.min(...enough) : Math.max(...entries.map((e) => e.width)),
        )
      }),
    )
  })

  it('takes densities as widths where the tag has one, else 2x at most', () => {
    const entries = parseSrcset('1.jpg, 2.jpg 2x, 3.jpg 3x, 4.jpg 4x')
    expect(bestEntry(entries, 512, 150)?.url).toBe('4.jpg')
    expect(bestEntry(entries, 512, 600)?.url).toBe('1.jpg')
    expect(bestEntry(entries, 512, null)?.url).toBe('2.jpg')
  })
})
