import type { RunSnapshot } from '../run/index.js'
import { formatDuration } from '../timing/index.js'
import { formatBytes, formatCount, formatRate, formatShare, plain, printed } from './figures.js'
import type { Progress } from './progress.js'
import { countOf, judgedOf } from './watched.js'

/** Terminal that progress is drawn on. */
export interface Paper {
  readonly columns: number
  readonly color: boolean
  readonly unicode: boolean
}

/**
 * The lines of the display: a head; what is fetched (pages, or rows or records where those are read, and images), judged and written;
 * then what is waited for, if anything. No line is wider than the paper. Pure.
 */
export function barLines(progress: Progress, paper: Paper): readonly string[] {
  const { snapshot, counts, rates, waiting } = progress
  const source = read(progress)
  const bars = [
    firstBar(progress, [
      formatRate(source.rate),
      source.name === 'pages' ? `${formatCount(snapshot.queues.urls)} waiting` : '',
      source.name === 'pages' ? bytesOf(snapshot, 'page_bytes') : '',
    ]),
    bar('images', counts.images, counts.candidates > 0 ? counts.candidates : null, [
      formatRate(rates.images),
      `${formatCount(counts.imagesFetched)} fetched`,
      bytesOf(snapshot, 'image_bytes'),
    ]),
    bar('judged', counts.judged, counts.candidates > 0 ? counts.candidates : null, [
      formatRate(rates.judged),
      keptText(progress),
    ]),
    bar('written', counts.written, counts.kept > 0 ? counts.kept : null, [
      `${formatCount(counts.shards)} ${counts.shards === 1 ? 'shard' : 'shards'}`,
    ]),
  ]
  const figureColumns = Math.max(...bars.map(({ figure }) => figure.length))
  return [
    fit(headOf(progress), paper.columns),
    ...(snapshot.state === 'starting' ? [] : bars).map((line) =>
      drawBar(line, figureColumns, snapshot.state, paper),
    ),
    ...(waiting === null ? [] : [fit(printed(waitingText(progress)), paper.columns)]),
  ]
}

/** The progress in one line, for a log that people read. Pure. */
export function plainLine(progress: Progress): string {
  const { snapshot, counts, rates, waiting } = progress
  const { done, name, rate } = read(progress)
  const found = counts.candidates > 0 ? ` of ${formatCount(counts.candidates)}` : ''
  return printed(
    [
      [...headParts(progress)].join(' '),
      ...(snapshot.state === 'starting'
        ? []
        : [
            `${formatCount(done)} ${name} (${formatRate(rate)})`,
            `${formatCount(counts.imagesFetched)} images (${formatRate(rates.images)})`,
            `${formatCount(counts.judged)}${found} judged`,
            keptText(progress),
            `${formatCount(counts.written)} written`,
          ]),
      waiting === null ? '' : waitingText(progress),
    ]
      .filter((part) => part !== '')
      .join('; '),
  )
}

/** The progress as one flat object, for a program. Its fields are documented in docs/progress.md. Pure. */
export function progressRecord(
  { snapshot, counts, rates, elapsedMs, leftMs, waiting }: Progress,
  nowMs: number,
): Record<string, string | number | null> {
  return {
    time: new Date(nowMs).toISOString(),
    event: 'progress',
    state: snapshot.state,
    elapsedMs: Math.round(elapsedMs),
    leftMs: leftMs === null ? null : Math.round(leftMs),
    pages: counts.pages,
    rows: counts.rows,
    records: counts.records,
    candidates: counts.candidates,
    imagesFetched: counts.imagesFetched,
    judged: counts.judged,
    kept: counts.kept,
    written: counts.written,
    shards: counts.shards,
    pagesPerS: rounded(rates.pages),
    imagesPerS: rounded(rates.images),
    judgedPerS: rounded(rates.judged),
    keptPerS: rounded(rates.kept),
    urlsWaiting: snapshot.queues.urls,
    hosts: snapshot.queues.hosts,
    waitingFor: waiting?.for ?? null,
    waiting: waiting === null ? null : printed(waiting.text),
    note: snapshot.note === null ? null : printed(snapshot.note),
  }
}

/** `about 25s left`: no finer than it can be known. Pure. */
export function leftText(leftMs: number): string {
  if (leftMs < 10_000) return 'some seconds left'
  const step = leftMs < 60_000 ? 5_000 : leftMs < 600_000 ? 30_000 : 60_000
  return `about ${formatDuration(Math.round(leftMs / step) * step)} left`
}

