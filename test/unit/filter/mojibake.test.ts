import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { isMojibake } from '../../../src/filter/mojibake.js'
import { oldPages } from '../../fixtures/crawl/languages.js'

const misread = (text: string, written: string, read: string) =>
  iconv.decode(iconv.encode(text, written), read)
const isLatin = (text: string) => /[a-z]{2}/i.test(text)

describe('a text', () => {
  it.each(oldPages)('of $language is none as it is', ({ captions }) => {
    for (const caption of captions) expect([caption, isMojibake(caption)]).toEqual([caption, false])
  })

  it.each(oldPages.filter(({ captions }) => !captions.some(isLatin)))(
    'of $language is mojibake as windows-1252',
    ({ captions, encodings }) => {
      for (const encoding of encodings.filter((one) => !/cp866|shift_jis|big5|mac/.test(one))) {
        const text = misread(captions.join(' '), encoding, 'windows-1252')
        expect([text, isMojibake(text)]).toEqual([text, true])
      }
    },
  )

  it('is mojibake where KOI8-R was read as windows-1251, or UTF-8', () => {
    const [russian] = oldPages
    for (const caption of russian!.captions) {
      expect(isMojibake(misread(caption, 'koi8-r', 'windows-1251'))).toBe(true)
      expect(isMojibake(misread(caption, 'utf-8', 'windows-1251'))).toBe(true)
    }
  })

  it.each([
    'Été à Évian',
    'Þórður á Íslandi',
    'СССР и РСФСР в 1922 году',
    'Đường phố Hà Nội',
    'Gà ô và bò tô',
    'Jäääär',
    'Öö töö äär',
    'Hää yö',
    'НОЧЬ',
    'iPhone',
  ])('is none though it looks odd: %s', (text) => {
    expect(isMojibake(text)).toBe(false)
  })
})
