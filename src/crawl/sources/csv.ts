/** Longer records are no rows of a list: a quote was opened and never closed. Characters. */
export const maxRecordLength = 128 * 1024

/** One record, by the line on which it begins. `why`: it cannot be read. */
export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly why: string }

export interface CsvParser {
  /** The records that end within the text. */
  push(text: string): CsvRecord[]
  /** The records that are left at the end of the file. */
  finish(): CsvRecord[]
}

const quote = 0x22
const newline = 0x0a

/**
 * Reads delimited records as they arrive (RFC 4180; line ends of either kind, quotes only around whole fields). Empty lines are no
 * records. A record that grows beyond any row is given up, and reading goes on behind the next line end, so one lost quote does not
 * cost the rest of the file.
 */
export function createCsvParser(delimiter: ',' | '\t'): CsvParser {
  const separator = delimiter.charCodeAt(0)
  let line = 1
  let firstLine = 1
  let fields: string[] = []
  let field = ''
  let length = 0
  /** `closed`: behind a quote, which ends the field or is the first one of two. */
  let state: 'plain' | 'quoted' | 'closed' | 'skipping' = 'plain'
  let wasQuoted = false
  let records: CsvRecord[] = []

  const begin = () => {
    fields = []
    field = ''
    length = 0
    wasQuoted = false
    firstLine = line
  }
  const take = (text: string) => {
    field += text
    length += text.length
  }
  const endRecord = () => {
    // A field that was quoted may end with a carriage return of its own; then another stands behind the quote.
    const last = field.endsWith('\r') ? field.slice(0, -1) : field
    const isBlank = fields.length === 0 && last === '' && !wasQuoted
    if (!isBlank) records.push({ line: firstLine, fields: [...fields, last] })
  }
  const giveUp = (why: string) => {
    records.push({ line: firstLine, why })
    state = 'skipping'
  }

  const push = (text: string): CsvRecord[] => {
    records = []
    let at = 0
    while (at < text.length) {
      if (state === 'skipping') {
        const end = text.indexOf('\n', at)
        if (end < 0) break
        at = end + 1
        line++
        state = 'plain'
        begin()
        continue
      }
      if (state === 'quoted') {
        const found = text.indexOf('"', at)
        // Given up at the same place, whatever the pieces in which the text arrives.
        const end = Math.min(found < 0 ? text.length : found, at + maxRecordLength + 1 - length)
        const inside = text.slice(at, end)
        for (let i = inside.indexOf('\n'); i >= 0; i = inside.indexOf('\n', i + 1)) line++
        take(inside)
        at = end
        if (length > maxRecordLength) giveUp('a quote is opened and never closed')
        else if (found >= 0) {
          state = 'closed'
          at++
        }
        continue
      }
      const code = text.charCodeAt(at)
      if (code === quote && (state === 'closed' || (field === '' && !wasQuoted))) {
        // Two quotes within quotes stand for one.
        if (state === 'closed') take('"')
        wasQuoted = true
        state = 'quoted'
        at++
        continue
      }
      state = 'plain'
      if (code === separator) {
        fields.push(field)
        field = ''
        wasQuoted = false
        length++
        at++
      } else if (code === newline) {
        endRecord()
        line++
        at++
        begin()
      } else {
        let end = at + 1
        for (; end < text.length; end++) {
          const next = text.charCodeAt(end)
          if (next === separator || next === newline) break
        }
        take(text.slice(at, end))
        at = end
      }
      if (length > maxRecordLength) giveUp('the line is too long')
    }
    return records
  }

  return {
    push,
    finish: () => {
      records = []
      if (state === 'quoted') giveUp('a quote is opened and never closed')
      else if (state !== 'skipping') endRecord()
      return records
    },
  }
}
