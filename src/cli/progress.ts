import type { RunSnapshot } from '../run/index.js'
import { formatDuration } from '../timing/index.js'
import { formatBytes, formatCount, formatRate, formatShare, plain, printed, total } from './figures.js'

export interface ProgressLimits {
  readonly maxPages: number | null
  readonly maxPairs: number | null
  readonly maxTimeMs: number | null
  readonly shardSize: number | null
}

/** Per second, over the last seconds. */
export interface Rates {
  readonly pages: number
  readonly images: number
  readonly kept: number
}

export interface ProgressView {
  readonly snapshot: RunSnapshot
  readonly limits: ProgressLimits
  readonly rates: Rates
  /** Age of the snapshot; its elapsed time is carried on by it. */
  readonly ageMs: number
}

/** Terminal that progress is drawn on. */
export interface Paper {
  readonly columns: number
  readonly color: boolean
  readonly unicode: boolean
}

/**
 * From snapshots in the order of their time; 0 where there are not two with time between them. One without counters
 * was made before the run was opened and says nothing of what an earlier start had done.
 */
export function ratesOf(history: readonly RunSnapshot[]): Rates {
  const opened = history.filter(({ counters }) => Object.keys(counters).length > 0)
  const first = opened[0]
  const last = opened.at(-1)
  const seconds = first && last ? (last.elapsedMs - first.elapsedMs) / 1000 : 0
  if (!first || !last || seconds <= 0) return { pages: 0, images: 0, kept: 0 }
  const rate = (name: string) => Math.max(0, (countOf(last, name) - countOf(first, name)) / seconds)
  return { pages: rate('pages'), images: rate('images_fetched'), kept: rate('kept') }
}

export const countOf = (snapshot: Pick<RunSnapshot, 'counters'>, counter: string): number =>
  snapshot.counters[counter] ?? 0

/** Candidates that have their verdict. */
export const judgedOf = (snapshot: Pick<RunSnapshot, 'counters'>): number =>
  countOf(snapshot, 'kept') + total(snapshot.counters, 'rejected')

/**
 * The lines of the display: a head, then pages, images, kept pairs and shards, then the note if there is one.
 * No line is wider than the paper.
 */
export function renderProgress(view: ProgressView, paper: Paper): readonly string[] {
  const { snapshot, limits, rates } = view
  const count = (name: string) => countOf(snapshot, name)
  const bytes = (name: string) => (count(name) > 0 ? formatBytes(count(name)) : '')
  const judged = judgedOf(snapshot)
  const ledShards =
    limits.maxPairs !== null && limits.shardSize !== null
      ? Math.ceil(limits.maxPairs / limits.shardSize)
      : null
  const bars = [
    bar('pages', count('pages'), limits.maxPages, [
      formatRate(rates.pages),
      `${formatCount(snapshot.queues.urls)} waiting`,
      bytes('page_bytes'),
    ]),
    bar('images', judged, count('candidates') > 0 ? count('candidates') : null, [
      formatRate(rates.images),
      `${formatCount(count('images_fetched'))} fetched`,
      bytes('image_bytes'),
    ]),
    bar('kept', count('kept'), limits.maxPairs, [
      formatRate(rates.kept),
      judged > 0 ? `${formatShare(count('kept'), judged)} of images` : '',
    ]),
    bar('shards', count('shards'), ledShards, [
      snapshot.queues.unplanned > 0 ? `${formatCount(snapshot.queues.unplanned)} pairs to come` : '',
    ]),
  ]
  const figureColumns = Math.max(...bars.map(({ figure }) => figure.length))
  const lines = [
    fit(headOf(view), paper.columns),
    ...bars.map((line) => drawBar(line, figureColumns, snapshot.state, paper)),
  ]
  if (snapshot.note !== null) lines.push(fit(printed(snapshot.note), paper.columns))
  return lines
}

function headOf({ snapshot, limits, ageMs }: ProgressView): string {
  const moving =
    snapshot.state === 'running' || snapshot.state === 'draining' || snapshot.state === 'starting'
  const elapsed = formatDuration(Math.floor((snapshot.elapsedMs + (moving ? ageMs : 0)) / 1000) * 1000)
  const { hosts } = snapshot.queues
  return [
    snapshot.state,
    limits.maxTimeMs === null ? elapsed : `${elapsed} of ${formatDuration(limits.maxTimeMs)}`,
    `${formatCount(hosts)} ${hosts === 1 ? 'host' : 'hosts'}`,
    snapshot.model?.id ?? '',
  ]
    .filter((part) => part !== '')
    .join('  ')
}

interface Bar {
  readonly label: string
  /** 0..1; null = the whole is not known. */
  readonly share: number | null
  readonly figure: string
  readonly rest: string
}

function bar(label: string, done: number, whole: number | null, rest: readonly string[]): Bar {
  return {
    label,
    share: whole === null ? null : Math.min(1, done / Math.max(1, whole)),
    figure: whole === null ? formatCount(done) : `${formatCount(done)} / ${formatCount(whole)}`,
    rest: rest.filter((part) => part !== '').join('  '),
  }
}

const labelColumns = 8
const restColumns = 34

function drawBar(line: Bar, figureColumns: number, state: RunSnapshot['state'], paper: Paper): string {
  const label = line.label.padEnd(labelColumns)
  const text = `${line.figure.padStart(figureColumns)}  ${line.rest}`.trimEnd()
  const barColumns = Math.min(30, paper.columns - labelColumns - figureColumns - restColumns - 2)
  if (barColumns < 5) return fit(label + text, paper.columns)
  // A count without a known whole is whole once the run is done.
  const share = line.share ?? (state === 'done' ? 1 : null)
  const full = share === null ? 0 : Math.floor(barColumns * share)
  const [done, open, unknown] = paper.unicode ? ['━', '─', '┄'] : ['#', '.', ' ']
  const drawn =
    share === null
      ? paint(unknown.repeat(barColumns), dim, paper)
      : paint(done.repeat(full), state === 'draining' ? yellow : green, paper) +
        paint(open.repeat(barColumns - full), dim, paper)
  return `${label}${drawn}  ${fit(text, paper.columns - labelColumns - barColumns - 2)}`
}

const green = 32
const yellow = 33
const dim = 2

function paint(text: string, code: number, paper: Paper): string {
  return paper.color && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
}

/** One column stays free: a full line makes some terminals wrap. */
function fit(text: string, columns: number): string {
  const most = Math.max(0, columns - 1)
  return plain(text).slice(0, most)
}

/** The progress as one flat object, for a log. */
export function progressRecord(snapshot: RunSnapshot, rates: Rates): Record<string, string | number | null> {
  return {
    time: snapshot.updatedAt,
    event: 'progress',
    state: snapshot.state,
    elapsedMs: snapshot.elapsedMs,
    pages: countOf(snapshot, 'pages'),
    candidates: countOf(snapshot, 'candidates'),
    judged: judgedOf(snapshot),
    imagesFetched: countOf(snapshot, 'images_fetched'),
    kept: countOf(snapshot, 'kept'),
    shards: countOf(snapshot, 'shards'),
    pagesPerS: rounded(rates.pages),
    imagesPerS: rounded(rates.images),
    keptPerS: rounded(rates.kept),
    urlsWaiting: snapshot.queues.urls,
    hosts: snapshot.queues.hosts,
    note: snapshot.note === null ? null : printed(snapshot.note),
  }
}

const rounded = (value: number): number => Math.round(value * 100) / 100
