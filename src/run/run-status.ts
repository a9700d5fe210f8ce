import { z } from 'zod'
import type { Backend, HostState, Progress, RunEntry, WorkerEntry } from '../backend/index.js'
import { sourcePlace } from '../crawl/index.js'
import { shownUrl } from '../records/index.js'
import { crawlWaitOf } from './backlog.js'
import { withKnown } from './known-candidates.js'
import { optionsOf } from './launch.js'
import type { CrawlWait, HostSnapshot, RunSnapshot } from './run-types.js'

/** What a run of a fleet is at, in one word. `ended`: see `RunEntry.ended`. */
export type FleetState =
  | 'running'
  | 'paused'
  | 'stopping'
  | 'failed'
  | 'done'
  | 'limit'
  | 'stopped'
  | 'forgetting'

/** One run of a fleet, at one moment. Plain JSON. */
export interface FleetRun {
  readonly run: string
  readonly state: FleetState
  /** The limit that ended it, or why it failed; null = neither. */
  readonly note: string | null
  readonly createdMs: number
  readonly elapsedMs: number
  readonly dataset: string
  readonly model: RunEntry['model']
  readonly counters: Readonly<Record<string, number>>
  readonly queues: RunSnapshot['queues']
  /** Absent = its crawl does not wait. */
  readonly crawlWaits?: CrawlWait
}

export interface FleetRunDetails extends FleetRun {
  /** Path or URL of each source that is not read to its end. */
  readonly openSources: readonly string[]
  readonly hosts: readonly HostSnapshot[]
}

/** Process that works on runs, or reads sources. Plain JSON. */
export interface FleetWorker {
  readonly worker: string
  readonly agoMs: number
  readonly places: Readonly<Record<string, number>>
  readonly active: number
  readonly startedAtMs: number
  /** Why it cannot work on a run, by run. */
  readonly problems: Readonly<Record<string, string>>
  /** The run whose sources it reads; null = it works on runs. */
  readonly reads: string | null
}

const busiestHosts = 20

export async function readRuns(backend: Backend): Promise<readonly FleetRun[]> {
  const entries = await backend.runs()
  return await Promise.all(
    entries.map(async (entry) => {
      const read = await readAs(backend, entry, async () => {
        const [progress, counters, dataset] = await Promise.all([
          backend.progress(entry.run),
          backend.counters(entry.run),
          datasetOf(backend, entry.run),
        ])
        return fleetRun(entry, progress, counters, dataset)
      })
      return read ?? forgottenRun(entry, await datasetOf(backend, entry.run))
    }),
  )
}

/** null = the run is being forgotten, or was since it was listed. */
async function readAs<T>(
  backend: Pick<Backend, 'createdMs'>,
  { run, standing, createdMs }: RunEntry,
  read: () => Promise<T>,
): Promise<T | null> {
  if (standing === 'forgetting') return null
  try {
    return await read()
  } catch (error) {
    if ((await backend.createdMs(run)) === createdMs) throw error
    return null
  }
}

/** null = there is no such run. */
export async function readRun(backend: Backend, run: string): Promise<FleetRunDetails | null> {
  const entry = (await backend.runs()).find((one) => one.run === run)
  if (entry === undefined) return null
  const read = await readAs(backend, entry, async () => {
    const [progress, counters, dataset, hosts, sources] = await Promise.all([
      backend.progress(run),
      backend.counters(run),
      datasetOf(backend, run),
      backend.hosts(run, busiestHosts),
      backend.sources(run),
    ])
    return {
      ...fleetRun(entry, progress, counters, dataset),
      hosts: hosts.map(hostSnapshot),
      openSources: sources.filter(({ ended }) => !ended).map(({ source }) => shownUrl(sourcePlace(source))),
    }
  })
  return read ?? { ...forgottenRun(entry, await datasetOf(backend, run)), hosts: [], openSources: [] }
}

export async function readWorkers(backend: Pick<Backend, 'workers'>): Promise<readonly FleetWorker[]> {
  return (await backend.workers()).map(workerOf)
}

/** Where the dataset of a run lies; '' = its options are gone. */
async function datasetOf(backend: Pick<Backend, 'options'>, run: string): Promise<string> {
  const stored = await backend.options(run)
  return stored === null ? '' : optionsOf(stored).out
}

function fleetRun(
  entry: RunEntry,
  progress: Progress,
  counters: Record<string, number>,
  dataset: string,
): FleetRun {
  const wait = entry.ended === null ? crawlWaitOf(progress) : null
  return {
    run: entry.run,
    state: stateOf(entry),
    note: entry.note ?? (entry.ended === 'done' || entry.ended === 'stopped' ? null : entry.ended),
    createdMs: entry.createdMs,
    elapsedMs: progress.elapsedMs,
    dataset,
    model: entry.model,
    counters: withKnown(counters),
    queues: queuesOf(progress),
    ...(wait === null ? {} : { crawlWaits: wait }),
  }
}

const nothingWaits = { urls: 0, hosts: 0, buffered: 0, batches: 0, unplanned: 0, plans: 0 }

/** Of what it did no more is known than what stands in its dataset. */
function forgottenRun(entry: RunEntry, dataset: string): FleetRun {
  return {
    run: entry.run,
    state: 'forgetting',
    note: `pairmill forget ${entry.run} ends it`,
    createdMs: entry.createdMs,
    elapsedMs: 0,
    dataset,
    model: entry.model,
    counters: {},
    queues: nothingWaits,
  }
}

/** Pure. */
export function stateOf({ standing, ended }: Pick<RunEntry, 'standing' | 'ended'>): FleetState {
  if (standing === 'failed' || standing === 'forgetting') return standing
  if (ended !== null) return ended === 'done' || ended === 'stopped' ? ended : 'limit'
  return standing === 'stopped' ? 'stopping' : standing
}

export function queuesOf(progress: Progress): RunSnapshot['queues'] {
  return {
    urls: progress.urls,
    hosts: progress.hosts,
    buffered: progress.buffered,
    batches: progress.batchesOpen,
    unplanned: progress.unplannedKept,
    plans: progress.plansOpen,
  }
}

function hostSnapshot(host: HostState): HostSnapshot {
  return {
    host: host.host,
    queued: host.urls,
    pages: host.pages,
    nextFetchInMs: host.nextFetchInMs,
    delayMs: host.delayMs,
    failures: host.failures,
    state: hostStateOf(host),
    ...(host.rendered === undefined ? {} : { rendered: host.rendered }),
    robots: host.robots ?? '',
  }
}

function hostStateOf({
  leased,
  crowded,
  failures,
  nextFetchInMs,
}: HostState): NonNullable<HostSnapshot['state']> {
  if (leased) return 'visited'
  if (crowded) return 'crowded'
  return failures > 0 && nextFetchInMs > 0 ? 'resting' : ''
}

/** A beat of another version may lack a part, or have another in its place. */
const beatSchema = z.object({
  places: z.record(z.string(), z.number()).catch({}),
  active: z.number().catch(0),
  startedAtMs: z.number().catch(0),
  problems: z.record(z.string(), z.string()).catch({}),
  reads: z.string().nullable().catch(null),
})

function workerOf({ worker, body, agoMs }: WorkerEntry): FleetWorker {
  return { worker, agoMs, ...beatSchema.parse(body) }
}
