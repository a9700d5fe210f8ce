import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { messageOf } from '../../records/index.js'
import { CsvParser } from './csv.js'
import { createLineParser } from './lines.js'
import { type ListColumns, type ListRow, type ListSource, namedColumns, rowOf, skipped } from './list.js'
import { parquetAnswerMs, parquetColumnsOf, readParquetList } from './parquet-list.js'

/**
 * The rows of a list behind the first `done` ones, in order; who has enough leaves the loop. What it holds at a time is a piece of
 * the file, whatever the list's size. Rejects where the file cannot be read; what is wrong with its rows it says. `answerMs`: a piece of a
 * parquet file is decoded in so long, or it is damaged.
 */
export async function* readList(
  source: ListSource,
  done: number,
  answerMs = parquetAnswerMs,
): AsyncGenerator<ListRow> {
  if (source.format === 'parquet') {
    yield* readParquetList(source, done, answerMs)
    return
  }
  const parser = parserOf(source)
  let row = 0
  let rows: ListRow[] = []
  try {
    for await (const text of textsOf(source)) {
      rows = parser.push(text)
      for (const one of rows) if (++row > done) yield one
    }
    for (const one of parser.finish()) if (++row > done) yield one
  } catch (error) {
    if (!isGzipFault(error)) throw error
    // Rows that were read before the fault are as good as ever.
    const line = (rows.at(-1)?.line ?? 0) + 1
    if (++row > done)
      yield skipped(line, 'malformed', `the gzip data is broken from here on: ${error.message}`)
  }
}

/**
 * Why a list cannot be read, so that it can be said before anything starts; null = it can.
 *
 * @throws Error where the file cannot be read.
 */
export async function listProblem(source: ListSource, answerMs = parquetAnswerMs): Promise<string | null> {
  if (source.format === 'txt') return null
  if (source.format === 'jsonl') return null
  const names =
    source.format === 'parquet' ? await parquetColumnsOf(source.path, answerMs) : await headerOf(source)
  if ('why' in names) return names.why
  const missing = namedColumns(source.columns).find((column) => !names.columns.includes(column))
  if (missing === undefined) return null
  return `it has no column '${missing}'; its columns are: ${names.columns.slice(0, 20).join(', ')}`
}

async function headerOf(
  source: ListSource,
): Promise<{ readonly columns: readonly string[] } | { readonly why: string }> {
  const parser = new CsvParser(source.format === 'tsv' ? '\t' : ',')
  try {
    for await (const text of textsOf(source)) {
      const [first] = parser.push(text)
      if (first !== undefined) return 'why' in first ? first : { columns: first.fields }
    }
  } catch (error) {
    if (!isGzipFault(error)) throw error
    return { why: `it is no gzip file: ${error.message}` }
  }
  const [last] = parser.finish()
  if (last === undefined) return { why: 'it is empty' }
  return 'why' in last ? last : { columns: last.fields }
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
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return skipped(line, 'malformed', messageOf(error))
  }
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

/** Read at a time. The rows of a piece of 256 KB live long enough that V8 holds on to twice as much memory. */
const pieceBytes = 64 * 1024

/** The file as text, piece by piece; a byte order mark is left out, what is not UTF-8 becomes U+FFFD. */
async function* textsOf({ path, gzip }: ListSource): AsyncGenerator<string> {
  const file = createReadStream(path, { highWaterMark: pieceBytes })
  // Errors are thrown where the bytes are read.
  const bytes = gzip ? pipeline(file, createGunzip(), () => {}) : file
  const decoder = new TextDecoder()
  for await (const chunk of bytes) yield decoder.decode(chunk as Uint8Array, { stream: true })
  yield decoder.decode()
}

function isGzipFault(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')
}
