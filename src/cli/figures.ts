import { withoutSecrets } from '../records/index.js'

/** `12,345`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** Decimal units as disks and networks have them: `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let amount = bytes
  let unit = 0
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000
    unit++
  }
  return `${unit === 0 || amount >= 99.95 ? Math.round(amount) : amount.toFixed(1)} ${units[unit] ?? ''}`
}

/** `48.6 %`; empty where there is no whole to be a part of. */
export function formatShare(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : ''
}

/** `4.1/s`, `240/s`. */
export function formatRate(perSecond: number): string {
  return `${perSecond >= 99.95 ? formatCount(perSecond) : perSecond.toFixed(1)}/s`
}

/** The part of a flat counter name after `prefix:`, with its count, largest first, equal ones by name. */
export function labelled(
  counters: Readonly<Record<string, number>>,
  prefix: string,
): readonly (readonly [label: string, count: number])[] {
  return Object.entries(counters)
    .filter(([name, count]) => name.startsWith(`${prefix}:`) && count > 0)
    .map(([name, count]) => [name.slice(prefix.length + 1), count] as const)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
}

export function total(counters: Readonly<Record<string, number>>, prefix: string): number {
  return labelled(counters, prefix).reduce((sum, [, count]) => sum + count, 0)
}

/** Cells, made plain, in columns as wide as their widest cell, two blanks apart, each line indented by two. */
export function table(
  rows: readonly (readonly string[])[],
  align: readonly ('left' | 'right')[],
): readonly string[] {
  const plainRows = rows.map((row) => row.map(plain))
  const widths = align.map((_, column) => Math.max(0, ...plainRows.map((row) => (row[column] ?? '').length)))
  return plainRows.map((row) => {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? ''
      return align[column] === 'right' ? cell.padStart(width) : cell.padEnd(width)
    })
    return `  ${cells.join('  ')}`.trimEnd()
  })
}

/** A text that ends no line and steers no terminal, whoever wrote it: no control characters, C1 too, and nothing that turns the direction. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
}

/** One plain line. */
export function oneLine(text: string): string {
  return plain(text).trim()
}

/** One plain line without secrets: what a message, a note or an error text is printed as. */
export function printed(text: string): string {
  return oneLine(withoutSecrets(text))
}

/** Where an error comes from, a line a call; '' = it does not say. What it says of itself is not in it. */
export function traceOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const calls = stack.split('\n').filter((line) => /^\s+at /.test(line))
  return calls.map((line) => `    ${printed(line)}\n`).join('')
}

/** Sections of lines as they are printed: the empty ones left out, a blank line between the others, every line plain and without secrets. */
export function page(sections: readonly (readonly string[])[]): string {
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => plain(withoutSecrets(line)).trimEnd()).join('\n'))
    .join('\n\n')}\n`
}

/** JSON that steers no terminal: what JSON.stringify leaves as it is of that kind is escaped, so nothing is lost. */
export function jsonText(value: unknown, indent = 0): string {
  return escapedJson(JSON.stringify(value, null, indent))
}

/** The same for JSON that is written already. */
export function escapedJson(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
