import fc from 'fast-check'
import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { charsetParameter, decodeHtml } from '../../../../src/crawl/index.js'

const page = (meta: string, text: string, encoding: string) =>
  iconv.encode(`<html><head>${meta}</head>${text}`, encoding)

describe('the text of a page', () => {
  it.each([
    ['the header', 'text/html; charset=GB2312', '', '汉字', 'gbk'],
    ['the header, in quotes', 'text/html;charset="Shift_JIS"', '', '日本語', 'shift_jis'],
    ['the header over the meta', 'text/html; charset=koi8-r', '<meta charset=utf-8>', 'Привет', 'koi8-r'],
    ['a meta charset', 'text/html', '<meta charset="gbk">', '汉字', 'gbk'],
    [
      'a meta charset after an unknown header',
      'text/html; charset=bogus',
      '<meta charset=big5>',
      '漢字',
      'big5',
    ],
    [
      'an http-equiv meta',
      null,
      '<META content="text/html; charset=EUC-JP" http-equiv=Content-Type>',
      '日本語',
      'euc-jp',
    ],
    ['a meta that claims UTF-16', null, '<meta charset="utf-16">', 'é', 'utf8'],
    ['valid UTF-8 where nothing is declared', null, '', 'naïve 漢字', 'utf8'],
    [
      'windows-1252 where nothing is declared',
      null,
      '',
      'caf\u00e9 \u201cquoted\u201d \u2013 5 \u20ac',
      'windows-1252',
    ],
    [
      'ISO-8859-1, which means windows-1252',
      'text/html; charset=iso-8859-1',
      '',
      '5 \u20ac \u2013 \u2019',
      'windows-1252',
    ],
  ])('is decoded by %s', (_, contentType, meta, text, encoding) => {
    expect(decodeHtml(page(meta, text, encoding), contentType)).toContain(text)
  })

  it.each(['utf-8', 'utf-16le', 'utf-16be'])(
    'is decoded by its byte order mark, whatever is declared: %s',
    (encoding) => {
      const body = iconv.encode('<meta charset=gbk>h\u00e9', encoding, { addBOM: true })
      expect(decodeHtml(body, 'text/html; charset=gbk')).toBe('<meta charset=gbk>h\u00e9')
    },
  )

  it('is not UTF-8 only because the header says so of every page', () => {
    const body = page('<meta charset=windows-1252>', 'Caf\u00e9 \u2013 d\u00e9j\u00e0 vu', 'windows-1252')
    expect(decodeHtml(body, 'text/html; charset=utf-8')).toContain('Caf\u00e9 \u2013 d\u00e9j\u00e0 vu')
  })

  it('stays UTF-8 where one character of it is broken', () => {
    const body = Buffer.concat([Buffer.from('漢字漢字'), Buffer.from([0xff])])
    expect(decodeHtml(body, 'text/html; charset=utf-8')).toBe('漢字漢字\ufffd')
  })

  const russian = '<p>Лодки у причала</p>'
  const inWindows = (html: string) => iconv.encode(html, 'windows-1251')

  it.each([4_000, 70_000, 900_000])('is told by a meta at the end of a head of %i bytes', (bytes) => {
    // Without the meta it would be told apart from Serbian by nothing.
    const script = `<script>${'"<meta charset=big5>" '.repeat(bytes / 22)}</script>`
    const html = `<html><head>${script}<meta charset="koi8-r"></head><body>Њ`
    const body = iconv.encode(html.replace('Њ', 'Привет'), 'koi8-r')
    expect(decodeHtml(body, 'text/html')).toContain('Привет')
  })

  it('is not told by what a script, a title or a text area holds', () => {
    for (const name of ['script', 'style', 'title', 'textarea']) {
      const html = `<${name}><meta charset=koi8-r></${name}>${russian}`
      expect(decodeHtml(inWindows(html), null)).toBe(html)
    }
  })

  it('is not told by a meta far behind the head', () => {
    const html = `<head></head><body>${russian.repeat(400)}<meta charset=koi8-r>`
    expect(decodeHtml(inWindows(html), null)).toBe(html)
  })

  it('is told by an XML declaration', () => {
    const html = `<?xml version="1.0" encoding="windows-1251"?><html>${russian}</html>`
    expect(decodeHtml(inWindows(html), 'application/xhtml+xml')).toBe(html)
  })

  it('has the syllables that Windows added to Korean', () => {
    const html = '<meta charset=euc-kr><p>똠얌꿍 수프</p>'
    expect(decodeHtml(iconv.encode(html, 'cp949'), null)).toBe(html)
  })

  it('is not there where its encoding can hide markup', () => {
    expect(decodeHtml(Buffer.from('<p>text</p>'), 'text/html; charset=hz-gb-2312')).toBe('\ufffd')
  })

  it('takes no charset from a comment', () => {
    expect(decodeHtml(page('<!-- <meta charset=gbk> -->', '\u00e9\u00e9', 'windows-1252'), null)).toContain(
      '\u00e9\u00e9',
    )
  })

  it('comes of any bytes and any label', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.option(fc.string().map((s) => `text/html; charset=${s}`)),
        (body, type) => {
          expect(typeof decodeHtml(body, type)).toBe('string')
        },
      ),
    )
  })
})

describe('the charset of a Content-Type', () => {
  it.each([
    ['text/html', null],
    ['text/html; charset=', null],
    ["text/html; x=1; Charset = 'utf-8'", 'utf-8'],
    [null, null],
  ])('of %s is %s', (type, charset) => {
    expect(charsetParameter(type)).toBe(charset)
  })
})
