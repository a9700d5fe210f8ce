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

/** Cells in columns as wide as their widest cell, two blanks apart, each line indented by two. */
export function table(
  rows: readonly (readonly string[])[],
  align: readonly ('left' | 'right')[],
): readonly string[] {
  const widths = align.map((_, column) => Math.max(0, ...rows.map((row) => (row[column] ?? '').length)))
  return rows.map((row) => {
    const cells = widths.map((width, column) => {
      const cell = row[column] ?? ''
      return align[column] === 'right' ? cell.padStart(width) : cell.padEnd(width)
    })
    return `  ${cells.join('  ')}`.trimEnd()
  })
}

/** One line without control characters: what comes from the web must not steer the terminal. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim()
}

/** A path or URL as a POSIX shell takes it. */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
