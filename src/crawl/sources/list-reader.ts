import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf } from '../../records/index.js'
import { CsvParser } from './csv.js'
import { createLineParser } from './lines.js'
import { type ListColumns, type ListRow, type ListSource, namedColumns, rowOf, skipped } from './list.js'
import { encodingOf, textIn } from './list-text.js'
import { parquetAnswerMs, parquetColumnsOf, readParquetList } from './parquet-list.js'

/**
 * The rows of a list behind the first `done` ones, in order and some at a time; who has enough leaves the loop. What it holds at a time is
 * a piece of the file, whatever the list's size. Rejects where the file cannot be read; what is wrong with its rows it says. `answerMs`: a
 * piece of a parquet file is decoded in so long, or it is damaged. `onShare` is told which part of the file was read, 0..1.
 */
export function listPieces(
  source: ListSource,
  done: number,
  answerMs = parquetAnswerMs,
  onShare: (share: number) => void = () => {},
): AsyncGenerator<readonly ListRow[]> {
  return source.format === 'parquet'
    ? readParquetList(source, done, answerMs, onShare)
    : textPieces(source, bytesOf(source, onShare), done)
}

/** As listPieces, row by row. */
export async function* readList(
  source: ListSource,
  done: number,
  answerMs = parquetAnswerMs,
): AsyncGenerator<ListRow> {
  for await (const rows of listPieces(source, done, answerMs)) for (const row of rows) yield row
}

/** As listPieces, of a text whose bytes arrive in any pieces. */
export async function* textPieces(
  source: ListSource,
  bytes: AsyncIterable<Uint8Array>,
  done: number,
): AsyncGenerator<readonly ListRow[]> {
  const parser = parserOf(source)
  let before = 0
  let line = 0
  const behind = (rows: readonly ListRow[]): readonly ListRow[] => {
    const known = Math.min(rows.length, Math.max(0, done - before))
    before += rows.length
    line = rows.at(-1)?.line ?? line
    return known === 0 ? rows : rows.slice(known)
  }
  try {
    for await (const text of textIn(bytes)) yield behind(parser.push(text))
    yield behind(parser.finish())
  } catch (error) {
    if (!isGzipFault(error)) throw error
    // Rows that were read before the fault are as good as ever.
    const why = `the gzip data is broken from here on: ${error.message}`
    yield behind([skipped(line + 1, 'malformed', why)])
  }
}

/**
 * Why a list cannot be read, so that it can be said before anything starts; null = it can.
 *
 * @throws Error where the file cannot be read.
 */
export async function listProblem(source: ListSource, answerMs = parquetAnswerMs): Promise<string | null> {
  const names =
    source.format === 'parquet' ? await parquetColumnsOf(source, answerMs) : await columnsOf(source)
  if (names === null) return null
  if ('why' in names) return names.why
  const missing = namedColumns(source.columns).find((column) => !names.columns.includes(column))
  if (missing === undefined) return null
  return `it has no column '${missing}'; its columns are: ${names.columns.slice(0, 20).join(', ')}`
}

/** What stands in the header of a text; null = its format has none. */
async function columnsOf(
  source: ListSource,
): Promise<{ readonly columns: readonly string[] } | { readonly why: string } | null> {
  try {
    for await (const start of bytesOf(source)) {
      if (encodingOf(start) === null)
        return { why: 'it is no text in UTF-8 or UTF-16: write it anew in UTF-8' }
      break
    }
    if (source.format !== 'csv' && source.format !== 'tsv') return null
    const parser = new CsvParser(source.format === 'tsv' ? '\t' : ',')
    for await (const text of textIn(bytesOf(source))) {
      const [first] = parser.push(text)
      if (first !== undefined) return 'why' in first ? first : { columns: first.fields }
    }
    const [last] = parser.finish()
    if (last === undefined) return { why: 'it is empty' }
    return 'why' in last ? last : { columns: last.fields }
  } catch (error) {
    if (!isGzipFault(error)) throw error
    return { why: `it is no gzip file: ${error.message}` }
  }
}

