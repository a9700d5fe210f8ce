import type { Backend, RunLimits, RunModel, Standing } from '../backend.js'
import { numberOrNull, orEmpty, rowsOf, textOrNull, textsOf, wholeMs } from './replies.js'
import type { CallScript } from './scripts.js'

const limitsOf = ([maxPages, maxPairs, maxPagesPerHost]: readonly string[]): RunLimits => ({
  maxPages: numberOrNull(maxPages),
  maxPairs: numberOrNull(maxPairs),
  maxPagesPerHost: numberOrNull(maxPagesPerHost),
})
const limitArguments = (limits: RunLimits) => [
  orEmpty(limits.maxPages),
  orEmpty(limits.maxPairs),
  orEmpty(limits.maxPagesPerHost),
]
const recordOf = (json: string | undefined) => JSON.parse(json ?? '{}') as Record<string, unknown>

/** Runs, duties and the workers that say that they live. */
export function runScripts(
  call: CallScript,
): Pick<
  Backend,
  | 'openRun'
  | 'setOptions'
  | 'setLimits'
  | 'addElapsed'
  | 'progress'
  | 'counters'
  | 'hosts'
  | 'resetLeases'
  | 'runs'
  | 'adoptModel'
  | 'setStanding'
  | 'endRun'
  | 'claimDuty'
  | 'dropDuty'
  | 'beat'
  | 'removeWorker'
  | 'workers'
> {
  return {
    openRun: async (run, options, limits) => {
      const reply = await call('open_run', [run, JSON.stringify(options), ...limitArguments(limits)])
      const [created, stored, ...rest] = textsOf(reply)
      return {
        created: created === '1',
        options: recordOf(stored),
        limits: limitsOf(rest),
        elapsedMs: Number(rest[3]),
        seeded: rest[4] === '1',
      }
    },
    setOptions: async (run, options) => void (await call('set_options', [run, JSON.stringify(options)])),
    setLimits: async (run, limits) => void (await call('set_limits', [run, ...limitArguments(limits)])),
    addElapsed: async (run, ms) => void (await call('add_elapsed', [run, wholeMs(ms)])),
    progress: async (run) => {
      const texts = textsOf(await call('progress', [run]))
      const sum = (place: number) => Number(texts[place])
      return {
        hosts: sum(0),
        urls: sum(1),
        pages: sum(2),
        pagesLeased: sum(3),
        buffered: sum(4),
        batchesOpen: sum(5),
        batchesLeased: sum(6),
        kept: sum(7),
        unplannedKept: sum(8),
        unplannedRows: sum(9),
        plansOpen: sum(10),
        nextShard: sum(11),
        elapsedMs: sum(12),
        seedings: sum(13),
        standing: texts[14] as Standing,
        ended: textOrNull(texts[15]),
        sourcesOpen: sum(16),
        pageRows: sum(17),
      }
    },
    counters: async (run) =>
      Object.fromEntries(
        rowsOf(textsOf(await call('counters', [run])), 2).map(([name = '', count]) => [name, Number(count)]),
      ),
    hosts: async (run, limit) =>
      rowsOf(textsOf(await call('hosts', [run, limit])), 9)
        .map(([host = '', urls, pages, nextFetchInMs, failures, delayMs, leased, crowded, robots]) => ({
          host,
          urls: Number(urls),
          pages: Number(pages),
          nextFetchInMs: Number(nextFetchInMs),
          failures: Number(failures),
          delayMs: Number(delayMs),
          leased: leased === '1',
          crowded: crowded === '1',
          robots: textOrNull(robots),
        }))
        .toSorted((a, b) => b.urls - a.urls || b.pages - a.pages || (a.host < b.host ? -1 : 1)),
    resetLeases: async () => void (await call('reset_leases', [])),

    runs: async () =>
      rowsOf(textsOf(await call('runs', [])), 11)
        .toSorted(([a], [b]) => Number(a) - Number(b))
        .map(([, run = '', standing, note, ended, createdMs, options, ...limits]) => ({
          run,
          standing: standing as Standing,
          note: textOrNull(note),
          ended: textOrNull(ended),
          createdMs: Number(createdMs),
          options: recordOf(options),
          limits: limitsOf(limits),
          model: limits[3] === '' ? null : (recordOf(limits[3]) as unknown as RunModel),
        })),
    adoptModel: async (run, model) =>
      JSON.parse(String(await call('adopt_model', [run, JSON.stringify(model)]))) as RunModel,
    setStanding: async (run, standing, note) =>
      (await call('set_standing', [run, standing, orEmpty(note)])) === 1,
    endRun: async ({ run, seedings, as }) => (await call('end_run', [run, seedings, as])) === 1,
    claimDuty: async ({ duty, token, leaseMs }) =>
      (await call('claim_duty', [duty, token, wholeMs(leaseMs)])) === 1,
    dropDuty: async ({ duty, token }) => void (await call('drop_duty', [duty, token])),
    beat: async ({ worker, body, ttlMs }) =>
      void (await call('beat', [worker, JSON.stringify(body), wholeMs(ttlMs)])),
    removeWorker: async (worker) => void (await call('remove_worker', [worker])),
    workers: async () =>
      rowsOf(textsOf(await call('workers', [])), 3)
        .map(([worker = '', agoMs, body]) => ({ worker, body: recordOf(body), agoMs: Number(agoMs) }))
        .toSorted((a, b) => (a.worker < b.worker ? -1 : 1)),
  }
}
