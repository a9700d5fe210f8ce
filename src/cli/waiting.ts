import type { RunSnapshot } from '../run/index.js'
import { formatDuration } from '../timing/index.js'
import type { WaitReason } from '../workers/index.js'
import { formatCount } from './figures.js'
import type { Watched } from './watched.js'

/** What a run waits for. */
export interface Waiting {
  /** `setup`: something is made ready, as the note of its snapshot says. */
  readonly for: WaitReason | 'setup' | 'host_rest' | 'filters' | 'server' | 'batch'
  readonly text: string
}

type Told = Omit<Waiting, 'text'> & {
  /** null = of no host. */
  readonly host: string | null
  readonly text: string
}

/** A wait that is as long is told. */
const longMs = 1_000
/** So long after the command began every such wait is told; later those for which nothing moves. */
const firstMs = 60_000
const quietMs = 10_000
/** From then on the time is told too. */
const timeMs = 3_000

/** The one wait that says most; null = none is long, or the run moves on beside it. Pure. */
export function waitingOf(watched: Watched, nowMs: number): Waiting | null {
  const { snapshot, noteAtMs, beganAtMs, movedAtMs } = watched
  if (snapshot.note !== null) {
    return { for: 'setup', text: `${snapshot.note}${timeOf(nowMs - noteAtMs)}` }
  }
  const isTold = nowMs - beganAtMs < firstMs || nowMs - movedAtMs >= quietMs
  if (!isTold || (snapshot.state !== 'running' && snapshot.state !== 'draining')) return null
  const waits = [...longWaits(watched, nowMs), ...waitsOfSnapshot(snapshot)]
  const told = order.map((reason) => waits.filter((wait) => wait.for === reason)).find(({ length }) => length)
  const [first] = told ?? []
  if (told === undefined || first === undefined) return null
  const others = new Set(told.map(({ host }) => host)).size - 1
  const more =
    others === 0 ? '' : others === 1 ? ', and another host' : `, and ${formatCount(others)} other hosts`
  return { for: first.for, text: `${first.text}${more}` }
}

/** Those that hold up others come first. */
const order: readonly Waiting['for'][] = [
  'browser_start',
  'robots',
  'opt_outs',
  'page_delay',
  'host_rest',
  'page',
  'browser',
  'filters',
  'server',
  'image_delay',
  'image',
  'score',
  'batch',
]

/** The waits of workers that are long, or will be, longest first. */
function longWaits({ activity, activityAtMs }: Watched, nowMs: number): readonly Told[] {
  return activity.waits
    .map((wait) => ({ ...wait, agoMs: wait.agoMs + nowMs - activityAtMs }))
    .filter(({ agoMs, lengthMs }) => Math.max(agoMs, lengthMs ?? 0) > longMs)
    .sort((a, b) => b.agoMs - a.agoMs)
    .map(({ for: reason, host, agoMs, lengthMs }) => {
      const time = lengthMs === null ? timeOf(agoMs) : ''
      return { for: reason, host, text: `${words[reason](host ?? '', lengthMs ?? 0)}${time}` }
    })
}

const words: Readonly<Record<WaitReason, (host: string, lengthMs: number) => string>> = {
  browser_start: () => 'the browser to start',
  robots: (host) => `robots.txt of ${host}`,
  opt_outs: (host) => `the opt-out files of ${host}`,
  page_delay: (host, ms) => `the delay of ${formatDuration(ms)} between pages of ${host}`,
  page: (host) => `an answer of ${host}`,
  browser: (host) => `a browser with a page of ${host}`,
  image_delay: (host, ms) => `the delay of ${formatDuration(ms)} between images of ${host}`,
  image: (host) => `an image of ${host}`,
  score: () => 'the model to score a batch',
}

/** Waits that no worker sits out. */
function waitsOfSnapshot({ hosts, queues, crawlWaits }: RunSnapshot): readonly Told[] {
  const later = hosts.filter(
    ({ queued, nextFetchInMs, state }) => queued > 0 && nextFetchInMs > longMs && state !== 'visited',
  )
  const told: Told[] = later.map(({ host, state, nextFetchInMs }) => {
    const next = `the next page in ${formatDuration(Math.ceil(nextFetchInMs / 1000) * 1000)}`
    return state === 'resting'
      ? { for: 'host_rest', host, text: `${host}, which is left alone after failures: ${next}` }
      : { for: 'page_delay', host, text: `the delay of ${host}: ${next}` }
  })
  if (crawlWaits?.for === 'filters') {
    const text = `the filters: ${formatCount(crawlWaits.backlog)} candidates are not judged yet`
    told.push({ for: 'filters', host: null, text })
  }
  if (crawlWaits?.for === 'server') told.push({ for: 'server', host: null, text: 'room on the server' })
  if (queues.buffered > 0 && queues.batches === 0 && queues.urls === 0) {
    const text = `a batch to fill: ${formatCount(queues.buffered)} candidates are there`
    told.push({ for: 'batch', host: null, text })
  }
  return told
}

const timeOf = (ms: number): string =>
  ms < timeMs ? '' : ` (${formatDuration(Math.floor(ms / 1000) * 1000)})`
