import type { LockFence } from '../../lock/index.js'
import type { Hub } from '../hub.js'
import { memoryQueue } from '../memory-queue.js'
import { ServerMonitor } from '../redis/server-monitor.js'
import { callThrough, sqlBackend } from '../sql-backend.js'
import { type DatabaseThread, startPglite } from './database.js'
import { compact, type TakeBackRule, type TakenBack, takeBack } from './take-back.js'

/** The state of a folder's run, in a database of this process alone. */
export interface PgliteHub extends Hub {
  /** Told once, when the database died or its folder was taken over. */
  onLost(listener: (error: Error) => void): void
  /** Frees leases and duties, and clears the queue: this process holds the folder, so every other holder is dead. */
  takeOver(): Promise<void>
  /** See `takeBack`: what the rule names leaves the database, and its files. Only after `takeOver`. */
  takeBack(rule: TakeBackRule): Promise<TakenBack>
}

/** `dir`: of the database, made where it is not there. `fence`: of the folder's lock. Rejects where it cannot be opened. */
export async function openPgliteHub(
  dir: string,
  fence: LockFence,
  thread: DatabaseThread = startPglite(),
): Promise<PgliteHub> {
  const database = await thread.open(dir, fence)
  const backend = sqlBackend(callThrough(database))
  const queue = memoryQueue()
  return {
    backend,
    queue,
    warnings: [],
    connected: () => true,
    // In this process: it is there, or lost for good.
    server: new ServerMonitor(async () => ({ refusal: null, memory: null })),
    explain: async () => null,
    onReconnect: () => {},
    onLost: (listener) => database.onLost(listener),
    takeOver: async () => {
      await backend.resetLeases()
      await queue.clear()
    },
    takeBack: async (rule) => {
      const taken = await takeBack(database, rule)
      await compact(database)
      return taken
    },
    close: async () => {
      await queue.close()
      await database.close()
    },
  }
}
