import type { ProgressStyle } from '../options/index.js'
import { type MissingDuckdb, SqlError, type Tables, type TablesProgress } from '../query/index.js'
import { UnreadableDataset } from '../shard/index.js'
import { type Clock, styleFor } from './display.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, page, plain } from './figures.js'
import { type Output, say } from './output.js'
import { type RowStyle, rowText } from './row-text.js'
import { amount } from './summary.js'
import { openTicker, type Ticker } from './ticker.js'
import { noDataset } from './verify.js'

export interface QueryCall {
  /** Absolute folder, or an S3 URL. */
  readonly dir: string
  readonly sql: string
  readonly style: RowStyle
  /** null = as suits standard error. */
  readonly progress: ProgressStyle | null
}

/** What a command that asks a dataset by SQL takes. */
export interface TablesDeps {
  readonly open: (onProgress: (progress: TablesProgress) => void) => Promise<Tables | MissingDuckdb>
  readonly isPlace: (place: string) => boolean
  readonly stdout: Output
  readonly stderr: Output
  readonly redraw: boolean
  readonly clock: Clock
}

/** `pairmill query`. */
export async function queryCommand(call: QueryCall, deps: TablesDeps): Promise<ExitCode> {
  const { stdout, stderr } = deps
  return await withTables({ ...call, event: 'query' }, deps, async (tables, ticker) => {
    const selection = await tables.select(call.sql)
    const text = rowText(call.style, selection.columns, stdout.isTerminal ? stdout.columns() : null)
    let count = 0
    stdout.write(text.begin())
    for await (const rows of selection.rows()) {
      ticker.close()
      count += rows.length
      stdout.write(text.rows(rows))
      await stdout.drained()
      // As `| head` does, which has what it wants.
      if (!stdout.isOpen) return exitCodes.ok
    }
    ticker.close()
    stdout.write(text.end())
    if (call.style === 'table') stderr.write(`${amount(count, 'row')}\n`)
    return exitCodes.ok
  })
}

/**
 * Opens the tables of a dataset, shows that it goes on until `use` closes the ticker, before it prints, and says for people why it cannot be done. Where the SQL is wrong
 * the code is that of a wrong call.
 */
export async function withTables(
  call: Pick<QueryCall, 'dir' | 'progress'> & { readonly event: string },
  deps: TablesDeps,
  use: (tables: Tables, ticker: Ticker) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { stderr, redraw, clock } = deps
  if (!deps.isPlace(call.dir)) {
    say(stderr, noDataset(call.dir))
    return exitCodes.failed
  }
  const style = styleFor(call.progress, { isTerminal: stderr.isTerminal, redraw })
  const ticker = openTicker(style, call.event, { output: stderr, clock })
  let tables: Tables | null = null
  try {
    const opened = await deps.open(({ done, total }) =>
      ticker.show(`${formatCount(done)} of ${amount(total, 'file')} at hand`),
    )
    if ('kind' in opened) {
      say(stderr, opened.message)
      return exitCodes.failed
    }
    tables = opened
    if (tables.committed.every(({ entries, pages }) => entries.length + pages.length === 0)) {
      say(stderr, `nothing is committed in ${call.dir} yet`)
      return exitCodes.failed
    }
    ticker.show('asking')
    return await use(tables, ticker)
  } catch (error) {
    ticker.close()
    if (error instanceof SqlError) {
      stderr.write(sqlProblem(error.message))
      return error.blames === 'statement' ? exitCodes.usage : exitCodes.failed
    }
    if (!(error instanceof UnreadableDataset)) throw error
    say(stderr, error.message)
    return exitCodes.failed
  } finally {
    ticker.close()
    await tables?.close()
  }
}

/** DuckDB's words: they may have several lines, of which one points at a place in the line above. */
function sqlProblem(message: string): string {
  const lines = message.split('\n').map((line) => plain(line).trimEnd())
  return page([[`pairmill: ${lines[0] ?? ''}`, ...lines.slice(1)]])
}
