import { describe, expect, it } from 'vitest'
import { captionVerdict, chooseCaptions } from '../../../src/filter/index.js'
import type { Caption, CaptionSource } from '../../../src/records/index.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'

const judge = (said: Partial<Record<CaptionSource, string>>) =>
  chooseCaptions(
    Object.entries(said).map(([source, text]) => ({ source, text }) as Caption),
    ({ text }) => captionVerdict(text, defaultFilterOptions),
  ).map(({ source, verdict }) => [source, verdict])

describe('the choice among captions', () => {
  it('leaves texts of metadata and headings aside where one was written for the picture', () => {
    expect(judge({ alt: 'a red house', og: 'News of the week', heading: 'Our houses' })).toEqual([
      ['alt', null],
      ['og', 'spare'],
      ['heading', 'spare'],
    ])
  })

  it('takes them where that breaks a rule', () => {
    expect(judge({ alt: 'IMG_0012', og: 'News of the week' })).toEqual([
      ['alt', 'caption_file_name'],
      ['og', null],
    ])
  })

  it('trusts the name of a file less than what was written as a text', () => {
    expect(judge({ alt: 'red house.jpg', title: 'a barn behind trees' })).toEqual([
      ['title', null],
      ['alt', 'spare'],
    ])
  })

  it('never takes the heading of several pictures', () => {
    expect(judge({ alt: 'logo', context: 'Houses of the north' })).toEqual([
      ['alt', 'caption_placeholder'],
      ['context', 'context'],
    ])
  })

  it('keeps the shorter of two texts that say the same', () => {
    expect(judge({ alt: 'Picture of a red house', title: 'a red house' })).toEqual([
      ['alt', 'says_no_more'],
      ['title', null],
    ])
    expect(judge({ alt: 'a red house', title: 'a red house by a lake' })).toEqual([
      ['alt', null],
      ['title', null],
    ])
  })
})
