import type { LiveRun } from '../report/index.js'
import type { FleetRunDetails, FleetWorker, RunSnapshot } from '../run/index.js'
import { labelled } from './figures.js'
import { rejectExplanations } from './reasons.js'
import { crawlWaitLines, waitingLines } from './status-lines.js'
import { waitingOf } from './waiting.js'
import { countsOf, isGoingOn, ratesOf, type Watched, watchedFrom, withSnapshot } from './watched.js'

/** What is told of a run at one moment, by whoever keeps its state. */
export interface Sight {
  readonly snapshot: RunSnapshot
  /** In a word. */
  readonly state: string
  /** Empty = a process of its own works on it. */
  readonly workers: readonly FleetWorker[]
}

/** Rates are those of this time. */
const windowMs = 30_000

/** Follows a run by looking at it again and again. `look`: null = there is no such run. */
export function followRun(
  look: () => Promise<Sight | null>,
  now: () => number,
): () => Promise<LiveRun | null> {
  let watched: Watched | null = null
  return async () => {
    const sight = await look()
    if (sight === null) return null
    const atMs = now()
    watched = withSnapshot(watched ?? watchedFrom(sight.snapshot, atMs), sight.snapshot, atMs)
    return liveOf(watched, sight, atMs)
  }
}

/** Pure. */
export function liveOf(watched: Watched, { snapshot, state, workers }: Sight, nowMs: number): LiveRun {
  const rates = ratesOf(watched.moments, windowMs)
  const shownRates = [
    ['pages', rates.pages],
    ['rows of lists', rates.rows],
    ['records of archives', rates.records],
    ['images', rates.images],
    ['judged', rates.judged],
    ['kept', rates.kept],
  ] as const
  const always = new Set(['pages', 'images', 'judged', 'kept'])
  const goesOn = isGoingOn(snapshot)
  const waiting = goesOn ? waitingOf(watched, nowMs) : null
  const hasFilter = workers.length === 0 || workers.some(({ places }) => (places.batch ?? 0) > 0)
  const lines = [...waitingLines(snapshot), ...crawlWaitLines(snapshot.crawlWaits, hasFilter)]
  return {
    run: snapshot.run,
    state,
    isGoingOn: goesOn,
    updatedAt: snapshot.updatedAt,
    elapsedMs: snapshot.elapsedMs,
    note: snapshot.note,
    rates: shownRates
      .filter(([name, perSecond]) => always.has(name) || perSecond > 0)
      .map(([name, perSecond]) => ({ name, perSecond })),
    funnel: funnelOf(watched),
    reasons: labelled(snapshot.counters, 'rejected').map(([reason, count]) => ({
      reason,
      count,
      meaning: rejectExplanations[reason as keyof typeof rejectExplanations] ?? '',
    })),
    waits: [
      ...(waiting === null ? [] : [`It waits for ${waiting.text}.`]),
      ...lines.map((line) => line.trim().replace(/ {2,}/g, ' ')),
    ],
    hosts: snapshot.hosts.map(({ host, queued, pages, nextFetchInMs, delayMs, failures, ...rest }) => ({
      ...{ host, pages, delayMs, failures, robots: rest.robots },
      ...{ waiting: queued, nextInMs: nextFetchInMs, state: rest.state ?? '' },
      rendered: rest.rendered === undefined || rest.rendered.renders === 0 ? null : rest.rendered,
    })),
    workers: workers
      .filter(({ reads }) => reads === null || reads === snapshot.run)
      .map(({ worker, places, active, agoMs, problems }) => ({
        ...{ worker, active, agoMs },
        places: Object.entries(places)
          .map(([kind, count]) => `${roles[kind] ?? kind} ${count}`)
          .join(', '),
        problem: problems[snapshot.run] ?? null,
      })),
  }
}

const roles: Readonly<Record<string, string>> = { session: 'crawl', batch: 'filter', plan: 'shard' }

function funnelOf(watched: Watched): LiveRun['funnel'] {
  const { pages, rows, records, candidates, imagesFetched, judged, kept, written } = countsOf(watched)
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : null)
  return [
    ...(rows > 0 ? [{ name: 'rows of lists', count: rows, share: null }] : []),
    ...(records > 0 ? [{ name: 'records of archives', count: records, share: null }] : []),
    { name: 'pages', count: pages, share: null },
    { name: 'candidates', count: candidates, share: null },
    { name: 'images fetched', count: imagesFetched, share: share(imagesFetched, candidates) },
    { name: 'judged', count: judged, share: share(judged, candidates) },
    { name: 'pairs kept', count: kept, share: share(kept, judged) },
    { name: 'pairs in shards', count: written, share: share(written, kept) },
  ]
}

/** A run of a fleet as the others are told of. Pure. */
export function sightOfFleet(run: FleetRunDetails, workers: readonly FleetWorker[], nowMs: number): Sight {
  const { counters, queues, hosts, dataset, elapsedMs, note, createdMs, crawlWaits } = run
  const goesOn = run.state === 'running' || run.state === 'stopping'
  const states = { done: 'done', limit: 'done', failed: 'failed' } as const
  const ended =
    run.state === 'done' || run.state === 'limit' || run.state === 'failed' ? states[run.state] : 'stopped'
  return {
    state: run.state,
    workers,
    snapshot: {
      ...{ v: 1, run: run.run, pid: null, elapsedMs, counters, queues, hosts, dataset, note },
      state: goesOn ? 'running' : ended,
      startedAt: new Date(createdMs).toISOString(),
      updatedAt: new Date(nowMs).toISOString(),
      model: null,
      ...(crawlWaits === undefined ? {} : { crawlWaits }),
    },
  }
}
