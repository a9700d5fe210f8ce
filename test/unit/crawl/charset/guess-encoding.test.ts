import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { guessEncoding, wideEncoding } from '../../../../src/crawl/charset/index.js'
import { decodeHtml } from '../../../../src/crawl/index.js'
import { oldPages } from '../../../fixtures/crawl/languages.js'

const pageOf = (captions: readonly string[]) =>
  `<html><head><title>Album</title></head><body>${captions
    .map((caption, i) => `<p><img src="/${i}.jpg" alt="${caption}">`)
    .join('')}</body></html>`

const cases = oldPages.flatMap(({ language, encodings, captions }) =>
  encodings.map((encoding) => ({ language, encoding, page: pageOf(captions) })),
)

describe('a page that declares no encoding', () => {
  it.each(cases)('is read as its bytes are meant: $language in $encoding', ({ encoding, page }) => {
    expect(decodeHtml(iconv.encode(page, encoding), 'text/html')).toBe(page)
    expect(decodeHtml(iconv.encode(page, encoding), 'text/html; charset=no-such-thing')).toBe(page)
  })

  it.each(['utf-16le', 'utf-16be'] as const)('is read as %s by its zeros', (encoding) => {
    const page = pageOf(['Лодки у причала'])
    expect(wideEncoding(iconv.encode(page, encoding))).toBe(encoding)
    expect(decodeHtml(iconv.encode(page, encoding), null)).toBe(page)
  })

  it('is read as ISO-2022-JP by its escapes', () => {
    const kanji = iconv.encode('日本語', 'euc-jp').map((byte) => byte & 0x7f)
    const body = Buffer.concat([Buffer.from('<p>\x1b$B'), kanji, Buffer.from('\x1b(B</p>')])
    expect(decodeHtml(body, null)).toBe('<p>日本語</p>')
  })

  it('is UTF-8 though a character of it is broken', () => {
    const body = Buffer.concat([Buffer.from(pageOf(['Лодки у причала'])), Buffer.from([0xd0, 0x20])])
    expect(decodeHtml(body, null)).toContain('Лодки у причала')
  })

  it('is windows-1252 where little speaks for anything', () => {
    for (const text of ['\u00a9 2024', 'caf\u00e9', '5 \u20ac \u2013 \u201cnew\u201d'])
      expect(decodeHtml(iconv.encode(text, 'windows-1252'), null)).toBe(text)
  })

  it('has nothing but ASCII where its bytes fit no encoding', () => {
    const body = Buffer.concat([
      Buffer.from('<a href="/x">Harbour</a> '),
      Buffer.from(Array.from({ length: 400 }, (_, i) => 0x80 + ((i * 89) % 128))),
    ])
    expect(guessEncoding(body)).toBeNull()
    expect(decodeHtml(body, null)).toBe(`<a href="/x">Harbour</a> ${'\ufffd'.repeat(400)}`)
  })
})
