import { Counter, Gauge, type Registry } from 'prom-client'
import { type Backend, workKinds } from '../../backend/index.js'
import { inTime } from '../../timing/index.js'
import { crawlWaitOf } from '../backlog.js'
import { type FleetState, queuesOf, readWorkers, stateOf } from '../run-status.js'

/** A scrape waits so long for the backend; Prometheus gives up after 10 s. */
const readMs = 3_000
/** Runs that go on and whose queues are told, the latest ones: a scrape must end. */
const maxRuns = 50
const states: readonly FleetState[] = [
  'running',
  'paused',
  'stopping',
  'failed',
  'done',
  'limit',
  'stopped',
  'forgetting',
]

/** Reads what waits in the backend, for a scrape; null = it is not there. */
export type ReadDepths = (backend: Pick<Backend, 'runs' | 'progress' | 'workers'> | null) => Promise<void>

/**
 * What waits, as gauges. All processes of a fleet tell the same of it, so take the maximum over them. Where the backend does not answer in time
 * the gauges are absent and the scrape is counted.
 */
export function createDepths(registry: Registry): ReadDepths {
  const registers = [registry]
  const depth = new Gauge({
    name: 'pairmill_queue_depth',
    help: 'What waits or is under way in runs that go on, by queue: urls, hosts, buffered (candidates in no batch), batches, unplanned (kept pairs in no plan), plans, backlog (candidates that are not judged yet, in batches or not). The same from every process.',
    labelNames: ['run', 'queue'],
    registers,
  })
  const runs = new Gauge({
    name: 'pairmill_runs',
    help: 'Runs of the fleet, by state. The same from every process.',
    labelNames: ['state'],
    registers,
  })
  const state = new Gauge({
    name: 'pairmill_run_state',
    help: '1 for the state of each run that goes on or failed. The same from every process.',
    labelNames: ['run', 'state'],
    registers,
  })
  const places = new Gauge({
    name: 'pairmill_fleet_places',
    help: 'Visits that the living processes of the fleet can have under way, by kind. The same from every process.',
    labelNames: ['kind'],
    registers,
  })
  const crawlWaits = new Gauge({
    name: 'pairmill_crawl_waits',
    help: '1 for each run whose crawl waits, by what for: filters (too many candidates are not judged yet), server (it is nearly full). The same from every process.',
    labelNames: ['run', 'for'],
    registers,
  })
  const unanswered = new Counter({
    name: 'pairmill_unread_scrapes_total',
    help: 'Scrapes for which the backend did not answer in time; what waits is not told then.',
    registers,
  })

  return async (backend) => {
    const read = backend === null ? null : await inTime(() => readAll(backend), readMs)
    for (const gauge of [depth, runs, state, places, crawlWaits]) gauge.reset()
    if (read === null) {
      unanswered.inc()
      return
    }
    for (const { run, progress } of read.value.progresses) {
      const queues = { ...queuesOf(progress), backlog: progress.backlog }
      for (const [queue, n] of Object.entries(queues)) depth.set({ run, queue }, n)
      const wait = crawlWaitOf(progress)
      if (wait !== null) crawlWaits.set({ run, for: wait.for }, 1)
    }
    for (const one of states) runs.set({ state: one }, 0)
    for (const entry of read.value.entries) runs.inc({ state: stateOf(entry) })
    for (const entry of read.value.open) state.set({ run: entry.run, state: stateOf(entry) }, 1)
    for (const kind of workKinds) {
      places.set(
        { kind },
        read.value.workers.reduce((sum, worker) => sum + (worker.places[kind] ?? 0), 0),
      )
    }
  }
}

async function readAll(backend: Pick<Backend, 'runs' | 'progress' | 'workers'>) {
  const entries = await backend.runs()
  const open = entries.filter(({ ended }) => ended === null).slice(-maxRuns)
  const [workers, progresses] = await Promise.all([
    readWorkers(backend),
    Promise.all(open.map(async ({ run }) => ({ run, progress: await backend.progress(run) }))),
  ])
  return { entries, open, workers, progresses }
}
