import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CsvParser, type CsvRecord } from '../../../../src/crawl/sources/csv.js'
import { runs } from '../../../fixtures/runs.js'

type Delimiter = ',' | '\t'

function read(pieces: readonly string[], delimiter: Delimiter = ',', urlColumn = 'url'): CsvRecord[] {
  const parser = new CsvParser(delimiter, urlColumn)
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.finish()]
}

/** `LINE field|field` of each record behind the header. */
const rowsOf = (lines: readonly string[], delimiter: Delimiter = ',') =>
  read([lines.join('\n')], delimiter)
    .slice(1)
    .map((record) => `${record.line} ${'fields' in record ? record.fields.join('|') : record.why}`)

const cutAt = (text: string, cuts: readonly number[]): string[] => {
  const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length]
  return places.slice(1).map((place, i) => text.slice(places[i], place))
}

describe('a lone quote in a table', () => {
  it('separated by tabs is a letter, for no quoted field holds a tab or a line end', () => {
    expect(
      rowsOf(
        [
          'url\tcaption\tpage',
          'u1\t"Fishing boats, said the guide\tp1',
          'u2\t"In two parts" of the town\tp2',
          'u3\t"A lamp, called ""Old Tom"""\tp3',
          'u4\tA screen of 24"\tp4',
          'u5\t"\tp5',
          'u6\t"Two\tfields"\tp6',
          'u7\t"Over two',
          'lines"\tp7',
        ],
        '\t',
      ),
    ).toEqual([
      '2 u1|"Fishing boats, said the guide|p1',
      '3 u2|"In two parts" of the town|p2',
      '4 u3|A lamp, called "Old Tom"|p3',
      '5 u4|A screen of 24"|p4',
      '6 u5|"|p5',
      '7 u6|"Two|fields"|p6',
      '8 u7|"Over two',
      '9 lines"|p7',
    ])
  })

  it('separated by commas costs its own row where text stands behind what would close it', () => {
    expect(
      rowsOf([
        'url,caption',
        'u1,"Nets" and ropes',
        'u2,"A pier at noon',
        'u3,A ruler',
        'u4,"Quoted, as it should be"',
        'u5,"A mast',
        'u6,the 12" mast of a model',
        'u7,"Sails, or',
        'u8,"what is left of them"',
      ]),
    ).toEqual([
      '2 u1|"Nets" and ropes',
      '3 u2|"A pier at noon',
      '4 u3|A ruler',
      '5 u4|Quoted, as it should be',
      '6 u5|"A mast',
      '7 u6|the 12" mast of a model',
      '8 u7|"Sails| or',
      '9 u8|what is left of them',
    ])
  })

  it('costs its own row where its field would give the record another number of fields than the header has', () => {
    expect(rowsOf(['url,caption,page', 'u1,"A pier,p1', 'a 7",u2,c2,p2', 'u3,c3,p3'])).toEqual([
      '2 u1|"A pier|p1',
      '3 a 7"|u2|c2|p2',
      '4 u3|c3|p3',
    ])
    expect(rowsOf(['url,caption,page', 'u1,"A pier,p1', 'u2,c2,"p2"', 'u3,c3,9"', 'u4,c4,p4'])).toEqual([
      '2 u1|"A pier|p1',
      '3 u2|c2|p2',
      '4 u3|c3|9"',
      '5 u4|c4|p4',
    ])
    expect(rowsOf(['url,caption,page', 'u1,"A pier,p1', 'u2,c2,9"', 'u3,c3,p3'])).toEqual([
      '2 u1|"A pier|p1',
      '3 u2|c2|9"',
      '4 u3|c3|p3',
    ])
  })

  it('costs its own row where its field would hold a row, known by its URL', () => {
    const rows = ['http://a.test/1.jpg,"A pier', 'http://a.test/2.jpg,a screen of 24"', 'u3,c3']
    expect(rowsOf(['url,caption', ...rows])).toEqual([
      '2 http://a.test/1.jpg|"A pier',
      '3 http://a.test/2.jpg|a screen of 24"',
      '4 u3|c3',
    ])
    expect(rowsOf(['caption,url', '"A pier,http://a.test/1.jpg', '9",http://a.test/2.jpg'])).toEqual([
      '2 "A pier|http://a.test/1.jpg',
      '3 9"|http://a.test/2.jpg',
    ])
  })

  it('costs nothing else where it is never closed, however long the file goes on', () => {
    const many = Array.from({ length: 5_000 }, (_, n) => `http://a.test/${n}.jpg,Caption ${n}`)
    expect(rowsOf(['url,caption', 'x,"lost', ...many]).slice(0, 3)).toEqual([
      '2 x|"lost',
      '3 http://a.test/0.jpg|Caption 0',
      '4 http://a.test/1.jpg|Caption 1',
    ])
    expect(rowsOf(['url,caption', 'x,"lost', ...many])).toHaveLength(5_001)
  })
})

