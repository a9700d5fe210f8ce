/** Longer records are no rows of a list: a quote was opened and never closed. Characters. */
export const maxRecordLength = 128 * 1024

/** One record, by the line on which it begins. `why`: it cannot be read. */
export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly why: string }

const quote = 0x22
const newline = 0x0a

/**
 * Reads delimited records as they arrive (RFC 4180; line ends of either kind, quotes only around whole fields). Empty lines are no
 * records. A record that grows beyond any row is given up, and reading goes on behind the next line end, so one lost quote does not
 * cost the rest of the file.
 */
export class CsvParser {
  readonly #separator: number
  #line = 1
  /** On which the record begins. */
  #firstLine = 1
  #fields: string[] = []
  #field = ''
  /** Of the record until here. */
  #length = 0
  /** `closed`: behind a quote, which ends the field or is the first one of two. */
  #state: 'plain' | 'quoted' | 'closed' | 'skipping' = 'plain'
  #wasQuoted = false
  #records: CsvRecord[] = []

  constructor(delimiter: ',' | '\t') {
    this.#separator = delimiter.charCodeAt(0)
  }

  /** The records that end within the text. */
  push(text: string): CsvRecord[] {
    this.#records = []
    let at = 0
    while (at < text.length) {
      if (this.#state === 'skipping') at = this.#skip(text, at)
      else if (this.#state === 'quoted') at = this.#readQuoted(text, at)
      else at = this.#read(text, at)
    }
    return this.#records
  }

  /** The records that are left at the end of the file. */
  finish(): CsvRecord[] {
    this.#records = []
    if (this.#state === 'quoted') this.#giveUp('a quote is opened and never closed')
    else if (this.#state !== 'skipping') this.#endRecord()
    return this.#records
  }

  /** Behind the line that was given up. */
  #skip(text: string, at: number): number {
    const end = text.indexOf('\n', at)
    if (end < 0) return text.length
    this.#line++
    this.#state = 'plain'
    this.#begin()
    return end + 1
  }

  #readQuoted(text: string, at: number): number {
    const found = text.indexOf('"', at)
    // Given up at the same place, whatever the pieces in which the text arrives.
    const end = Math.min(found < 0 ? text.length : found, at + maxRecordLength + 1 - this.#length)
    const inside = text.slice(at, end)
    for (let i = inside.indexOf('\n'); i >= 0; i = inside.indexOf('\n', i + 1)) this.#line++
    this.#take(inside)
    if (this.#length > maxRecordLength) this.#giveUp('a quote is opened and never closed')
    else if (found >= 0) {
      this.#state = 'closed'
      return end + 1
    }
    return end
  }

  /** A quote, a separator, a line end, or what stands before the next separator or line end. */
  #read(text: string, at: number): number {
    const code = text.charCodeAt(at)
    if (code === quote && (this.#state === 'closed' || (this.#field === '' && !this.#wasQuoted))) {
      // Two quotes within quotes stand for one.
      if (this.#state === 'closed') this.#take('"')
      this.#wasQuoted = true
      this.#state = 'quoted'
      return at + 1
    }
    this.#state = 'plain'
    let end = at + 1
    if (code === this.#separator) {
      this.#fields.push(this.#field)
      this.#field = ''
      this.#wasQuoted = false
      this.#length++
    } else if (code === newline) {
      this.#endRecord()
      this.#line++
      this.#begin()
    } else {
      end = this.#endOfPlain(text, end)
      this.#take(text.slice(at, end))
    }
    if (this.#length > maxRecordLength) this.#giveUp('the line is too long')
    return end
  }

  #endOfPlain(text: string, from: number): number {
    for (let end = from; end < text.length; end++) {
      const next = text.charCodeAt(end)
      if (next === this.#separator || next === newline) return end
    }
    return text.length
  }

  #begin(): void {
    this.#fields = []
    this.#field = ''
    this.#length = 0
    this.#wasQuoted = false
    this.#firstLine = this.#line
  }

  #take(text: string): void {
    this.#field += text
    this.#length += text.length
  }

  #endRecord(): void {
    // A field that was quoted may end with a carriage return of its own; then another stands behind the quote.
    const last = this.#field.endsWith('\r') ? this.#field.slice(0, -1) : this.#field
    const isBlank = this.#fields.length === 0 && last === '' && !this.#wasQuoted
    if (!isBlank) this.#records.push({ line: this.#firstLine, fields: [...this.#fields, last] })
  }

  #giveUp(why: string): void {
    this.#records.push({ line: this.#firstLine, why })
    this.#state = 'skipping'
  }
}
