import { describe, expect, it } from 'vitest'
import { fitted, type RowStyle, rowText } from '../../../src/cli/row-text.js'
import { cutText, textWidth } from '../../../src/cli/text-width.js'
import type { Row } from '../../../src/query/index.js'

const columns = [
  { name: 'caption', type: 'VARCHAR' },
  { name: 'n', type: 'BIGINT' },
  { name: 'list', type: 'INTEGER[]' },
]
const rows: readonly Row[] = [
  { caption: 'an old mill', n: 7, list: [1, 2] },
  { caption: '写真, "quoted"', n: 1234n, list: null },
  { caption: '', n: null, list: [] },
]

function textOf(
  style: RowStyle,
  given: readonly Row[],
  terminalColumns: number | null,
  of = columns,
): string {
  const text = rowText(style, of, terminalColumns)
  return text.begin() + text.rows(given) + text.end()
}

describe('rows as a table', () => {
  it('stand in columns, numbers to the right, wide characters counted', () => {
    expect(textOf('table', rows, null)).toBe(
      [
        'caption            n  list',
        '--------------  ----  -----',
        'an old mill        7  [1,2]',
        '写真, "quoted"  1234',
        '                      []',
        '',
      ].join('\n'),
    )
  })

  it('fit into a terminal, the widest cells cut', () => {
    const lines = textOf('table', [{ caption: 'a long caption that goes on and on', n: 12, list: null }], 30)
    for (const line of lines.split('\n')) expect(textWidth(line)).toBeLessThanOrEqual(30)
    expect(lines).toContain('a long c')
    expect(lines).toContain('…')
  })

  it('have a line a cell where so many columns do not fit', () => {
    const many = Array.from({ length: 20 }, (_, i) => ({ name: `column ${i}`, type: 'VARCHAR' }))
    const given = [{ 'column 0': 'a', 'column 19': 'b', 'column 3': null }, { 'column 0': 'c' }]
    expect(textOf('table', given, 80, many)).toBe('column 0   a\ncolumn 19  b\n\ncolumn 0   c\n')
  })

  it('keep their columns when there are more rows than are measured', () => {
    const text = rowText('table', [{ name: 'n', type: 'INTEGER' }], null)
    let all = text.begin()
    for (let chunk = 0; chunk < 5; chunk++) {
      all += text.rows(Array.from({ length: 1000 }, (_, i) => ({ n: 1000 * chunk + i })))
    }
    all += text.end()
    const lines = all.split('\n')
    expect(lines).toHaveLength(5000 + 3)
    expect(lines[2]).toBe('   0')
    expect(lines.at(-2)).toBe('4999')
  })

  it('have only their head where there are none', () => {
    expect(textOf('table', [], null)).toBe('caption  n  list\n-------  -  ----\n')
  })
})

describe('rows as CSV', () => {
  it('tell null and an empty text apart, and quote what must be', () => {
    expect(textOf('csv', [...rows, { caption: 'a\nb', n: 0, list: null }], null)).toBe(
      'caption,n,list\nan old mill,7,"[1,2]"\n"写真, ""quoted""",1234,\n"",,[]\n"a\nb",0,\n',
    )
  })
})

describe('rows as JSON', () => {
  it('are an object a line, whole numbers beyond its own as texts', () => {
    expect(textOf('json', [{ a: 2n ** 60n, b: [{ c: null }] }], null)).toBe(
      '{"a":"1152921504606846976","b":[{"c":null}]}\n',
    )
  })
})

describe('what a site wrote', () => {
  const attack = '\u001b[31mred\u202e\r\nFORGED'
  it.each(['table', 'csv', 'json'] as const)('steers no terminal as %s', (style) => {
    const text = textOf(style, [{ [attack]: attack }], 80, [{ name: attack, type: 'VARCHAR' }])
    expect(text).not.toMatch(/[^\P{C}\r\n]/u)
    expect(text).not.toMatch(/^FORGED/m)
    expect(text).toContain('FORGED')
  })

  it('is whole in a CSV that no terminal shows', () => {
    expect(textOf('csv', [{ a: attack }], null, [{ name: 'a', type: 'VARCHAR' }])).toBe(`a\n"${attack}"\n`)
  })
})

describe('widths', () => {
  it('are cut from the widest, and never below what is still read', () => {
    expect(fitted([10, 50, 20], 100)).toEqual([10, 50, 20])
    expect(fitted([10, 50, 20], 54)).toEqual([10, 20, 20])
    expect(fitted([10, 50, 20], 10)).toEqual([6, 6, 6])
  })

  it('of texts count wide characters twice and marks not at all', () => {
    expect([textWidth('abc'), textWidth('写真'), textWidth('e\u0301'), textWidth('🐦')]).toEqual([3, 4, 1, 2])
    expect([cutText('abcdef', 4), cutText('写真写真', 5), cutText('abc', 3)]).toEqual([
      'abc…',
      '写真…',
      'abc',
    ])
  })
})
