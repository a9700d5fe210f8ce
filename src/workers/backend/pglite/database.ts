import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Answer, Ask } from './thread.js'

/** The database failed a statement. It says nothing of data lost: a statement is a transaction. */
export class DatabaseError extends Error {
  constructor(
    message: string,
    readonly code: string | null,
  ) {
    super(message)
    this.name = 'DatabaseError'
  }
}

export interface Database {
  query(text: string, params?: readonly unknown[]): Promise<{ rows: unknown[]; rowCount: number }>
  listen(channel: string): Promise<void>
  onNotification(listener: (channel: string, payload: string) => void): void
  /** Called once if the thread dies without having been closed. */
  onLost(listener: (error: Error) => void): void
  close(): Promise<void>
}

const require = createRequire(import.meta.url)

/** Between the name of a database and what tells its drafts apart. */
const draftMark = '.new-'

/**
 * Opens the PGlite database in `dir`, creating it first where it is not there. PostgreSQL runs in a thread of its own, since it
 * blocks the thread it runs in. The caller holds the folder's lock: a second process on the folder would destroy it.
 *
 * @throws Error where the folder cannot be created or opened.
 */
export async function openPglite(dir: string): Promise<Database> {
  if (!existsSync(dir)) await createPglite(dir)
  await removeDrafts(dir)
  const worker = new Worker(require.resolve('#threads/workers/backend/pglite/thread.js'), {
    workerData: { dir },
  })
  const waiting = new Map<
    number,
    { resolve(answer: { rows: unknown[]; rowCount: number }): void; reject(error: Error): void }
  >()
  const listeners: ((channel: string, payload: string) => void)[] = []
  const lost: ((error: Error) => void)[] = []
  let next = 1
  let dead: Error | null = null
  let closing = false

  const opened = new Promise<void>((resolve, reject) => {
    waiting.set(0, { resolve: () => resolve(), reject })
  })
  worker.on('message', (answer: Answer) => {
    if (answer.kind === 'notification') {
      for (const listener of listeners) listener(answer.channel, answer.payload)
      return
    }
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if (answer.kind === 'rows') asked?.resolve(answer)
    else asked?.reject(new DatabaseError(answer.message, answer.code))
  })
  const die = (error: Error) => {
    if (dead !== null) return
    dead = error
    for (const asked of waiting.values()) asked.reject(error)
    waiting.clear()
    if (!closing) for (const listener of lost) listener(error)
  }
  worker.on('error', (error) => die(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', (code) => die(new Error(`the database thread ended (exit code ${code})`)))

  const ask = (kind: Ask['kind'], text: string, params: readonly unknown[]) =>
    new Promise<{ rows: unknown[]; rowCount: number }>((resolve, reject) => {
      if (dead !== null) return reject(dead)
      const id = next++
      waiting.set(id, { resolve, reject })
      worker.postMessage({ id, kind, text, params } satisfies Ask)
    })

  await opened
  return {
    query: (text, params = []) => ask('query', text, params),
    listen: async (channel) => {
      await ask('listen', channel, [])
    },
    onNotification: (listener) => void listeners.push(listener),
    onLost: (listener) => void lost.push(listener),
    close: async () => {
      if (closing || dead !== null) return
      closing = true
      await ask('close', '', [])
      await worker.terminate()
    },
  }
}

/**
 * Creates the database beside its place and renames it there, so that a folder with a half-made one is never opened. The draft has a
 * name of its own: the child of a killed process may still be writing to an older one.
 */
async function createPglite(dir: string): Promise<void> {
  mkdirSync(dirname(dir), { recursive: true })
  const fresh = `${dir}${draftMark}${randomUUID()}`
  const child = fork(require.resolve('#threads/workers/backend/pglite/create.js'), [fresh], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000)
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0)
    throw new Error(`the database in ${dir} could not be created: ${said.trim() || `exit code ${code}`}`)
  renameSync(fresh, dir)
}

/** What killed processes left of databases that they were making. */
async function removeDrafts(dir: string): Promise<void> {
  const folder = dirname(dir)
  const drafts = readdirSync(folder).filter((name) => name.startsWith(basename(dir) + draftMark))
  // Tried anew where a child that lives a moment longer than its parent adds a file.
  for (const name of drafts) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 10 })
}
