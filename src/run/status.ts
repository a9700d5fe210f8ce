import type { Backend } from '../backend/index.js'
import { messageOf, withoutSecrets } from '../records/index.js'
import type { Publish } from './published-status.js'
import { readRun } from './run-status.js'
import type { RunHooks, RunSnapshot, RunState } from './run-types.js'
import { writeStatus } from './status-file.js'

/** What is known of a run from outside: kept here, told to the hooks, and written beside the database. */
export interface Status {
  state(state: RunState): void
  note(text: string | null): void
  model(model: NonNullable<RunSnapshot['model']> | null): void
  /** Something failed and will be tried again. Counted; told once for each new message. */
  trouble(error: Error): void
  /** Failures since the last success. */
  troubles(): number
  /** The run failed: told and written without asking the backend, which may be what was lost. */
  failed(message: string): Promise<void>
  /** From now on, what is written is told to others too. */
  publishBy(publish: Publish): void
  /** Reads the run anew, tells and writes it. */
  update(backend: Backend): Promise<RunSnapshot>
}

export function createStatus(run: string, dataset: string, privateDir: string, hooks: RunHooks): Status {
  const startedAt = new Date().toISOString()
  let snapshot: RunSnapshot = {
    v: 1,
    run,
    state: 'starting',
    pid: process.pid,
    startedAt,
    updatedAt: startedAt,
    elapsedMs: 0,
    counters: {},
    queues: { urls: 0, hosts: 0, buffered: 0, batches: 0, unplanned: 0, plans: 0 },
    hosts: [],
    model: null,
    dataset,
    note: null,
  }
  let lastTrouble: string | null = null
  let troubles = 0
  let publish: Publish | null = null
  const write = async () => {
    await writeStatus(privateDir, snapshot)
    await publish?.(snapshot)
  }
  const change = (part: Partial<RunSnapshot>) => {
    snapshot = { ...snapshot, ...part, updatedAt: new Date().toISOString() }
    hooks.onSnapshot(snapshot)
  }
  return {
    state: (state) => change({ state }),
    note: (note) => change({ note: note === null ? null : withoutSecrets(note) }),
    model: (model) => change({ model }),
    trouble: (error) => {
      troubles++
      if (error.message === lastTrouble) return
      lastTrouble = error.message
      hooks.onNote(`trouble, will be tried again: ${messageOf(error)}`)
    },
    troubles: () => troubles,
    failed: async (message) => {
      change({ state: 'failed', note: withoutSecrets(message) })
      await write()
    },
    publishBy: (next) => {
      publish = next
    },
    update: async (backend) => {
      const seen = await readRun(backend, snapshot.run)
      if (seen === null) throw new Error(`there is no run ${snapshot.run}`)
      const { elapsedMs, counters, queues, hosts, crawlWaits } = seen
      if (JSON.stringify(counters) !== JSON.stringify(snapshot.counters)) troubles = 0
      const { crawlWaits: _, ...rest } = snapshot
      snapshot = rest
      change({ elapsedMs, counters, queues, hosts, ...(crawlWaits === undefined ? {} : { crawlWaits }) })
      await write()
      return snapshot
    },
  }
}
