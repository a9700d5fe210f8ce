import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withoutReferences } from '../../../../../src/crawl/sources/archive/references.js'
import { runs } from '../../../../fixtures/runs.js'

describe('a text with character references', () => {
  it.each([
    ['/i.jpg?w=3&amp;h=2', '/i.jpg?w=3&h=2'],
    ['/i.jpg?a=1&copy=2&lt=3&amp', '/i.jpg?a=1&copy=2&lt=3&amp'],
    ['Jack &amp;amp; Jill', 'Jack &amp; Jill'],
    ['The fisher&#39;s &quot;boat&#x22; &#150; at dawn', 'The fisher\'s "boat" \u2013 at dawn'],
    ['Caf&eacute; &notes; &nonsense; R&D; R&D', 'Caf\u00e9 &notes; &nonsense; R&D; R&D'],
    ['&lt;b&gt; "quoted" <i>', '<b> "quoted" <i>'],
  ])('%j says %j', (text, plain) => {
    expect(withoutReferences(text)).toBe(plain)
  })

  it('is what it was before it was written so', () => {
    const written = (text: string) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
    const letters = fc.string({
      unit: fc.constantFrom('a', '&', ';', '#', '<', '>', '"', "'", '=', 'é', ' '),
    })
    fc.assert(
      fc.property(letters, (text) => {
        expect(withoutReferences(written(text))).toBe(text)
      }),
      { numRuns: runs.line },
    )
  })
})
