import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import {
  type ListFormat,
  type ListSource,
  listProblem,
  readList,
} from '../../../../src/crawl/sources/index.js'
import { textIn } from '../../../../src/crawl/sources/list-text.js'
import { runs } from '../../../fixtures/runs.js'

const folder = mkdtempSync(join(tmpdir(), 'pairmill-list-text-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function listOf(content: Uint8Array | string, format: ListFormat): ListSource {
  const path = join(folder, `list.${format}`)
  writeFileSync(path, content)
  const columns = { url: 'url', caption: 'caption', page: null, licence: null }
  return { kind: 'list', path, format, gzip: false, columns }
}

async function captionsOf(source: ListSource): Promise<string[]> {
  const captions: string[] = []
  for await (const row of readList(source, 0))
    captions.push(row.kind === 'candidate' ? (row.candidate.captions[0]?.text ?? '') : row.reason)
  return captions
}

const utf16 = (text: string, order: 'le' | 'be') => {
  const bytes = Buffer.from(text, 'utf16le')
  return order === 'le' ? bytes : bytes.swap16()
}
const utf32 = (text: string) => Buffer.concat([...text].map((char) => Buffer.from(`${char}\0`, 'utf16le')))

describe('a list of text', () => {
  const lists: Partial<Record<ListFormat, string>> = {
    csv: 'url,caption\r\nhttp://a.test/1.jpg,Überfahrt nach 日本\r\n',
    tsv: 'url\tcaption\nhttp://a.test/1.jpg\tÜberfahrt nach 日本\n',
    txt: 'http://a.test/1.jpg Überfahrt nach 日本',
    jsonl: '{"url":"http://a.test/1.jpg","caption":"Überfahrt nach 日本"}',
  }

  it.each(Object.entries(lists))('as %s is read in UTF-8 and UTF-16, marked or not', async (format, text) => {
    for (const mark of ['', '\ufeff']) {
      for (const bytes of [Buffer.from(mark + text), utf16(mark + text, 'le'), utf16(mark + text, 'be')]) {
        const source = listOf(bytes, format as ListFormat)
        expect(await listProblem(source)).toBe(null)
        expect(await captionsOf(source)).toEqual(['Überfahrt nach 日本'])
      }
    }
  })

  it('is refused in UTF-32, before anything starts', async () => {
    for (const mark of ['', '\ufeff']) {
      const source = listOf(utf32(`${mark}http://a.test/1.jpg A cat`), 'txt')
      expect(await listProblem(source)).toBe('it is no text in UTF-8 or UTF-16: write it anew in UTF-8')
    }
  })

  it('is the same whatever the pieces in which its bytes arrive', async () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((rest) => `url${rest}`)
    const encode = fc.constantFrom(
      (given: string) => Buffer.from(given),
      (given: string) => utf16(given, 'le'),
      (given: string) => utf16(`\ufeff${given}`, 'be'),
    )
    await fc.assert(
      fc.asyncProperty(text, encode, fc.integer({ min: 1, max: 9 }), async (given, encoded, pieceBytes) => {
        const bytes = encoded(given)
        async function* pieces() {
          for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
        }
        let read = ''
        for await (const piece of textIn(pieces())) read += piece
        expect(read).toBe(given)
      }),
      { numRuns: runs.line },
    )
  })
})

describe('JSON lines', () => {
  it('may hold what Python writes for numbers that JSON does not have', async () => {
    const lines = [
      '{"url":"http://a.test/1.jpg","caption":"NaN, they said: \\"NaN\\"","score":NaN}',
      '{"url":"http://a.test/2.jpg","caption":"A boat","scores":[-Infinity,Infinity,1]}',
      '{"url":"http://a.test/3.jpg","caption":NaN}',
      '{"url":NaN,"caption":"A boat"}',
      '{"url":"http://a.test/4.jpg","caption":"A boat",nan}',
    ]
    expect(await captionsOf(listOf(lines.join('\n'), 'jsonl'))).toEqual([
      'NaN, they said: "NaN"',
      'A boat',
      'no_caption',
      'no_url',
      'malformed',
    ])
  })
})
