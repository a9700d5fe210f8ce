import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { LockFence } from '../../lock/index.js'
import { messageOf } from '../../records/index.js'
import type { Answer, Ask, ThreadData } from './thread.js'

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
  /** Called once if the thread dies without having been closed. */
  onLost(listener: (error: Error) => void): void
  close(): Promise<void>
}

const require = createRequire(import.meta.url)

/**
 * Opens the PGlite database in `dir`, creating it first where it is not there. PostgreSQL runs in a thread of its own, since it
 * blocks the thread it runs in. The caller holds the folder's lock: a second process on the folder would destroy it. `fence`: that
 * lock's, without which nothing is written any more; null = nobody else can come to the folder.
 *
 * @throws Error where the folder cannot be created or opened.
 */
export async function openPglite(dir: string, fence: LockFence | null = null): Promise<Database> {
  const worker = new Worker(require.resolve('#threads/backend/pglite/thread.js'), {
    workerData: { dir, fence } satisfies ThreadData,
  })
  const waiting = new Map<
    number,
    { resolve(answer: { rows: unknown[]; rowCount: number }): void; reject(error: Error): void }
  >()
  const lost: ((error: Error) => void)[] = []
  let next = 1
  let dead: Error | null = null
  let closing = false

  const opened = new Promise<void>((resolve, reject) => {
    waiting.set(0, { resolve: () => resolve(), reject })
  })
  worker.on('message', (answer: Answer) => {
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

  await opened.catch((error: unknown) => {
    const why = messageOf(error)
    throw new Error(`the database in ${dir} could not be opened: ${why}`, { cause: error })
  })
  return {
    query: (text, params = []) => ask('query', text, params),
    onLost: (listener) => void lost.push(listener),
    close: async () => {
      if (closing || dead !== null) return
      closing = true
      await ask('close', '', [])
      await worker.terminate()
    },
  }
}
