import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Element, parseDocument } from '../../../../src/crawl/extract/document.js'
import { cssPath } from '../../../../src/crawl/inspect/css-path.js'
import { compiler } from '../../../../src/crawl/rules/compile.js'
import { walk } from '../../../../src/crawl/rules/walk.js'
import { atOnce } from '../../../../src/crawl/steps.js'
import { runs } from '../../../fixtures/runs.js'

function elementsOf(html: string): Element[] {
  const elements: Element[] = []
  atOnce(walk(atOnce(parseDocument(html)), (element) => elements.push(element) > 0))
  return elements
}

const attribute = fc.constantFrom('', ' id="top"', ' class="card wide"', ' class="a:b 7x"', ' id="1st"')
const name = fc.constantFrom('div', 'p', 'img', 'o:p', 'x-card', 'html', 'li')
const { markup } = fc.letrec<{ markup: string }>((tie) => ({
  markup: fc.oneof(
    { maxDepth: 5 },
    fc.constant('text'),
    fc
      .tuple(name, attribute, fc.array(tie('markup'), { maxLength: 4 }))
      .map(([tag, attributes, within]) => `<${tag}${attributes}>${within.join('')}</${tag}>`),
  ),
}))

describe('the path of an element', () => {
  it('names where it stands, with the ids and classes that people wrote', () => {
    const html = '<html><body><main id="top"><ul class="list wide x y"><li>1</li><li class="a:b">2</li></ul>'
    expect(elementsOf(html).map(cssPath).at(-1)).toBe(
      'html:root > body > main#top > ul.list.wide > li:nth-of-type(2)',
    )
    expect(elementsOf('<p>1</p><p>2</p>').map(cssPath)).toEqual([
      'p:root:nth-of-type(1)',
      'p:root:nth-of-type(2)',
    ])
  })

  it('is a selector of that element alone', () => {
    fc.assert(
      fc.property(fc.array(markup, { maxLength: 4 }), (parts) => {
        const elements = elementsOf(parts.join(''))
        const compiled = compiler({ left: Number.POSITIVE_INFINITY })
        for (const element of elements) {
          const matches = compiled(cssPath(element))
          expect(elements.filter((other) => matches(other))).toEqual([element])
        }
      }),
      { numRuns: runs.work },
    )
  })
})
