import { describe, expect, it } from 'vitest'
import { chooseCaptions } from '../../../src/filter/index.js'
import type { Caption } from '../../../src/records/index.js'

const verdicts = (...captions: readonly Caption[]) =>
  chooseCaptions(captions, ({ text }) => (text.includes('bad') ? 'caption_short' : null)).map(
    ({ source, verdict }) => [source, verdict],
  )

describe('a caption that a rule for its site names', () => {
  it('wins over all others', () => {
    expect(
      verdicts(
        { source: 'rule', text: 'Gulls over the bay' },
        { source: 'alt', text: 'A picture of many gulls at sea' },
        { source: 'og', text: 'The coast' },
      ),
    ).toEqual([
      ['rule', null],
      ['alt', 'spare'],
      ['og', 'spare'],
    ])
  })

  it('leaves the others their turn where it says nothing that can be used', () => {
    expect(
      verdicts({ source: 'rule', text: 'bad' }, { source: 'alt', text: 'A picture of many gulls at sea' }),
    ).toEqual([
      ['rule', 'caption_short'],
      ['alt', null],
    ])
    expect(
      verdicts({ source: 'rule', text: 'DSC_0042.jpg' }, { source: 'alt', text: 'Gulls over the bay' }),
    ).toEqual([
      ['alt', null],
      ['rule', 'spare'],
    ])
  })
})
