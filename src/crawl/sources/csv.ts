/** Longer records are no rows of a list, and quoted fields that would make one are none. Characters. */
export const maxRecordLength = 128 * 1024

/** One record, by the line on which it begins. `why`: it cannot be read. */
export type CsvRecord =
  | { readonly line: number; readonly fields: readonly string[] }
  | { readonly line: number; readonly why: string }

const quote = 0x22
const newline = 0x0a
const carriageReturn = 0x0d
const space = 0x20
const comma = 0x2c

/** A quoted field of a record. `end`: at the separator, line end or end of file behind it. */
interface QuotedField {
  readonly value: string
  readonly end: number
  readonly crossesLines: boolean
}

interface ReadRecord {
  /** null = an empty line. */
  readonly fields: readonly string[] | null
  /** Behind its line end. */
  readonly end: number
  readonly crossesLines: boolean
}

interface BegunRecord {
  readonly fields: readonly string[]
  /** To the field that is not read yet. */
  readonly length: number
  readonly crossesLines: boolean
}

const beginning: BegunRecord = { fields: [], length: 0, crossesLines: false }

/**
 * Reads delimited records as they arrive (RFC 4180; line ends of either kind, quotes only around whole fields). Empty lines are no
 * records. A quote that begins no quoted field of the file is a letter as any other, so one that is never closed costs its own record and
 * no other:
 *
 * * in tab-separated files, where most writers know no quotes, a quoted field ends before the next tab or line end
 * * elsewhere it may hold separators and line ends, but nothing stands behind its closing quote, and where it reaches over line ends it
 *   neither gives its record more or fewer fields than the header has, nor holds a line that is a row by itself
 *
 * Quotes within quotes are doubled, or have a backslash where the field cannot be read otherwise.
 */
export class CsvParser {
  readonly #separator: number
  /** Name of the column that holds URLs: by it lines are known to be rows. null = nobody can say. */
  readonly #urlColumn: string | null
  /** From the record on that is not read yet. */
  #text = ''
  #isLast = false
  #line = 1
  /** In the middle of a line that was given up. */
  #isSkipping = false
  /** What is read of the record. */
  #begun: BegunRecord = beginning
  /** Quoted fields that begin before it end on their line: one that did not turned out to be none. Place in the text. */
  #boundUntil = 0
  /** Where the field that is tried now was thought to be closed. */
  #triedUntil = 0
  /** Of the header, which is the first record; null = it is not read yet. */
  #header: { readonly columns: number; readonly urlAt: number } | null = null

  constructor(delimiter: ',' | '\t', urlColumn: string | null = null) {
    this.#separator = delimiter.charCodeAt(0)
    this.#urlColumn = urlColumn
  }

  /** The records that end within the text. */
  push(text: string): CsvRecord[] {
    this.#text = this.#text === '' ? text : this.#text + text
    return this.#records()
  }

  /** The records that are left at the end of the file. */
  finish(): CsvRecord[] {
    this.#isLast = true
    return this.#records()
  }

