import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { parentPort } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { makeFolder } from '../../disk/index.js'
import { type LockFence, mayGoOn } from '../../lock/fence/index.js'
import { messageOf } from '../../records/index.js'
import { Growth } from './growth.js'
import { unpackFolder } from './packed-folder.js'

const require = createRequire(import.meta.url)

/** Wish of the database's owner: to open comes first, and once. */
export type Wish =
  /** `fence`: of the folder's lock; null = nobody else can come to the folder. */
  | { readonly kind: 'open'; readonly dir: string; readonly fence: LockFence | null }
  | { readonly kind: 'query'; readonly text: string; readonly params: readonly unknown[] }
  | { readonly kind: 'close' }

/** Wish that is answered under its id. */
export type Ask = Wish & { readonly id: number }
type Open = Extract<Ask, { kind: 'open' }>

export type Answer =
  | { readonly kind: 'rows'; readonly id: number; readonly rows: unknown[]; readonly rowCount: number }
  | { readonly kind: 'error'; readonly id: number; readonly message: string; readonly code: string | null }

/**
 * A desk-sized PostgreSQL: the defaults are for a server that has a machine to itself, and for disks that turn. What it reads lies in the
 * system's cache: a page through an index costs hardly more than the next page.
 */
const startParams = [
  ...PGlite.defaultStartParams,
  ...['shared_buffers=16MB', 'work_mem=8MB', 'random_page_cost=1.1'].flatMap((setting) => ['-c', setting]),
]

/** An empty database, which the build has packed: to unpack it takes a small part of the work of creating one. */
export const packedDatabase = new URL('empty.packed', import.meta.url)

/** Opens the database in a folder; where none is there, an empty one is laid in it first. */
async function openFolder(dir: string): Promise<PGlite> {
  // There from before its first file is written until its last one is: one that was begun and not finished is begun anew.
  const unfinished = `${dir}.unfinished`
  if (existsSync(unfinished)) rmSync(dir, { recursive: true, force: true })
  if (existsSync(dir)) return await openDatabase(dir)
  await makeFolder(dirname(dir))
  writeFileSync(unfinished, '')
  unpackFolder(readFileSync(packedDatabase), dir)
  const db = await openDatabase(dir)
  rmSync(unfinished)
  return db
}

/**
 * Opens a database, creating it where there is none, and brings its schema up to date. `settings`: of PostgreSQL, beside those of every start,
 * as `name=value`.
 */
export async function openDatabase(dataDir: string, settings: readonly string[] = []): Promise<PGlite> {
  const db = await PGlite.create({
    dataDir,
    startParams: [...startParams, ...settings.flatMap((setting) => ['-c', setting])],
  })
  await installSchema(db)
  return db
}

/** Which schema this program needs: a text that is another one with every change of the SQL. */
export function schemaDigest(): string {
  return createHash('sha256').update(schemaText()).digest('hex')
}

/** The SQL of pairmill's tables and functions. */
function schemaText(): string {
  const folder = dirname(require.resolve('#sql/00-schema.sql'))
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort()
  return files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n')
}

/** Installs the tables and functions, unless the database has these very ones. */
async function installSchema(db: PGlite): Promise<void> {
  const digest = schemaDigest()
  const there = await db.query("select to_regclass('pairmill.version') is not null as there")
  if ((there.rows[0] as { there: boolean }).there) {
    const { rows } = await db.query('select digest from pairmill.version')
    if ((rows[0] as { digest: string } | undefined)?.digest === digest) return
  }
  await db.transaction(async (transaction) => {
    await transaction.exec(schemaText())
    await transaction.query('delete from pairmill.version')
    await transaction.query('insert into pairmill.version values ($1)', [digest])
  })
}

/**
 * Analyses each table that has twice as many pages as it had the last time, or two for the first time. The session keeps the plans of its
 * functions, those too that it made while a table was empty, until the table is analysed, and PGlite has no autovacuum to do that.
 * `relpages` is what it had then, and lies in the database: one that is opened again goes on from there.
 */
const analyseDoubled = `do $$ declare doubled regclass; begin
  for doubled in select c.oid from pg_class c
    where c.relkind = 'r' and c.relnamespace = (select oid from pg_namespace where nspname = 'pairmill')
      and pg_relation_size(c.oid) >= 2 * greatest(c.relpages, 1) * current_setting('block_size')::bigint
  loop execute 'analyze ' || doubled; end loop;
end $$`

/** PGlite runs no autovacuum: without it, rows that come and go would be walked over for ever. */
const vacuumMs = 60_000
const busyTables = [
  'pairmill.url',
  'pairmill.candidate',
  'pairmill.reject_chunk',
  'pairmill.host',
  'pairmill.batch',
]

/**
 * Bytes of WebAssembly that a function of the engine has executed, some tenths of a second's, before V8 compiles it anew to be quicker. By V8's own
 * 1.8 million a run of one page spends 1.2 s of CPU on functions that it hardly calls any more, and one of 2,000 pages a tenth of its CPU.
 */
const tieringBudgetBytes = 200_000_000

async function serve(port: NonNullable<typeof parentPort>, { id, dir, fence }: Open): Promise<void> {
  // Nothing listens until the database is open, and the thread must not end meanwhile.
  port.ref()
  const db = await openFolder(dir)
  // Looked at before each statement, in this thread: what waits here when the process stood still must not be written after it.
  const isGuarded = () => fence === null || mayGoOn(fence, Date.now())
  const whileOpen = (error: unknown): void => {
    clearInterval(timer)
    if (db.ready) throw error
  }
  const growth = new Growth()
  port.on('message', (ask: Exclude<Ask, Open>) => {
    answer(db, isGuarded, ask)
      .then((message) => port.postMessage(message))
      .catch((error: unknown) => {
        throw error
      })
    const isDue = ask.kind === 'query' && growth.isDue(ask.text, ask.params)
    if (isDue && isGuarded()) db.exec(analyseDoubled).catch(whileOpen)
  })
  const timer = setInterval(() => {
    if (isGuarded()) db.exec(`vacuum (analyze) ${busyTables.join(', ')}`).catch(whileOpen)
  }, vacuumMs)
  port.postMessage({ kind: 'rows', id, rows: [], rowCount: 0 } satisfies Answer)
}

async function answer(db: PGlite, isGuarded: () => boolean, ask: Exclude<Ask, Open>): Promise<Answer> {
  try {
    // To close it writes, too: a database that went to another is left as it is.
    if (!isGuarded()) {
      if (ask.kind === 'close') return { kind: 'rows', id: ask.id, rows: [], rowCount: 0 }
      throw new Error("the folder's lock was lost")
    }
    if (ask.kind === 'close') {
      await db.close()
      return { kind: 'rows', id: ask.id, rows: [], rowCount: 0 }
    }
    const result = await db.query(ask.text, [...ask.params])
    return {
      kind: 'rows',
      id: ask.id,
      rows: result.rows,
      rowCount: result.affectedRows ?? result.rows.length,
    }
  } catch (error) {
    const code =
      error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
    return {
      kind: 'error',
      id: ask.id,
      message: messageOf(error),
      code,
    }
  }
}

const port = parentPort
if (port !== null) {
  // Read when the engine is loaded. They hold for the whole process, where undici's parser is all the WebAssembly beside.
  setFlagsFromString(`--wasm-tiering-budget=${tieringBudgetBytes}`)
  // Functions are checked when they are first called: most never are, and to check all of them takes 0.04 s of CPU.
  setFlagsFromString('--wasm-lazy-validation')
  port.once('message', async (open: Open) => await serve(port, open))
}