interface RowParser {
  push(text: string): ListRow[]
  finish(): ListRow[]
}

function parserOf(source: ListSource): RowParser {
  if (source.format === 'csv' || source.format === 'tsv') return csvRows(source)
  const lines = createLineParser()
  const read =
    source.format === 'txt' ? txtRow : (line: number, text: string) => jsonRow(line, text, source.columns)
  const rows = (found: ReturnType<typeof lines.push>) =>
    found.map((one) => ('why' in one ? skipped(one.line, 'malformed', one.why) : read(one.line, one.text)))
  return { push: (text) => rows(lines.push(text)), finish: () => rows(lines.finish()) }
}

function csvRows({ format, columns }: ListSource): RowParser {
  const parser = new CsvParser(format === 'tsv' ? '\t' : ',', columns.url)
  let header: readonly string[] | null = null
  const place = (column: string | null) => (column === null ? -1 : (header?.indexOf(column) ?? -1))
  let at = { url: -1, caption: -1, page: -1, licence: -1 }
  const rows = (records: ReturnType<typeof parser.push>): ListRow[] => {
    const found: ListRow[] = []
    for (const record of records) {
      if ('why' in record) {
        found.push(skipped(record.line, 'malformed', record.why))
        continue
      }
      const { line, fields } = record
      if (header === null) {
        header = fields
        at = {
          url: place(columns.url),
          caption: place(columns.caption),
          page: place(columns.page),
          licence: place(columns.licence),
        }
        continue
      }
      if (fields.length !== header.length) {
        found.push(
          skipped(line, 'malformed', `${fields.length} fields, where the header has ${header.length}`),
        )
        continue
      }
      found.push(
        rowOf(line, {
          url: fields[at.url],
          caption: fields[at.caption],
          page: fields[at.page],
          licence: fields[at.licence],
        }),
      )
    }
    return found
  }
  return { push: (text) => rows(parser.push(text)), finish: () => rows(parser.finish()) }
}

/** A URL holds no blank: what stands behind the first one is the caption. */
function txtRow(line: number, text: string): ListRow {
  const [, url = '', caption = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? []
  return rowOf(line, { url, caption })
}

function jsonRow(line: number, text: string, columns: ListColumns): ListRow {
  const parsed = parsedJson(text)
  if ('why' in parsed) return skipped(line, 'malformed', parsed.why)
  const { value } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return skipped(line, 'malformed', 'no JSON object')
  }
  const record = new Map(Object.entries(value))
  const of = (column: string | null) => (column === null ? undefined : record.get(column))
  return rowOf(line, {
    url: of(columns.url),
    caption: of(columns.caption),
    page: of(columns.page),
    licence: of(columns.licence),
  })
}

function parsedJson(text: string): { readonly value: unknown } | { readonly why: string } {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    const plain = text.replace(noNumber, (found) => (found.startsWith('"') ? found : 'null'))
    return plain === text ? { why: messageOf(error) } : parsedJson(plain)
  }
}

/** What Python writes for numbers that JSON does not have; strings, so that nothing is found in them. */
const noNumber = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g

/** Read at a time. The rows of a piece of 256 KB live long enough that V8 holds on to twice as much memory. */
const pieceBytes = 64 * 1024

function bytesOf(
  { path, gzip }: ListSource,
  onShare: (share: number) => void = () => {},
): AsyncIterable<Uint8Array> {
  const file = piecesOf(path, onShare)
  // Errors are thrown where the bytes are read.
  return gzip ? pipeline(file, createGunzip(), () => {}) : file
}

async function* piecesOf(path: string, onShare: (share: number) => void): AsyncGenerator<Uint8Array> {
  let read = 0
  let size: number | null = null
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) {
    size ??= (await stat(path)).size
    read += piece.length
    onShare(Math.min(1, read / size))
    yield piece
  }
}

function isGzipFault(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}
