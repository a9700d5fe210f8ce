import { normalizeEncoding, TextDecoder as StandardDecoder } from '@exodus/bytes/encoding.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decoderOf, encodingOf } from '../../../../src/crawl/charset/encoding.js'
import { encodingLabels } from '../../../fixtures/crawl/encoding-labels.js'
import { runs } from '../../../fixtures/runs.js'

const names = Object.keys(encodingLabels)
const decoded = (encoding: string, ...bytes: number[]) => decoderOf(encoding)(Uint8Array.from(bytes), false)
/** By searching the tables: one or two bytes, or what UTF-8 has. */
function encoded(name: string, char: string): Buffer {
  if (name === 'utf-8') return Buffer.from(char)
  const found = sequencesOf(name).find((bytes) => decoded(name, ...bytes) === char)
  return Buffer.from(found ?? [])
}
const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** Every character that an encoding can write with up to three bytes, and some of its four. */
function sequencesOf(encoding: string): readonly number[][] {
  const single = upTo(0, 0xff).map((byte) => [byte])
  if (!['big5', 'euc-jp', 'euc-kr', 'gbk', 'gb18030', 'shift_jis'].includes(encoding)) return single
  const double = upTo(0x80, 0xff).flatMap((lead) => upTo(0, 0xff).map((trail) => [lead, trail]))
  const triple =
    encoding === 'euc-jp'
      ? upTo(0xa1, 0xfe).flatMap((lead) => upTo(0xa1, 0xfe).map((trail) => [0x8f, lead, trail]))
      : []
  const fourfold = encoding.startsWith('gb')
    ? [0x81, 0x82, 0x83, 0x84, 0x90, 0x95, 0xe3].flatMap((lead) =>
        upTo(0x30, 0x39).flatMap((second) => upTo(0x81, 0xfe).map((third) => [lead, second, third, 0x35])),
      )
    : []
  return [...single, ...double, ...triple, ...fourfold]
}

/** The user-defined characters of Shift_JIS behind these leads mean nothing to anybody but their user, and are U+FFFD here. */
const isPrivate = (encoding: string, text: string) => encoding === 'shift_jis' && /[\ue69c-\ue757]/.test(text)

describe('an encoding', () => {
  it.each(names)('has all its labels in any case: %s', (name) => {
    for (const label of encodingLabels[name]!.split(' ')) {
      expect([label, encodingOf(label)]).toEqual([label, normalizeEncoding(label)])
      expect(encodingOf(` ${label.toUpperCase()}\n`)).toBe(name)
    }
  })

  it.each(['', 'win-1251', 'utf-7', 'klingon-8', 'utf 8'])('is unknown by the label %j', (label) => {
    expect(encodingOf(label)).toBeNull()
  })

  it.each(names.filter((name) => !/^(utf|iso-2022|replacement)/.test(name)))(
    'has the characters of the standard, code point by code point: %s',
    (name) => {
      const standard = new StandardDecoder(name)
      const wrong: string[] = []
      for (const bytes of sequencesOf(name)) {
        const expected = standard.decode(Uint8Array.from(bytes))
        if (expected.includes('\ufffd') || isPrivate(name, expected)) continue
        const text = decoded(name, ...bytes)
        if (text !== expected) wrong.push(`${Buffer.from(bytes).toString('hex')} ${text} ${expected}`)
      }
      expect(wrong).toEqual([])
    },
  )

  it('goes over to its characters by escapes: iso-2022-jp', () => {
    const standard = new StandardDecoder('iso-2022-jp')
    const escapes = [
      [0x1b, 0x24, 0x42],
      [0x1b, 0x24, 0x40],
    ]
    for (const beginning of escapes) {
      for (const lead of upTo(0x21, 0x7e)) {
        const bytes = [...beginning, ...upTo(0x21, 0x7e).flatMap((trail) => [lead, trail]), 0x1b, 0x28, 0x42]
        expect(decoded('iso-2022-jp', ...bytes)).toBe(standard.decode(Uint8Array.from(bytes)))
      }
    }
  })

  it('that can hide markup is replaced as a whole', () => {
    expect(decoded('replacement', 0x3c, 0x62, 0x3e)).toBe('\ufffd')
  })

  it.each(['gb18030', 'big5', 'euc-kr', 'euc-jp', 'shift_jis', 'utf-8', 'windows-1251'])(
    'says the same in pieces as in one: %s',
    (name) => {
      const chars = name === 'windows-1251' ? ['a', '<', 'Ж', 'ш'] : ['a', '<', 'Ж', '日', '中']
      const bytesOf = new Map(chars.map((char) => [char, encoded(name, char)]))
      fc.assert(
        fc.property(fc.array(fc.constantFrom(...chars)), fc.nat(60), (text, cut) => {
          const bytes = Buffer.concat(text.map((char) => bytesOf.get(char) ?? Buffer.alloc(0)))
          const decode = decoderOf(name)
          expect(decode(bytes.subarray(0, cut), true) + decode(bytes.subarray(cut), false)).toBe(
            text.join(''),
          )
        }),
        { numRuns: runs.text },
      )
    },
  )

  it('makes something of any bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 60 }), (name, bytes) => {
        expect(typeof decoderOf(name)(bytes, false)).toBe('string')
      }),
      { numRuns: runs.line },
    )
  })
})
