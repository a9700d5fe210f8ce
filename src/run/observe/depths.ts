import { Counter, Gauge, type Registry } from 'prom-client'
import { type Backend, type WorkKind, workKinds } from '../../backend/index.js'
import { inTime } from '../../timing/index.js'
import { crawlWaitOf } from '../backlog.js'
import { pagesWithinBudget } from '../phase.js'
import { type FleetState, type FleetWorker, queuesOf, readWorkers, stateOf } from '../run-status.js'
import { restMs } from '../schedule.js'
import { usefulPlaces } from './useful-places.js'

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
type ReadDepths = (backend: DepthsBackend | null) => Promise<void>
export type DepthsBackend = Pick<Backend, 'runs' | 'progress' | 'hostCounts' | 'workers'>

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
  const withinBudget = new Gauge({
    name: 'pairmill_run_pages_within_budget',
    help: '1 where a run has URLs, waiting or under way, and may fetch them: it is running, below its limits of pages and pairs, and its crawl does not wait. Else 0. The same from every process.',
    labelNames: ['run'],
    registers,
  })
  const useful = new Gauge({
    name: 'pairmill_useful_places',
    help: 'Visits that the fleet has work for now, by kind; 1 at least while hosts only rest. What to scale by. The same from every process.',
    labelNames: ['kind'],
    registers,
  })
  const unanswered = new Counter({
    name: 'pairmill_unread_scrapes_total',
    help: 'Scrapes for which the backend did not answer in time; what waits is not told then.',
    registers,
  })

  return async (backend) => {
    const read = backend === null ? null : await inTime(() => readAll(backend), readMs)
    for (const gauge of [depth, runs, state, places, crawlWaits, withinBudget, useful]) gauge.reset()
    if (read === null) {
      unanswered.inc()
      return
    }
    const { entries, open, demands, workers } = read.value
    for (const entry of open) state.set({ run: entry.run, state: stateOf(entry) }, 1)
    for (const { run, progress, limits } of demands) {
      const queues = { ...queuesOf(progress), backlog: progress.backlog }
      for (const [queue, n] of Object.entries(queues)) depth.set({ run, queue }, n)
      const wait = crawlWaitOf(progress)
      if (wait !== null) crawlWaits.set({ run, for: wait.for }, 1)
      withinBudget.set({ run }, pagesWithinBudget(progress, limits) ? 1 : 0)
    }
    for (const one of states) runs.set({ state: one }, 0)
    for (const entry of entries) runs.inc({ state: stateOf(entry) })
    const fleetPlaces = placesOf(workers)
    const wanted = usefulPlaces(demands, fleetPlaces)
    for (const kind of workKinds) {
      places.set({ kind }, fleetPlaces[kind])
      useful.set({ kind }, wanted[kind])
    }
  }
}

function placesOf(workers: readonly FleetWorker[]): Record<WorkKind, number> {
  const of = (kind: WorkKind) => workers.reduce((sum, worker) => sum + (worker.places[kind] ?? 0), 0)
  return { session: of('session'), batch: of('batch'), plan: of('plan') }
}

async function readAll(backend: DepthsBackend) {
  const entries = await backend.runs()
  const open = entries.filter(({ ended }) => ended === null).slice(-maxRuns)
  const [workers, demands] = await Promise.all([
    readWorkers(backend),
    Promise.all(
      open.map(async ({ run, limits }) => {
        const [progress, hosts] = await Promise.all([backend.progress(run), backend.hostCounts(run, restMs)])
        return { run, limits, progress, hosts }
      }),
    ),
  ])
  return { entries, open, workers, demands }
}