  #records(): CsvRecord[] {
    const records: CsvRecord[] = []
    let at = 0
    while (at < this.#text.length) {
      if (this.#isSkipping) {
        const end = this.#text.indexOf('\n', at)
        at = end < 0 ? this.#text.length : end + 1
        if (end < 0) break
        this.#line++
        this.#isSkipping = false
        continue
      }
      const read = this.#recordAt(at)
      if (read === 'more') break
      this.#begun = beginning
      if (read === 'long') {
        records.push({ line: this.#line, why: 'the line is too long' })
        this.#isSkipping = true
        continue
      }
      const { fields, end, crossesLines } = read
      if (fields !== null) {
        this.#header ??= { columns: fields.length, urlAt: fields.indexOf(this.#urlColumn ?? '') }
        records.push({ line: this.#line, fields })
      }
      this.#line += crossesLines ? countLines(this.#text, at, end) : 1
      at = end
    }
    this.#text = this.#text.slice(at)
    this.#boundUntil = Math.max(0, this.#boundUntil - at)
    return records
  }

  /** `more`: it may go on behind the text. `long`: it is given up, with the rest of its line. */
  #recordAt(start: number): ReadRecord | 'more' | 'long' {
    const text = this.#text
    const begun = this.#begun
    const fields = begun === beginning ? [] : [...begun.fields]
    let { crossesLines } = begun
    for (let from = start + begun.length; ; ) {
      const quoted = text.charCodeAt(from) === quote ? this.#quotedAt(from, start) : null
      const end = quoted === 'more' ? text.length : quoted === null ? this.#endOfPlain(from) : quoted.end
      if (quoted === 'more' || (end === text.length && this.#mayGrow(start))) {
        this.#begun = { fields, length: from - start, crossesLines }
        return 'more'
      }
      if (quoted?.crossesLines === true) crossesLines = true
      const isLong = end - start > maxRecordLength
      if (isLong && !crossesLines) return 'long'
      const isEnd = text.charCodeAt(end) !== this.#separator
      if (crossesLines && (isLong || !this.#mayHave(fields.length + 1, isEnd))) {
        this.#boundUntil = end
        this.#begun = beginning
        return this.#recordAt(start)
      }
      const value = quoted === null ? text.slice(from, end) : quoted.value
      from = end + 1
      if (!isEnd) {
        fields.push(value)
        continue
      }
      fields.push(quoted === null && value.endsWith('\r') ? value.slice(0, -1) : value)
      const isBlank = fields.length === 1 && fields[0] === '' && quoted === null
      return { fields: isBlank ? null : fields, end: Math.min(from, text.length), crossesLines }
    }
  }

  /** Whether a record may have so many fields, and more of them unless it ends. */
  #mayHave(fields: number, isEnd: boolean): boolean {
    if (this.#header === null) return true
    return isEnd ? fields === this.#header.columns : fields < this.#header.columns
  }

  /** Whether more text could make something else of the record that begins there. */
  #mayGrow(start: number): boolean {
    return !this.#isLast && this.#text.length - start <= maxRecordLength
  }

  /** The quoted field whose first quote stands at `open`; null = that quote begins none. */
  #quotedAt(open: number, start: number): QuotedField | null | 'more' {
    const reach = this.#reachOf(open, start)
    // Nearly every field: a quote, no further one and no line end, and the quote that closes it.
    const text = this.#text
    const close = text.indexOf('"', open + 1)
    const next = text.charCodeAt(close + 1)
    if (close > open && close < reach && (next === this.#separator || next === newline)) {
      const value = text.slice(open + 1, close)
      if (!value.includes('\n')) return { value, end: close + 1, crossesLines: false }
    }
    this.#triedUntil = open
    const read = this.#closedBy(doubled, open, reach, start) ?? this.#closedBy(escaped, open, reach, start)
    if (read === null && this.#triedUntil > this.#boundUntil) this.#boundUntil = this.#triedUntil
    return read
  }

  #closedBy(quoting: Quoting, open: number, reach: number, start: number): QuotedField | null | 'more' {
    const text = this.#text
    const close = quoting.closing(text, open + 1, reach)
    if (close < 0) return text.length <= reach && this.#mayGrow(start) ? 'more' : null
    const end = this.#endBehind(close + 1)
    if (end >= text.length && this.#mayGrow(start)) return 'more'
    if (end >= 0) {
      const inside = text.slice(open + 1, close)
      const crossesLines = inside.includes('\n')
      const isRows = crossesLines && this.#holdsRow(open, close, start)
      if (isRows === 'more') return 'more'
      if (!isRows) return { value: quoting.undone(inside), end, crossesLines }
    }
    this.#triedUntil = Math.max(this.#triedUntil, close)
    return null
  }

  /** Before which place the field has to be closed. */
  #reachOf(open: number, start: number): number {
    if (this.#separator !== comma) return this.#endOfPlain(open)
    if (open >= this.#boundUntil) return start + maxRecordLength
    const end = this.#text.indexOf('\n', open)
    return end < 0 ? this.#text.length : end
  }

  /** End of a field whose closing quote stands before `at`; -1 = something else stands there. */
  #endBehind(at: number): number {
    const text = this.#text
    let end = at
    while (text.charCodeAt(end) === space) end++
    if (text.charCodeAt(end) === this.#separator) return end
    if (text.charCodeAt(end) === carriageReturn) end++
    return end >= text.length || text.charCodeAt(end) === newline ? end : -1
  }

  /** Whether any of the lines that begin between two places is a row by itself. */
  #holdsRow(from: number, to: number, start: number): boolean | 'more' {
    if (this.#header === null || this.#header.urlAt < 0) return false
    const { columns, urlAt } = this.#header
    const separator = String.fromCharCode(this.#separator)
    for (let at = this.#text.indexOf('\n', from); at >= 0 && at < to; ) {
      const next = this.#text.indexOf('\n', at + 1)
      if (next < 0 && this.#mayGrow(start)) return 'more'
      const end = Math.min(next < 0 ? this.#text.length : next, start + maxRecordLength)
      const fields = this.#text.slice(at + 1, end).split(separator)
      if (fields.length >= columns && /^\s*"?https?:/i.test(fields[urlAt] ?? '')) return true
      at = next
    }
    return false
  }

  #endOfPlain(from: number): number {
    const text = this.#text
    for (let end = from; end < text.length; end++) {
      const code = text.charCodeAt(end)
      if (code === this.#separator || code === newline) return end
    }
    return text.length
  }
}

/** How quotes stand within quotes. */
interface Quoting {
  /** The closing one, at `from` or behind it and before `reach`; -1 = there is none. */
  readonly closing: (text: string, from: number, reach: number) => number
  readonly undone: (inside: string) => string
}

const doubled: Quoting = {
  closing: (text, from, reach) => {
    for (let at = from; ; at += 2) {
      at = text.indexOf('"', at)
      if (at < 0 || at >= reach) return -1
      if (text.charCodeAt(at + 1) !== quote) return at
    }
  },
  undone: (inside) => (inside.includes('"') ? inside.replaceAll('""', '"') : inside),
}

const escaped: Quoting = {
  closing: (text, from, reach) => {
    for (let at = from; ; at++) {
      at = text.indexOf('"', at)
      if (at < 0 || at >= reach) return -1
      let slashes = 0
      while (at - slashes > from && text[at - slashes - 1] === '\\') slashes++
      if (slashes % 2 === 0) return at
    }
  },
  undone: (inside) => inside.replace(/\\(["\\])/g, '$1'),
}

function countLines(text: string, from: number, to: number): number {
  let lines = 0
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) lines++
  return lines
}
