import type { FleetRun, FleetRunDetails, FleetWorker } from '../run/index.js'
import { formatDuration } from '../timing/index.js'
import { formatCount, page, table } from './figures.js'
import { crawlWaitLines, hostLines, inputLines, waitingLines } from './status-lines.js'
import { amount, funnelSections } from './summary.js'

/** All runs of a fleet and who works on them. Pure. */
export function renderFleet(runs: readonly FleetRun[], workers: readonly FleetWorker[], now: number): string {
  const sections = [runs.length === 0 ? ['There is no run.'] : runTable(runs, now), workerLines(workers, now)]
  return page(sections)
}

/** One run of a fleet. Pure. */
export function renderFleetRun(run: FleetRunDetails, workers: readonly FleetWorker[], now: number): string {
  const model =
    run.model === null
      ? 'nothing scored yet'
      : run.model.id === null
        ? 'not scored'
        : `scored by ${run.model.id}`
  const note = run.note === null ? '' : ` (${run.note})`
  if (run.state === 'forgetting') return page([[`${run.run}: forgetting${note}.`, `Dataset: ${run.dataset}`]])
  const head = [
    `${run.run}: ${run.state}${note}, ${formatDuration(run.elapsedMs)} of work so far; ${model}.`,
    `Dataset: ${run.dataset}`,
  ]
  const filters = workers.reduce((sum, { places }) => sum + (places.batch ?? 0), 0)
  const sections = [
    head,
    inputLines(run, run.state === 'done'),
    ...funnelSections(run),
    [...waitingLines(run), ...crawlWaitLines(run.crawlWaits, filters > 0)],
    sourceLines(run, workers),
    hostLines(run),
    workerLines(workers, now),
  ]
  return page(sections)
}

function runTable(runs: readonly FleetRun[], now: number): readonly string[] {
  const rows = runs.map((run) => [
    run.run,
    run.state,
    formatCount(run.counters.pages ?? 0),
    formatCount(run.queues.urls),
    formatCount(run.counters.kept ?? 0),
    formatCount(run.counters.shards ?? 0),
    formatDuration(Math.max(0, now - run.createdMs)),
    run.note ?? '',
  ])
  return table(
    [['run', 'state', 'pages', 'URLs waiting', 'kept', 'shards', 'age', ''], ...rows],
    ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
  )
}

const mostSources = 10

/** Lines about sources that are still to be read, and what to do where nobody reads them. */
function sourceLines(
  { run, state, openSources }: FleetRunDetails,
  workers: readonly FleetWorker[],
): readonly string[] {
  if (openSources.length === 0) return []
  const readers = workers.filter(({ reads }) => reads === run).map(({ worker }) => worker)
  const goesOn = state === 'running' || state === 'paused'
  const unread = goesOn
    ? `Nobody reads them, and the run waits for them: the commands that named them go on; pairmill stop ${run} ends the run without the rest.`
    : `Nobody reads them: after pairmill resume ${run} the commands that named them go on.`
  const more = openSources.length - mostSources
  return [
    `${amount(openSources.length, 'source')} not read to the end`,
    ...openSources.slice(0, mostSources).map((place) => `  ${place}`),
    ...(more > 0 ? [`  and ${amount(more, 'other')}`] : []),
    readers.length > 0 ? `Read by ${readers.join(', ')}.` : unread,
  ]
}

function workerLines(all: readonly FleetWorker[], now: number): readonly string[] {
  const workers = all.filter(({ reads }) => reads === null)
  if (workers.length === 0) return ['No worker is alive: pairmill work all']
  const rows = workers.map((worker) => [
    worker.worker,
    Object.entries(worker.places)
      .map(([kind, places]) => `${roles[kind] ?? kind} ${places}`)
      .join(', '),
    formatCount(worker.active),
    formatDuration(Math.max(0, now - worker.startedAtMs)),
    `${formatDuration(worker.agoMs)} ago`,
  ])
  const problems = workers.flatMap((worker) =>
    Object.entries(worker.problems).map(([run, message]) => `  ${worker.worker} on ${run}: ${message}`),
  )
  return [
    `${amount(workers.length, 'worker')} alive`,
    ...table(
      [['worker', 'places', 'busy', 'up', 'last word'], ...rows],
      ['left', 'left', 'right', 'right', 'right'],
    ),
    ...(problems.length === 0 ? [] : ['Problems', ...problems]),
  ]
}

const roles: Readonly<Record<string, string>> = { session: 'crawl', batch: 'filter', plan: 'shard' }
