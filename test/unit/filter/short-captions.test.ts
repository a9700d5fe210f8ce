import { describe, expect, it } from 'vitest'
import { captionVerdict } from '../../../src/filter/index.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'
import { shortCaptions } from '../../fixtures/filter/short-captions.js'

describe.each(shortCaptions)('on a page in $language', ({ language, captions, rubbish }) => {
  const verdict = (text: string) => captionVerdict(text, defaultFilterOptions, language)

  it.each(captions)('%s says enough', (caption) => {
    expect(verdict(caption)).toBeNull()
  })

  it.each(rubbish)('%s says nothing of a picture', (text) => {
    expect(verdict(text)).not.toBeNull()
  })

  it.each(['piotrek1985', 'JanKowalski', 'Samsung', 'YouTube', 'Xerxes'])('%s is no noun of it', (text) => {
    expect(verdict(text)).not.toBeNull()
  })
})
