import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { messageOf } from '../records/index.js'
import { type Committed, pageFields, type Store, sampleFields, UnreadableDataset } from '../shard/index.js'
import type { Row } from './cell.js'
import { type Duckdb, loadDuckdb, type MissingDuckdb, missingDuckdb } from './duckdb.js'
import { type LocalFiles, localFiles, type TablesProgress } from './local-files.js'
import { type Param, type Selection, select, selectProblem } from './select.js'
import { type FileGroup, globOf, quoted, type TableFile, type ViewShape, viewSql } from './views.js'

/**
 * Datasets as tables of SQL: `candidates` has every row, `pairs` the kept ones, `rejected` the others, and `pages` is the page ledger. Nothing is
 * loaded: a statement reads the files. It may read nothing else, and write nothing.
 */
export interface Tables {
  /** What was committed in each dataset when they were opened. */
  readonly committed: readonly Committed[]
  /**
   * Starts one select; throws SqlError where it is none, or is wrong. `params` stand for `?` or `$1`. Several may be open at a time; each is
   * to be read to its end, or closed. `signal`: interrupts it, as the one that they were opened with does.
   */
  select(sql: string, params?: readonly Param[], signal?: AbortSignal): Promise<Selection>
  /** Rows of one select, in chunks of some thousands. Throws SqlError. */
  rows(sql: string, params?: readonly Param[], signal?: AbortSignal): AsyncGenerator<readonly Row[]>
  /** Why a text is no condition on `pairs`, as stands behind `where`, by DuckDB's words; null = it is one. */
  whereProblem(expression: string): Promise<string | null>
  /** Removes copies and what was spilled. */
  close(): Promise<void>
}

export interface TablesDeps {
  /** A local folder for what does not fit into memory. */
  readonly scratch: string
  /** Held by DuckDB at most; what does not fit goes to the scratch folder. */
  readonly memoryLimitMb?: number
  /** Threads that it works with; as many as there are cores where it is not given. */
  readonly threads?: number
  readonly load?: () => Promise<Duckdb>
  readonly onProgress?: (progress: TablesProgress) => void
}

const defaultMemoryMb = 512

const samplesShape: ViewShape = {
  name: 'candidates',
  fields: sampleFields,
  source: 'source',
  number: 'shard',
}
/** The ledger has a `source` of its own: where a rule stands. */
const pagesShape: ViewShape = { name: 'pages', fields: pageFields, source: 'dataset', number: 'file' }

/** Opens what is committed at this moment. Throws UnreadableDataset. */
export async function openTables(
  sources: readonly Store[],
  deps: TablesDeps,
  signal: AbortSignal,
): Promise<Tables | MissingDuckdb> {
  let duckdb: Duckdb
  try {
    duckdb = await (deps.load ?? loadDuckdb)()
  } catch (error) {
    return missingDuckdb(error)
  }
  const files = await localFiles(sources, deps.onProgress ?? (() => {}), signal)
  let spill: string | null = null
  let instance: DuckDBInstance | null = null
  const close = async () => {
    instance?.closeSync()
    if (spill !== null) await rm(spill, { recursive: true, force: true })
    await files.release()
  }
  try {
    spill = await mkdtemp(join(deps.scratch, 'duckdb-'))
    const opened = await duckdb.DuckDBInstance.create(':memory:')
    instance = opened
    const connection = await opened.connect()
    await createViews(connection, files, signal)
    await lock(connection, { ...deps, spill, files })
    connection.closeSync()
    return tablesOf(duckdb, opened, { committed: files.committed, close }, signal)
  } catch (error) {
    await close()
    signal.throwIfAborted()
    throw error
  }
}

