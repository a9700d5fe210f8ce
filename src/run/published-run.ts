import type { Backend } from '../backend/index.js'
import { withoutSecrets } from '../records/index.js'
import { type FleetState, readRun } from './run-status.js'
import type { RunSnapshot, RunState } from './run-types.js'

const states: Record<FleetState, RunState> = {
  running: 'running',
  paused: 'running',
  stopping: 'draining',
  failed: 'failed',
  done: 'done',
  limit: 'done',
  stopped: 'stopped',
  forgetting: 'done',
}

/**
 * A run of a fleet as it is published beside its dataset, for those who see the dataset and not the fleet; null = there is no such run.
 */
export async function publishedRun(backend: Backend, run: string): Promise<RunSnapshot | null> {
  const details = await readRun(backend, run)
  if (details === null) return null
  const { state, note, model } = details
  return {
    v: 1,
    run,
    state: states[state],
    pid: null,
    startedAt: new Date(details.createdMs).toISOString(),
    updatedAt: new Date().toISOString(),
    elapsedMs: details.elapsedMs,
    counters: details.counters,
    queues: details.queues,
    ...(details.crawlWaits === undefined ? {} : { crawlWaits: details.crawlWaits }),
    hosts: details.hosts,
    model: model === null || model.id === null ? null : { ...model, id: model.id },
    dataset: details.dataset,
    note: note === null ? (state === 'paused' ? 'paused' : null) : withoutSecrets(note),
  }
}
