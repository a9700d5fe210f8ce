import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResult, DuckDBValue } from '@duckdb/node-api'
import { cellConverter, type Row } from './cell.js'
import type { Duckdb } from './duckdb.js'
import { SqlError, sqlErrorOf } from './sql-error.js'

/** Value that stands for a `?`; a list of texts for one that is a list. */
export type Param = null | boolean | number | bigint | string | readonly string[]

/** Answer to a statement that is under way. */
export interface Selection {
  readonly columns: readonly Column[]
  /** Once. In chunks, each read when it is asked for; throws SqlError where the statement fails on the way. */
  rows(): AsyncGenerator<readonly Row[]>
  /** Ends it where its rows are not read to the end. */
  close(): void
}

export interface Column {
  /** As in a row. */
  readonly name: string
  /** As SQL has it: `VARCHAR`, `DOUBLE`, `INTEGER[]`. */
  readonly type: string
}

/** Starts the one select of a text. The connection is its own, and closed with it. */
export async function select(
  duckdb: Duckdb,
  connection: DuckDBConnection,
  { sql, params }: { readonly sql: string; readonly params: readonly Param[] },
  signal: AbortSignal,
): Promise<Selection> {
  const interrupt = () => connection.interrupt()
  const close = () => {
    signal.removeEventListener('abort', interrupt)
    connection.closeSync()
  }
  signal.addEventListener('abort', interrupt)
  try {
    signal.throwIfAborted()
    const prepared = await prepareSelect(duckdb, connection, sql)
    for (const [i, param] of params.entries()) {
      // Of an empty list nobody could tell what it is a list of.
      const type = Array.isArray(param) ? duckdb.LIST(duckdb.VARCHAR) : undefined
      prepared.bindValue(i + 1, boundOf(duckdb, param), type)
    }
    const result = await prepared.stream()
    const names = result.deduplicatedColumnNames()
    const columns = result.columnTypes().map((type, at) => ({ name: names[at] ?? '', type: String(type) }))
    return { columns, rows: () => rowsOf(duckdb, result, close, signal), close }
  } catch (error) {
    close()
    signal.throwIfAborted()
    throw sqlErrorOf(error)
  }
}

async function* rowsOf(
  duckdb: Duckdb,
  result: DuckDBResult,
  close: () => void,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  try {
    for await (const rows of result.yieldConvertedRowObjects(cellConverter(duckdb))) {
      signal.throwIfAborted()
      yield rows
    }
  } catch (error) {
    signal.throwIfAborted()
    throw sqlErrorOf(error)
  } finally {
    close()
  }
}

/** Why a text is not one select that can be carried out as it stands; null = it is one. It is not carried out. */
export async function selectProblem(
  duckdb: Duckdb,
  connection: DuckDBConnection,
  sql: string,
): Promise<string | null> {
  try {
    const prepared = await prepareSelect(duckdb, connection, sql)
    const { parameterCount } = prepared
    prepared.destroySync()
    return parameterCount === 0 ? null : 'nothing is given for the ? or $ that stands there'
  } catch (error) {
    return sqlErrorOf(error).message
  }
}

/** Only what reads: a COPY might replace a file of the dataset, which may be read; so might one that is explained by being carried out. */
async function prepareSelect(
  duckdb: Duckdb,
  connection: DuckDBConnection,
  sql: string,
): Promise<DuckDBPreparedStatement> {
  const statements = await connection.extractStatements(sql)
  if (statements.count !== 1) throw new SqlError(`one statement is wanted, and these are ${statements.count}`)
  const prepared = await statements.prepare(0)
  if (prepared.statementType !== duckdb.StatementType.SELECT) {
    prepared.destroySync()
    throw new SqlError('only a select can be asked here: nothing is changed or written')
  }
  return prepared
}

function boundOf(duckdb: Duckdb, param: Param): DuckDBValue {
  return Array.isArray(param) ? duckdb.listValue(param) : (param as DuckDBValue)
}
