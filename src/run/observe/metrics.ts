import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { boundedLabel, createCounted, otherLabel } from './counter-metrics.js'
import type { Observe } from './events.js'

export interface Metrics {
  readonly observe: Observe
  readonly registry: Registry
}

/** A worker that lives long sees many runs; those beyond so many share a label. */
const maxRuns = 200
/** What a run can have ended as. */
const endings: ReadonlySet<string> = new Set(['done', 'stopped', 'max-pages', 'max-pairs', 'max-time'])
const visitSeconds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000, 3000]
const inferenceSeconds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300]

/**
 * What happens in this process, as Prometheus' metrics: those of Node itself and pairmill's own. Labels are closed sets and names of
 * runs, never hosts or URLs.
 */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const runLabel = boundedLabel(maxRuns)
  const count = createCounted(registry)
  const of = eventMetrics([registry])
  const observe: Observe = (event) => {
    const run = 'run' in event && event.run !== null ? runLabel(event.run) : ''
    switch (event.kind) {
      case 'visited':
        of.visits.observe({ run, kind: event.work }, event.ms / 1000)
        break
      case 'counted':
        count(run, event.counters)
        break
      case 'scored':
        of.inference.observe({ run }, event.ms / 1000)
        of.scoredPairs.inc({ run }, event.pairs)
        break
      case 'lease_lost':
        of.leaseLosses.inc({ run, kind: event.work })
        break
      case 'trouble':
        of.troubles.inc({ run })
        break
      case 'problem':
        of.problems.inc({ run })
        break
      case 'refused':
        of.refused.inc({ run })
        break
      // The state itself is a gauge.
      case 'server':
      case 'notice':
        break
      case 'run_ended':
        of.runsEnded.inc({ as: endings.has(event.as) ? event.as : otherLabel })
        break
      case 'swept':
        of.swept.inc({ run }, event.files)
        break
      case 'reconnected':
        of.reconnections.inc()
        break
    }
  }
  return { observe, registry }
}

/** Metrics of each kind of event. */
function eventMetrics(registers: Registry[]) {
  return {
    visits: new Histogram({
      name: 'pairmill_visit_duration_seconds',
      help: 'Time of a visit, by kind: session (a host is visited), batch (candidates are judged), plan (shards are written).',
      labelNames: ['run', 'kind'],
      buckets: visitSeconds,
      registers,
    }),
    inference: new Histogram({
      name: 'pairmill_inference_duration_seconds',
      help: 'Time in which the model scored the pairs of a batch, waiting for its turn included.',
      labelNames: ['run'],
      buckets: inferenceSeconds,
      registers,
    }),
    scoredPairs: new Counter({
      name: 'pairmill_inference_pairs_total',
      help: 'Pairs that the model scored.',
      labelNames: ['run'],
      registers,
    }),
    leaseLosses: new Counter({
      name: 'pairmill_lease_losses_total',
      help: 'Commits that came after their lease was lost and changed nothing, by kind.',
      labelNames: ['run', 'kind'],
      registers,
    }),
    troubles: new Counter({
      name: 'pairmill_troubles_total',
      help: 'Failures that will be tried again; run is empty where they belong to none.',
      labelNames: ['run'],
      registers,
    }),
    problems: new Counter({
      name: 'pairmill_problems_total',
      help: 'Times this process found that it cannot do its part of a run: no model, or no store.',
      labelNames: ['run'],
      registers,
    }),
    runsEnded: new Counter({
      name: 'pairmill_runs_ended_total',
      help: 'Runs that this process saw to their end, by what ended them.',
      labelNames: ['as'],
      registers,
    }),
    swept: new Counter({
      name: 'pairmill_swept_files_total',
      help: 'Files removed that no commit named.',
      labelNames: ['run'],
      registers,
    }),
    refused: new Counter({
      name: 'pairmill_backend_refusals_total',
      help: 'Calls that the backend refused because it takes no writes: it is full, a copy, or cannot write to its disk. They are tried again.',
      labelNames: ['run'],
      registers,
    }),
    reconnections: new Counter({
      name: 'pairmill_backend_reconnections_total',
      help: 'Times the connection to the backend was lost and came back.',
      registers,
    }),
  }
}
