import type { ReadStatus, RunSnapshot } from '../workers/index.js'
import { formatDuration } from './duration.js'
import { type ExitCode, exitCodes } from './exit-codes.js'
import { formatCount, oneLine, table } from './figures.js'
import type { Output } from './output.js'
import { countOf } from './progress.js'
import { amount, funnelSections } from './summary.js'

export interface StatusDeps {
  readonly readStatus: ReadStatus
  readonly stdout: Output
  readonly stderr: Output
  readonly now: () => number
}

/** `pairmill status`: `dir` is absolute. */
export async function statusCommand(dir: string, json: boolean, deps: StatusDeps): Promise<ExitCode> {
  const status = await deps.readStatus(dir)
  if ('problem' in status) {
    deps.stderr.write(`pairmill: ${status.problem}\n`)
    return exitCodes.failed
  }
  deps.stdout.write(json ? `${JSON.stringify(status, null, 2)}\n` : renderStatus(status, deps.now()))
  return exitCodes.ok
}

export function renderStatus(snapshot: RunSnapshot, now: number): string {
  const { dataset, state, pid } = snapshot
  const elapsed = formatDuration(snapshot.elapsedMs)
  const moving = state === 'starting' || state === 'running' || state === 'draining'
  const age = formatDuration(Math.max(0, now - Date.parse(snapshot.updatedAt)))
  const head = moving
    ? `${dataset}: ${state}, process ${pid}, ${elapsed} so far; as of ${age} ago.`
    : `${dataset}: ${state} after ${elapsed}, ${age} ago.${state === 'done' ? '' : ' The same command goes on.'}`
  const sections = [
    [head, ...(snapshot.note === null ? [] : [oneLine(snapshot.note)])],
    ...funnelSections(snapshot),
    waiting(snapshot),
    hosts(snapshot),
  ]
  return `${sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n')}\n`
}

function waiting(snapshot: RunSnapshot): readonly string[] {
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

function hosts({ hosts: busiest }: RunSnapshot): readonly string[] {
  if (busiest.length === 0) return []
  const rows = busiest.map((host) => [
    oneLine(host.host),
    formatCount(host.queued),
    formatCount(host.pages),
    host.nextFetchInMs <= 0 ? 'now' : formatDuration(host.nextFetchInMs),
    host.failures === 0 ? '' : formatCount(host.failures),
    oneLine(host.robots),
  ])
  return [
    'Busiest hosts',
    ...table(
      [['host', 'waiting', 'pages', 'next', 'failures', 'robots.txt'], ...rows],
      ['left', 'right', 'right', 'right', 'right', 'left'],
    ),
  ]
}
