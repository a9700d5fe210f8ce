import type { Cell, Column, Row } from '../query/index.js'
import { jsonText, plain } from './figures.js'
import { cutText, textWidth } from './text-width.js'

/** Rows of an answer as text: what comes before them, each chunk, and what comes after. */
interface RowText {
  begin(): string
  rows(rows: readonly Row[]): string
  end(): string
}

export type RowStyle = 'table' | 'csv' | 'json'

/** `terminalColumns`: of the terminal that shows it; null = it goes to a file or another program, which gets every cell whole. */
export function rowText(
  style: RowStyle,
  columns: readonly Column[],
  terminalColumns: number | null,
): RowText {
  if (style === 'json') return jsonLines
  if (style === 'csv') return csvText(columns, terminalColumns !== null)
  const isTooWide = terminalColumns !== null && columns.length * (leastColumns + gap.length) > terminalColumns
  return isTooWide ? uprightText(columns) : tableText(columns, terminalColumns)
}

/** A JSON object a line. */
const jsonLines: RowText = {
  begin: () => '',
  rows: (rows) => rows.map((row) => `${jsonText(jsonOf(row))}\n`).join(''),
  end: () => '',
}

/** A whole number that JSON has no exact number for is a text. */
function jsonOf(cell: Cell | Row): unknown {
  if (typeof cell === 'bigint') return String(cell)
  if (Array.isArray(cell)) return cell.map(jsonOf)
  if (typeof cell !== 'object' || cell === null) return cell
  return Object.fromEntries(Object.entries(cell).map(([name, value]) => [name, jsonOf(value)]))
}

/** RFC 4180, save that a line ends with LF alone, as tools in a pipe expect; with the names of the columns first. null is nothing, an empty text is `""`; lists and structs are JSON. */
function csvText(columns: readonly Column[], isTerminal: boolean): RowText {
  const field = (text: string) => {
    const shown = isTerminal ? plain(text) : text
    return shown === '' || /[",\r\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown
  }
  const line = (cells: readonly string[]) => `${cells.join(',')}\n`
  return {
    begin: () => line(columns.map(({ name }) => field(name))),
    rows: (rows) =>
      rows
        .map((row) =>
          line(
            columns.map(({ name }) => {
              const cell = row[name] ?? null
              return cell === null ? '' : field(cellText(cell))
            }),
          ),
        )
        .join(''),
    end: () => '',
  }
}

/** A line for each cell that is not null, and an empty one between two rows: where more columns were asked for than fit side by side. */
function uprightText(columns: readonly Column[]): RowText {
  const nameColumns = Math.max(...columns.map(({ name }) => textWidth(plain(name))))
  let isFirst = true
  const lines = (row: Row) => {
    const begin = isFirst ? '' : '\n'
    isFirst = false
    const cells = columns.flatMap(({ name }) => {
      const cell = row[name] ?? null
      if (cell === null) return []
      const shown = plain(name)
      return [`${shown}${' '.repeat(nameColumns - textWidth(shown))}${gap}${plain(cellText(cell))}`.trimEnd()]
    })
    return begin + cells.map((line) => `${line}\n`).join('')
  }
  return { begin: () => '', rows: (rows) => rows.map(lines).join(''), end: () => '' }
}

/** Rows that decide how wide the columns are: memory stays flat, and what comes later and is wider makes a line longer. */
const measuredRows = 2_000
const gap = '  '
/** A column is not made narrower than this; where so many do not fit, each cell gets a line. */
const leastColumns = 6

/** Columns as wide as their widest cell, numbers to the right; on a terminal the widest ones are cut until a line fits. */
function tableText(columns: readonly Column[], terminalColumns: number | null): RowText {
  let measured: (readonly string[])[] | null = []
  let widths: readonly number[] = []
  const rightAligned = columns.map(
    ({ type }) => /INT|DOUBLE|FLOAT|DECIMAL/.test(type) && !type.endsWith('[]'),
  )
  const cellsOf = (row: Row) => columns.map(({ name }) => plain(shownCell(row[name] ?? null)))
  const lineOf = (cells: readonly string[]) =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0
        const text = terminalColumns === null ? cell : cutText(cell, width)
        const blanks = ' '.repeat(Math.max(0, width - textWidth(text)))
        return rightAligned[at] ? blanks + text : text + blanks
      })
      .join(gap)
      .trimEnd()
  const flush = (): string => {
    if (measured === null) return ''
    const rows = measured
    measured = null
    const head = columns.map(({ name }) => plain(name))
    const natural = head.map((name, at) =>
      rows.reduce((most, row) => Math.max(most, textWidth(row[at] ?? '')), textWidth(name)),
    )
    widths = terminalColumns === null ? natural : fitted(natural, terminalColumns)
    const rule = widths.map((width) => '-'.repeat(width)).join(gap)
    return [lineOf(head), rule, ...rows.map(lineOf)].map((line) => `${line}\n`).join('')
  }
  return {
    begin: () => '',
    rows: (rows) => {
      const lines = rows.map(cellsOf)
      if (measured === null) return lines.map((cells) => `${lineOf(cells)}\n`).join('')
      measured.push(...lines)
      return measured.length >= measuredRows ? flush() : ''
    },
    end: flush,
  }
}

/** Widths that fit into so many columns, the widest cut first; as narrow as they get where they cannot. Pure. */
export function fitted(natural: readonly number[], columns: number): readonly number[] {
  const room = columns - gap.length * (natural.length - 1)
  const total = (most: number) => natural.reduce((sum, width) => sum + Math.min(width, most), 0)
  let most = Math.max(leastColumns, ...natural)
  while (most > leastColumns && total(most) > room) most--
  return natural.map((width) => Math.min(width, most))
}

function shownCell(cell: Cell): string {
  return cell === null ? '' : cellText(cell)
}

function cellText(cell: Exclude<Cell, null>): string {
  return typeof cell === 'object' ? jsonText(jsonOf(cell)) : String(cell)
}
