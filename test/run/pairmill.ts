import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll } from 'vitest'
import type { PageRow } from '../../src/records/index.js'
import { folderStore, readEntries, readPages, readShard, type ShardEntry } from '../../src/shard/index.js'
import { readParquet } from '../../src/shard/parquet-reader.js'

const root = resolve(import.meta.dirname, '../..')
const main = join(root, 'dist/cli/main.js')

/** How a process ended. `code` null = a signal ended it. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when standard error has held the text; rejects where the process ends without. */
  said(text: string): Promise<void>
}

/**
 * Starts the built program, `within` another one if that is given. It is killed with the test file, whatever becomes of
 * the test.
 */
export function start(
  words: readonly string[],
  env: Record<string, string> = {},
  within: readonly string[] = [],
): Running {
  const [command = '', ...rest] = [...within, process.execPath, main, ...words]
  const child = spawn(command, rest, {
    env: { PATH: process.env.PATH, HOME: tmpdir(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  living.add(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  const ended = new Promise<Ended>((done) =>
    child.on('close', (code, signal) => {
      living.delete(child)
      done({ code, signal, stdout, stderr })
    }),
  )
  child.stderr.setEncoding('utf8')
  const said = (text: string) =>
    new Promise<void>((heard, failed) => {
      const listen = () => {
        if (stderr.includes(text)) heard()
      }
      child.stderr.on('data', listen)
      listen()
      ended.then(() => failed(new Error(`it ended and never said ${text}: ${stderr}`)))
    })
  child.stderr.on('data', (text: string) => {
    stderr += text
  })
  return { child, ended, said }
}

const living = new Set<ChildProcess>()
afterAll(() => {
  for (const child of living) child.kill('SIGKILL')
})

/** Runs the program to its end. */
export const pairmill = (words: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  start(words, env).ended

/** A folder that is removed after the last test of the file. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'pairmill-run-'))
  folders.push(folder)
  return folder
}

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** The `--out` of a new run. */
export const newOut = (): string => join(tempFolder(), 'out')

/** One row of a run's parquet files. */
export interface Attempt {
  readonly url: string
  readonly caption: string
  readonly key: string | null
  readonly status: string
  /** null = kept. */
  readonly reason: string | null
  readonly captions: string
  readonly duplicateOf: string | null
  readonly sha256: string | null
  readonly score: number | null
}

const calm = new AbortController().signal

export const entriesOf = (out: string): Promise<ShardEntry[]> => readEntries(folderStore(out), calm)

/** Every candidate of the committed shards. */
export async function attemptsOf(out: string): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  for (const { files } of await entriesOf(out)) {
    const parquet = files.find(({ name }) => name.endsWith('.parquet'))
    if (parquet === undefined) throw new Error('an entry without parquet')
    const columns = [
      'url',
      'caption',
      'key',
      'status',
      'error_message',
      'captions',
      'duplicate_of',
      'sha256',
      'clip_score',
    ]
    for await (const row of readParquet(join(out, parquet.name), columns)) {
      attempts.push({
        url: String(row.url),
        caption: String(row.caption),
        key: (row.key ?? null) as string | null,
        status: String(row.status),
        reason: (row.error_message ?? null) as string | null,
        captions: String(row.captions),
        duplicateOf: (row.duplicate_of ?? null) as string | null,
        sha256: (row.sha256 ?? null) as string | null,
        score: (row.clip_score ?? null) as number | null,
      })
    }
  }
  return attempts
}

/** `URL caption` of every sample of the committed tars, sorted; what a training run would read. */
export async function pairsOf(out: string): Promise<string[]> {
  const pairs: string[] = []
  for (const { files } of await entriesOf(out)) {
    const tar = files.find(({ name }) => name.endsWith('.tar'))
    if (tar === undefined) continue
    for await (const { files: members } of readShard(join(out, tar.name))) {
      const { url } = JSON.parse(Buffer.from(members.get('json')!).toString()) as { url: string }
      pairs.push(`${url} ${Buffer.from(members.get('txt')!).toString()}`)
    }
  }
  return pairs.sort()
}

/** Every row of the page ledger, in its order. */
export async function pagesOf(out: string): Promise<PageRow[]> {
  const rows: PageRow[] = []
  for await (const row of readPages(folderStore(out), calm)) rows.push(row)
  return rows
}

/** The counters of `status --json`. */
export async function countersOf(out: string): Promise<Record<string, number>> {
  const { stdout } = await pairmill(['status', out, '--json'])
  return (JSON.parse(stdout) as { counters: Record<string, number> }).counters
}

/** How many of each. */
export function tally(items: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const item of items) counts[item] = (counts[item] ?? 0) + 1
  return counts
}

/** What a run leaves behind beside the dataset and its own records: nothing, where all is well. */
export function leftovers(out: string): string[] {
  const state = join(out, '.pairmill')
  const inside = (name: string) => (existsSync(join(state, name)) ? readdirSync(join(state, name)) : [])
  const known = new Set(['db', 'entries', 'pages', 'parts', 'plans', 'status.json', 'tmp'])
  return [
    ...inside('parts').map((name) => `parts/${name}`),
    ...inside('tmp').map((name) => `tmp/${name}`),
    ...readdirSync(state).filter((name) => !known.has(name)),
  ]
}
