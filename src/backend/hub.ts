import type { Backend } from './backend.js'
import type { ServerMonitor } from './redis/server-monitor.js'
import type { WorkQueue } from './work-queue.js'

/** The shared state of runs, opened by one process: the backend of a folder, or the server of a fleet. */
export interface Hub {
  readonly backend: Backend
  readonly queue: WorkQueue
  /** Settings of the server that are not as they should be, for people. */
  readonly warnings: readonly string[]
  /** Whether the server can be asked just now. */
  connected(): boolean
  /** How the server stands. Looks at it are the caller's to ask for. */
  readonly server: ServerMonitor
  /** Why a call failed, for people, where it is the server that refused it; null = the error is of another kind. */
  explain(error: unknown): Promise<string | null>
  /** The connection was lost and is there again: the server may have lost its last moments with it. */
  onReconnect(listener: () => void): void
  close(): Promise<void>
}
