import { messageOf } from '../../records/index.js'
import { fileDigest } from './file-digest.js'
import type { ListRow, ListSource } from './list.js'
import { readList } from './list-reader.js'
import { SourceError, type SourceReader, type SourceSkip, type SourceStep } from './source.js'

/** Rows of one step. */
const rowsAtOnce = 500

/** Where the reading of a list stands: rows that are done, and of which file. */
interface ListPlace {
  readonly rows: number
  readonly digest: string
}

/** Reads a list. */
export function listReader(source: ListSource): SourceReader {
  const { path } = source
  return {
    async check(cursor) {
      const begun = parsePlace(cursor)
      try {
        if ((await fileDigest(path)) === begun?.digest || begun === null) return null
      } catch (error) {
        return { kind: 'unreadable', message: unreadable(path, error).message }
      }
      const message = `${path} is not the list any more that this run has begun to read: give it back, or start a new run with another --out`
      return { kind: 'changed', message }
    },
    async *steps(cursor, signal) {
      try {
        const digest = await fileDigest(path)
        let { rows } = parsePlace(cursor) ?? { rows: 0 }
        let some: ListRow[] = []
        const step = (): SourceStep => {
          rows += some.length
          const behind = { cursor: `${rows} ${digest}`, ...contentsOf(path, some) }
          some = []
          return behind
        }
        for await (const row of readList(source, rows)) {
          signal.throwIfAborted()
          some.push(row)
          if (some.length === rowsAtOnce) yield step()
        }
        if (some.length > 0) yield step()
      } catch (error) {
        if (error instanceof Error && 'syscall' in error) throw unreadable(path, error)
        throw error
      }
    },
  }
}

function parsePlace(cursor: string): ListPlace | null {
  const [rows, digest] = cursor.split(' ')
  return digest === undefined ? null : { rows: Number(rows), digest }
}

function unreadable(path: string, error: unknown): SourceError {
  return new SourceError(`${path} cannot be read: ${messageOf(error)}`, error)
}

function contentsOf(file: string, rows: readonly ListRow[]): Omit<SourceStep, 'cursor'> {
  const counters: Record<string, number> = { rows: rows.length }
  const skipped: SourceSkip[] = []
  const candidates = []
  for (const row of rows) {
    const name = row.kind === 'candidate' ? 'candidates_seen' : `row_skipped:${row.reason}`
    counters[name] = (counters[name] ?? 0) + 1
    if (row.kind === 'candidate') candidates.push(row.candidate)
    else skipped.push({ file, at: { line: row.line }, reason: row.reason, detail: row.detail })
  }
  return { candidates, skipped, counters }
}