function tablesOf(
  duckdb: Duckdb,
  instance: DuckDBInstance,
  opened: Pick<Tables, 'committed' | 'close'>,
  signal: AbortSignal,
): Tables {
  const start: Tables['select'] = async (sql, params = [], own) => {
    const bounded = own === undefined ? signal : AbortSignal.any([signal, own])
    return select(duckdb, await instance.connect(), { sql, params }, bounded)
  }
  return {
    ...opened,
    select: start,
    async *rows(sql, params, own) {
      yield* (await start(sql, params, own)).rows()
    },
    async whereProblem(expression) {
      const connection = await instance.connect()
      try {
        // Within parentheses, and within words: what closes the one and goes on does not close the other.
        return (
          (await selectProblem(duckdb, connection, `select 1 from pairs where (\n${expression}\n)`)) ??
          (await selectProblem(duckdb, connection, `select case when\n${expression}\nthen 1 end from pairs`))
        )
      } finally {
        connection.closeSync()
      }
    },
  }
}

async function createViews(
  connection: DuckDBConnection,
  files: LocalFiles,
  signal: AbortSignal,
): Promise<void> {
  for (const [shape, of] of [
    [samplesShape, files.samples],
    [pagesShape, files.pages],
  ] as const) {
    const groups = of.length === 0 ? [] : await groupsOf(connection, shape, of)
    signal.throwIfAborted()
    await connection.run(viewSql(shape, groups))
  }
  await connection.run('create view pairs as select * from candidates where error_message is null')
  await connection.run('create view rejected as select * from candidates where error_message is not null')
}

/** Files by the columns that they have, as their footers tell. */
async function groupsOf(
  connection: DuckDBConnection,
  { fields }: ViewShape,
  files: readonly TableFile[],
): Promise<FileGroup[]> {
  const names = fields.map(([name]) => quoted(name)).join(', ')
  const paths = files.map(({ path }) => quoted(globOf(path))).join(', ')
  const sql = `select file_name, string_agg(name || case when num_children is null then ':text' else ':typed' end, ' ' order by name) as columns
from parquet_schema([${paths}]) where name in (${names}) group by file_name`
  const columnsOf = new Map<string, string>()
  try {
    for (const [path, columns] of (await connection.runAndReadAll(sql)).getRows()) {
      columnsOf.set(String(path), String(columns))
    }
  } catch (error) {
    throw new UnreadableDataset(`a parquet file cannot be read: ${messageOf(error)}`, error)
  }
  const groups = new Map<string, TableFile[]>()
  for (const file of files) {
    const columns = columnsOf.get(file.path) ?? ''
    const group = groups.get(columns)
    if (group === undefined) groups.set(columns, [file])
    else group.push(file)
  }
  return [...groups].map(([columns, of]) => ({ files: of, columns: columnMap(columns) }))
}

function columnMap(columns: string): FileGroup['columns'] {
  const entries = columns.split(' ').map((column) => {
    const [name = '', how] = column.split(':')
    return [name, how === 'typed' ? ('typed' as const) : ('text' as const)] as const
  })
  return new Map(entries)
}

/** From here on it reads the files and its own folder alone, and nobody changes that. */
async function lock(
  connection: DuckDBConnection,
  {
    memoryLimitMb = defaultMemoryMb,
    threads = availableParallelism(),
    spill,
    files,
  }: Pick<TablesDeps, 'memoryLimitMb' | 'threads'> & { readonly spill: string; readonly files: LocalFiles },
): Promise<void> {
  const paths = [...files.samples, ...files.pages].map(({ path }) => path)
  const allowed = new Set(paths.flatMap((path) => [path, globOf(path)]))
  const settings: readonly (readonly [string, string])[] = [
    ['memory_limit', quoted(`${memoryLimitMb}MB`)],
    ['threads', String(Math.max(1, threads))],
    ['temp_directory', quoted(spill)],
    ['timezone', quoted('UTC')],
    ['allowed_paths', `[${[...allowed].map(quoted).join(', ')}]`],
    ['allowed_directories', `[${quoted(spill)}]`],
    ['autoinstall_known_extensions', 'false'],
    ['autoload_known_extensions', 'false'],
    ['allow_community_extensions', 'false'],
    ['enable_external_access', 'false'],
    ['lock_configuration', 'true'],
  ]
  for (const [name, value] of settings) await connection.run(`set global ${name} = ${value}`)
}
