import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { messageOf } from '../../records/index.js'
import { type ListRow, type ListSource, namedColumns, rowOf } from './list.js'
import type { ParquetAnswer, ParquetAsk } from './parquet-thread.js'
import { SourceError } from './source.js'

/** Rows that are decoded at a time. */
const rowsAtOnce = 20_000
/** Rows that are given at a time: of those that are decoded, what is made of them need not be held. */
const rowsPerPiece = 500
/** A piece that takes longer to decode than this has the decoder in a loop. */
export const parquetAnswerMs = 60_000

const require = createRequire(import.meta.url)

/** The rows of a parquet list behind the first `done` ones, some at a time. Rejects with a SourceError where the file is damaged. */
export async function* readParquetList(
  { path, columns }: ListSource,
  done: number,
  answerMs: number,
  onShare: (share: number) => void,
): AsyncGenerator<readonly ListRow[]> {
  const thread = startThread(path, answerMs)
  try {
    const opened = await thread.opened()
    if (opened.kind === 'failed') throw failure(path, 0, opened)
    const names = namedColumns(columns)
    const place = (column: string | null) => (column === null ? -1 : names.indexOf(column))
    const at = {
      url: place(columns.url),
      caption: place(columns.caption),
      page: place(columns.page),
      licence: place(columns.licence),
    }
    for (let start = done; start < opened.rows; start += rowsAtOnce) {
      const end = Math.min(start + rowsAtOnce, opened.rows)
      const answer = await thread.ask({ columns: names, start, end })
      if (answer.kind === 'failed') throw failure(path, start, answer)
      for (let first = 0; first < answer.rows.length; first += rowsPerPiece) {
        onShare(Math.min(1, (start + first + rowsPerPiece) / opened.rows))
        yield answer.rows.slice(first, first + rowsPerPiece).map((row, i) =>
          rowOf(start + first + i + 1, {
            url: row[at.url],
            caption: row[at.caption],
            page: row[at.page],
            licence: row[at.licence],
          }),
        )
      }
    }
  } finally {
    await thread.end()
  }
}

/** The names of a file's columns; `why`: it is no parquet file, or one that cannot be read here. */
export async function parquetColumnsOf(
  { path, columns: wanted }: ListSource,
  answerMs: number,
): Promise<{ readonly columns: readonly string[] } | { readonly why: string }> {
  const thread = startThread(path, answerMs)
  try {
    const opened = await thread.opened()
    if (opened.kind === 'failed') {
      if (opened.syscall !== null) throw failure(path, 0, opened)
      return { why: `it cannot be read as parquet: ${opened.message}` }
    }
    const { columns, objects, unknownCodec } = opened
    if (unknownCodec !== null) {
      return {
        why: `it is compressed with ${unknownCodec}, which cannot be read here: write it anew with snappy`,
      }
    }
    for (const column of namedColumns(wanted)) {
      const inside = Object.hasOwn(objects, column) ? objects[column] : undefined
      if (inside === undefined) continue
      return {
        why: `its column '${column}' holds objects (${inside.slice(0, 20).join(', ')}) where texts are wanted: write one of these as a column of its own`,
      }
    }
    return { columns }
  } finally {
    await thread.end()
  }
}

type Answer<Kind extends ParquetAnswer['kind']> = Extract<ParquetAnswer, { kind: Kind }>
type Failed = Answer<'failed'>

interface ParquetThread {
  opened(): Promise<Answer<'opened'> | Failed>
  /** One question at a time. */
  ask(question: ParquetAsk): Promise<Answer<'rows'> | Failed>
  /** Whatever it is doing. */
  end(): Promise<unknown>
}

function startThread(path: string, answerMs: number): ParquetThread {
  const worker = new Worker(require.resolve('#threads/crawl/sources/parquet-thread.js'), {
    workerData: { path },
  })
  let heard: (answer: ParquetAnswer) => void = () => {}
  const failed = (message: string): Failed => ({ kind: 'failed', message, syscall: null })
  worker.on('message', (answer: ParquetAnswer) => heard(answer))
  /** Why the thread answers nothing any more; null = it lives. */
  let dead: Failed | null = null
  worker.on('error', (error) => {
    dead = failed(messageOf(error))
    heard(dead)
  })
  const next = <Kind extends ParquetAnswer['kind']>(kind: Kind): Promise<Answer<Kind> | Failed> =>
    new Promise((resolve) => {
      if (dead !== null) return resolve(dead)
      const late = () => resolve(failed(`its decoder came to no end within ${answerMs / 1000} s`))
      const timer = setTimeout(late, answerMs)
      heard = (answer) => {
        clearTimeout(timer)
        const isWanted = (one: ParquetAnswer): one is Answer<Kind> | Failed =>
          one.kind === kind || one.kind === 'failed'
        resolve(isWanted(answer) ? answer : failed(`an answer out of turn: ${answer.kind}`))
      }
    })
  const first = next('opened')
  return {
    opened: () => first,
    ask: (question) => {
      const answer = next('rows')
      worker.postMessage(question)
      return answer
    },
    end: () => worker.terminate(),
  }
}

/** A file that cannot be had now is the system's matter, as for every list; one that is damaged says so with its place. */
function failure(path: string, row: number, { message, syscall }: Failed): Error {
  if (syscall !== null) return Object.assign(new Error(message), { syscall })
  return new SourceError(`${path} cannot be read on behind row ${row}: ${message}`)
}
