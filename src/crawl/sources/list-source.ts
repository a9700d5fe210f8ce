import { messageOf } from '../../records/index.js'
import { fileDigest } from './file-digest.js'
import type { ListSource } from './list.js'
import { type BlockEntry, blockRows, ListBlock } from './list-block.js'
import { listPieces } from './list-reader.js'
import { SourceError, type SourceReader, type SourceSkip, type SourceStep } from './source.js'

/** Entries of a block that one step gives. */
const entriesAtOnce = 500

/** Where the reading of a list stands, and of which file. */
interface ListPlace {
  /** Rows before the block. */
  readonly rows: number
  /** Entries that the block has given. */
  readonly given: number
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
        let { rows, given } = parsePlace(cursor) ?? { rows: 0, given: 0 }
        let block = new ListBlock()
        let share = 0
        const onShare = (read: number) => {
          share = read
        }
        const steps = function* (): Generator<SourceStep> {
          for (; given < block.size; given += entriesAtOnce) {
            const end = given + entriesAtOnce
            const behind = end < block.size ? { rows, given: end } : { rows: rows + block.rows, given: 0 }
            yield {
              cursor: cursorOf({ ...behind, digest }),
              share,
              ...contentsOf(path, block.entries(given, end)),
            }
          }
          rows += block.rows
          given = 0
          block = new ListBlock()
        }
        for await (const piece of listPieces(source, rows, undefined, onShare)) {
          signal.throwIfAborted()
          for (const row of piece) {
            block.add(row)
            if ((rows + block.rows) % blockRows === 0) yield* steps()
          }
        }
        yield* steps()
      } catch (error) {
        if (error instanceof Error && 'syscall' in error) throw unreadable(path, error)
        throw error
      }
    },
  }
}

const cursorOf = ({ rows, given, digest }: ListPlace): string => `${rows}+${given} ${digest}`

/** Without the second number: an early version wrote it, of whose blocks each had one row. What it began is gone on with behind that row. */
function parsePlace(cursor: string): ListPlace | null {
  const [, rows, given = '0', digest] = /^(\d+)(?:\+(\d+))? (\S+)$/.exec(cursor) ?? []
  return digest === undefined ? null : { rows: Number(rows), given: Number(given), digest }
}

function unreadable(path: string, error: unknown): SourceError {
  return new SourceError(`${path} cannot be read: ${messageOf(error)}`, error)
}

function contentsOf(file: string, entries: readonly BlockEntry[]): Omit<SourceStep, 'cursor' | 'share'> {
  const counters: Record<string, number> = {}
  const count = (name: string, times = 1) => {
    if (times > 0) counters[name] = (counters[name] ?? 0) + times
  }
  const skipped: SourceSkip[] = []
  const candidates = []
  for (const { row, rows } of entries) {
    count('rows', rows)
    count('list_row_joined', rows - 1)
    if (row.kind === 'candidate') {
      count('candidates_seen')
      candidates.push(row.candidate)
    } else {
      const { line, reason, detail } = row
      count(`row_skipped:${reason}`)
      skipped.push({ file, at: { line }, reason, detail })
    }
  }
  return { candidates, skipped, counters }
}
