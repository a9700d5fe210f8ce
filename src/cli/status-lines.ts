import { shellQuoted } from '../records/index.js'
import { type CrawlWait, isNothingRead, type RunSnapshot } from '../run/index.js'
import { formatDuration } from '../timing/index.js'
import { seedsMoved } from '../workers/index.js'
import { formatCount, oneLine, table } from './figures.js'
import { amount } from './summary.js'
import { countOf } from './watched.js'

export function waitingLines(snapshot: Pick<RunSnapshot, 'queues' | 'counters'>): readonly string[] {
  const { queues } = snapshot
  const written = `Shards written: ${formatCount(countOf(snapshot, 'shards'))}.`
  const rows: readonly (readonly [count: number, what: string, where: string])[] = [
    [queues.urls, amount(queues.urls, 'URL'), `on ${amount(queues.hosts, 'host')}`],
    [queues.buffered, amount(queues.buffered, 'candidate'), 'not in a batch yet'],
    [queues.batches, amount(queues.batches, 'batch', 'batches'), 'being filtered or next'],
    [queues.unplanned, amount(queues.unplanned, 'kept pair'), 'not in a shard plan yet'],
    [queues.plans, amount(queues.plans, 'shard plan'), 'being carried out or next'],
  ]
  const waits = rows.filter(([count]) => count > 0)
  if (waits.length === 0) return [`${written} Nothing waits.`]
  const cells = waits.map(([, what, where]) => [what, where])
  return [`${written} Waiting:`, ...table(cells, ['left', 'left'])]
}

/** Why no page is begun, and what to do. `hasFilter`: one is there that judges. */
export function crawlWaitLines(wait: CrawlWait | undefined, hasFilter: boolean): readonly string[] {
  if (wait === undefined) return []
  if (wait.for === 'server')
    return [
      'The crawl waits: the server is nearly full. What is judged and written frees it, or a higher maxmemory.',
    ]
  const { backlog, goesOnAt } = wait
  const count = `${amount(backlog, 'candidate')} ${backlog === 1 ? 'is' : 'are'} not judged yet`
  return [
    `The crawl waits for the filters: ${count}; it goes on at ${formatCount(goesOnAt)}.`,
    ...(hasFilter ? [] : ['Nobody judges them: pairmill work filter']),
  ]
}

/** Lines about the seeds and sources of a run, as far as counters tell. `isDone`: nothing is left to do. */
export function inputLines(
  { counters, dataset }: Pick<RunSnapshot, 'counters' | 'dataset'>,
  isDone: boolean,
): readonly string[] {
  const moves = counters[seedsMoved] ?? 0
  const where = `pairmill permissions ${shellQuoted(oneLine(dataset))} --only pages`
  return [
    ...(isDone && isNothingRead(counters)
      ? [`None of its seeds and sources could be read. What each page answered: ${where}`]
      : []),
    ...(moves > 0
      ? [`Redirects of seeds to another host: ${formatCount(moves)}. Where they led: ${where} --json`]
      : []),
  ]
}

export function hostLines({ hosts: busiest }: Pick<RunSnapshot, 'hosts'>): readonly string[] {
  if (busiest.length === 0) return []
  const rows = busiest.map((host) => [
    host.host,
    formatCount(host.queued),
    formatCount(host.pages),
    host.nextFetchInMs <= 0 ? 'now' : formatDuration(host.nextFetchInMs),
    host.delayMs > 0 ? formatDuration(host.delayMs) : '',
    host.failures === 0 ? '' : formatCount(host.failures),
    host.state ?? '',
    host.robots,
  ])
  return [
    'Busiest hosts',
    ...table(
      [['host', 'waiting', 'pages', 'next', 'delay', 'failures', 'state', 'robots.txt'], ...rows],
      ['left', 'right', 'right', 'right', 'right', 'right', 'left', 'left'],
    ),
  ]
}