/** One line that fits on a terminal: one column stays free, as a full line makes some wrap. Pure. */
export function fit(text: string, columns: number): string {
  let left = columns - 1
  let cut = ''
  for (const char of plain(text)) {
    // The wide ones of East Asia take two, and of those beyond the alphabets no more is known here.
    left -= char >= '\u1100' && !/[\u2010-\u27bf]/.test(char) ? 2 : 1
    if (left < 0) return cut
    cut += char
  }
  return cut
}

function headOf(progress: Progress): string {
  const { state, queues } = progress.snapshot
  return [
    ...headParts(progress),
    state === 'starting' || read(progress).name !== 'pages'
      ? ''
      : `${formatCount(queues.hosts)} ${queues.hosts === 1 ? 'host' : 'hosts'}`,
    progress.snapshot.model?.id ?? '',
  ]
    .filter((part) => part !== '')
    .join('  ')
}

function* headParts({ snapshot, limits, elapsedMs, leftMs }: Progress): Generator<string> {
  yield snapshot.state
  if (snapshot.state === 'starting') return
  const elapsed = formatDuration(Math.floor(elapsedMs / 1000) * 1000).replace(/^0ms$/, '0s')
  yield limits.maxTimeMs === null ? elapsed : `${elapsed} of ${formatDuration(limits.maxTimeMs)}`
  if (leftMs !== null) yield leftText(leftMs)
}

const waitingText = ({ waiting }: Progress): string =>
  waiting === null ? '' : waiting.for === 'setup' ? waiting.text : `waits for ${waiting.text}`

/** What the run reads, beside images. */
function read({ counts, rates }: Progress): { done: number; name: string; rate: number } {
  if (counts.rows > 0) return { done: counts.rows, name: 'rows', rate: rates.rows }
  if (counts.records > 0) return { done: counts.records, name: 'records', rate: rates.records }
  return { done: counts.pages, name: 'pages', rate: rates.pages }
}

/** `1,204 kept, 60.1 %`, or `1,204 / 2,408 kept` where there is a limit. Both are committed: what is under way may still lose. */
function keptText({ snapshot, counts: { kept }, limits: { maxPairs } }: Progress): string {
  const judged = judgedOf(snapshot)
  if (maxPairs !== null) return `${formatCount(kept)} / ${formatCount(maxPairs)} kept`
  return `${formatCount(kept)} kept${judged > 0 ? `, ${formatShare(kept, judged)}` : ''}`
}

/** The bar of what is read: out of a limit of pages, or as far as lists were read. */
function firstBar(progress: Progress, rest: readonly string[]): Bar {
  const { done, name } = read(progress)
  if (name === 'rows') return { ...bar(name, done, null, rest), share: progress.readShare }
  return bar(name, done, name === 'pages' ? progress.limits.maxPages : null, rest)
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
    figure: whole === null ? formatCount(done) : outOf(done, whole),
    rest: rest.filter((part) => part !== '').join('  '),
  }
}

/** `  312 / 5,120`: as wide as it will be at the end, so that a bar beside it keeps its length. Pure. */
export function outOf(done: number, whole: number): string {
  const all = formatCount(whole)
  return `${formatCount(done).padStart(all.length)} / ${all}`
}

function bytesOf(snapshot: RunSnapshot, counter: string): string {
  const bytes = countOf(snapshot, counter)
  return bytes > 0 ? formatBytes(bytes) : ''
}

const labelColumns = 9
const restColumns = 34

function drawBar(line: Bar, figureColumns: number, state: RunSnapshot['state'], paper: Paper): string {
  const label = line.label.padEnd(labelColumns)
  const text = `${line.figure.padStart(figureColumns)}  ${line.rest}`.trimEnd()
  const barColumns = Math.min(30, paper.columns - labelColumns - figureColumns - restColumns - 2)
  if (barColumns < 5) return fit(label + text, paper.columns)
  // A count without a known whole is whole once the run is done.
  const share = line.share ?? (state === 'done' ? 1 : null)
  const drawn = drawShare(share, barColumns, state, paper)
  return `${label}${drawn}  ${fit(text, paper.columns - labelColumns - barColumns - 2)}`
}

/** A bar of so many columns; a share of null = the whole is not known. Pure. */
export function drawShare(
  share: number | null,
  columns: number,
  state: RunSnapshot['state'],
  paper: Paper,
): string {
  const [done, open, unknown] = paper.unicode ? ['━', '─', '┄'] : ['#', '.', ' ']
  if (share === null) return paint(unknown.repeat(columns), dim, paper)
  const full = Math.floor(columns * share)
  return (
    paint(done.repeat(full), state === 'draining' ? yellow : green, paper) +
    paint(open.repeat(columns - full), dim, paper)
  )
}

const green = 32
const yellow = 33
const dim = 2

function paint(text: string, code: number, paper: Paper): string {
  return paper.color && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
}

const rounded = (value: number): number => Math.round(value * 100) / 100
