import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { LockFence } from '../../lock/index.js'
import { messageOf } from '../../records/index.js'
import type { Answer, Ask, Wish } from './thread.js'

/** The database failed a statement. It says nothing of data lost: a statement is a transaction. */
class DatabaseError extends Error {
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

/** Thread of a database that is not open yet: it loads the engine meanwhile. */
export interface DatabaseThread {
  /**
   * Opens the PGlite database in `dir`, creating it first where it is not there; once. The caller holds the folder's lock: a second process on the
   * folder would destroy it. `fence`: that lock's, without which nothing is written any more; null = nobody else can come to the folder.
   *
   * @throws Error where the folder cannot be created or opened.
   */
  open(dir: string, fence: LockFence | null): Promise<Database>
  /** Ends a thread whose database was never opened; any other ends with its database. */
  discard(): Promise<void>
}

type Rows = Awaited<ReturnType<Database['query']>>

const require = createRequire(import.meta.url)

/** What a statement is told and gives is gone at once: by default it would lie in 48 MB until they are full. The database itself lies beside it. */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }

/** Starts the thread: PostgreSQL blocks the one it runs in. */
export function startPglite(): DatabaseThread {
  const worker = new Worker(require.resolve('#threads/backend/pglite/thread.js'), { resourceLimits })
  const waiting = new Map<number, { resolve(rows: Rows): void; reject(error: Error): void }>()
  const lost: ((error: Error) => void)[] = []
  let next = 0
  let dead: Error | null = null
  let closing = false
  let isOpened = false

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

  const ask = (wish: Wish) =>
    new Promise<Rows>((resolve, reject) => {
      if (dead !== null) return reject(dead)
      const id = next++
      waiting.set(id, { resolve, reject })
      worker.postMessage({ id, ...wish } satisfies Ask)
    })

  const close = async () => {
    if (closing || dead !== null) return
    closing = true
    await ask({ kind: 'close' })
    await worker.terminate()
  }
  return {
    open: async (dir, fence) => {
      isOpened = true
      await ask({ kind: 'open', dir, fence }).catch((error: unknown) => {
        throw new Error(`the database in ${dir} could not be opened: ${messageOf(error)}`, { cause: error })
      })
      return {
        query: (text, params = []) => ask({ kind: 'query', text, params }),
        onLost: (listener) => void lost.push(listener),
        close,
      }
    },
    discard: async () => {
      if (!isOpened) await worker.terminate()
    },
  }
}

/** See `DatabaseThread.open`. */
export const openPglite = (dir: string, fence: LockFence | null = null): Promise<Database> =>
  startPglite().open(dir, fence)