describe('quotes in a table', () => {
  it('are taken with a backslash where the field cannot be read with doubled ones', () => {
    expect(
      rowsOf([
        'url,caption',
        String.raw`u1,"He said \"ahoy\", and left"`,
        String.raw`u2,"C:\pictures\"`,
        String.raw`u3,"A plank of 5\""`,
        String.raw`u4,"one \\ and \"two`,
        String.raw`lines\""`,
        'u5,"c5"',
      ]),
    ).toEqual([
      '2 u1|He said "ahoy", and left',
      '3 u2|C:\\pictures\\',
      '4 u3|A plank of 5"',
      '5 u4|one \\ and "two\nlines"',
      '7 u5|c5',
    ])
    expect(rowsOf(['url\tcaption', String.raw`u1${'\t'}"He said \"ahoy\""`], '\t')).toEqual([
      '2 u1|He said "ahoy"',
    ])
  })

  it('may have blanks behind them', () => {
    expect(rowsOf(['url,caption', '"u1" ,"c1"  ', '"u2"  ,"c2" \r'])).toEqual(['2 u1|c1', '3 u2|c2'])
  })

  it('may hold lines and commas, many of them', () => {
    const long = Array.from({ length: 500 }, (_, n) => `line ${n}, of a text`).join('\n')
    expect(rowsOf(['url,caption', `u1,"${long}"`, 'u2,c2'])).toEqual([`2 u1|${long}`, '502 u2|c2'])
  })
})

const letter = fc.constantFrom('a', '"', ',', '\t', '\n', '\r', ' ', '\\', 'é', 'http://a')
const sloppy = fc.string({ unit: letter, maxLength: 60 })
const delimiter = fc.constantFrom<Delimiter>(',', '\t')

describe('a table', () => {
  it('is read the same whatever the pieces in which it arrives', () => {
    fc.assert(
      fc.property(sloppy, fc.array(fc.nat(60), { maxLength: 6 }), delimiter, (text, cuts, by) => {
        const whole = `url${by}caption\n${text}`
        expect(read(cutAt(whole, cuts), by)).toEqual(read([whole], by))
      }),
      { numRuns: runs.line },
    )
  })

  it('accounts for every line: it is a record, a part of one, or empty', () => {
    fc.assert(
      fc.property(sloppy, delimiter, fc.boolean(), (text, by, hasHeader) => {
        const whole = hasHeader ? `url${by}caption\n${text}` : text
        const lines = whole.split('\n')
        const taken = new Set<number>()
        for (const record of read([whole], by)) {
          const fields = 'fields' in record ? record.fields : []
          const spanned = fields.reduce((sum, field) => sum + field.split('\n').length - 1, 0)
          for (let line = record.line; line <= record.line + spanned; line++) {
            expect(taken.has(line)).toBe(false)
            taken.add(line)
          }
        }
        const left = lines.flatMap((line, i) => (taken.has(i + 1) ? [] : [line]))
        expect(left.filter((line) => line.replace(/\r$/, '') !== '')).toEqual([])
      }),
      { numRuns: runs.line },
    )
  })

  it('that is written as RFC 4180 says is read as it was written', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'é') })
    const rows = fc
      .integer({ min: 2, max: 4 })
      .chain((columns) =>
        fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { maxLength: 8 }),
      )
    const needsQuotes = /[",\r\n]/
    const written = (text: string, always: boolean) =>
      always || text === '' || needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text
    fc.assert(
      fc.property(rows, fc.constantFrom('\n', '\r\n'), fc.boolean(), (records, end, always) => {
        const text = records.map((fields) => fields.map((one) => written(one, always)).join(',')).join(end)
        expect(read([text]).map((record) => ('fields' in record ? record.fields : null))).toEqual(records)
      }),
      { numRuns: runs.line },
    )
  })

  it('in tabs, with a quote lost anywhere, keeps every other row as it is', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '"'), minLength: 1 })
    const rows = fc.array(word, { minLength: 2, maxLength: 8 })
    fc.assert(
      fc.property(rows, fc.nat(7), (captions, at) => {
        const lineOf = (caption: string, n: number) => `u${n}\t${caption}`
        const whole = captions.map(lineOf)
        const hurt = captions.map((caption, n) => lineOf(n === at ? `"${caption}` : caption, n))
        const before = rowsOf(['url\tcaption', ...whole], '\t')
        const after = rowsOf(['url\tcaption', ...hurt], '\t')
        expect(after).toHaveLength(captions.length)
        expect(after.filter((_, n) => n !== at)).toEqual(before.filter((_, n) => n !== at))
      }),
      { numRuns: runs.line },
    )
  })
})
