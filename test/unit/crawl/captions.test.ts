import { describe, expect, it } from 'vitest'
import { extractPage } from '../../../src/crawl/index.js'
import { captionVerdict, chooseCaptions } from '../../../src/filter/index.js'
import { nearPages } from '../../fixtures/crawl/captions/near.js'
import { sourcePages } from '../../fixtures/crawl/captions/sources.js'
import { textPages } from '../../fixtures/crawl/captions/texts.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'

/** Pairs that are kept of a page where nothing is scored and every picture can be had: `file: caption`. */
function pairsOf(html: string): string[] {
  const { candidates } = extractPage(html, 'http://h.test/dir/page.html', {
    imageSize: 512,
    productToken: 'pairmill',
    contentLanguage: null,
    xRobotsTag: null,
  })
  return candidates.flatMap(({ imageUrl, captions, pageLanguage }) => {
    const [caption] = chooseCaptions(captions, ({ text }) =>
      captionVerdict(text, defaultFilterOptions, pageLanguage),
    ).filter(({ verdict }) => verdict === null)
    return caption === undefined ? [] : [`${imageUrl.slice(imageUrl.lastIndexOf('/') + 1)}: ${caption.said}`]
  })
}

describe('the pairs of a page', () => {
  it.each(
    [...nearPages, ...textPages, ...sourcePages].map(([kind, html, ...right]) => ({ kind, html, right })),
  )('$kind: $right of $html', ({ html, right }) => {
    expect(pairsOf(html).sort()).toEqual(right.toSorted())
  })
})
