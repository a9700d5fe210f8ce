import type { ProgressStyle } from '../options/index.js'
import type { VerifyProgress } from '../shard/index.js'
import type { DisplayDeps } from './display.js'
import { jsonText } from './figures.js'
import { drawShare, fit, leftText, outOf, type Paper } from './progress-lines.js'

/** How far a verification is, at one moment of the display's clock. */
export interface VerifyMoment extends VerifyProgress {
  readonly atMs: number
}

/** What is left is told by the rate of so long, and not before there is so much of it. */
const windowMs = 30_000
const leastMs = 5_000
/** Room is kept for it, so that the bar keeps its length. */
const longestLeft = 'about 10m 30s left'

/** Time that is left, by the rate of the last moments; null = there are too few. Pure. */
export function verifyLeftMs(moments: readonly VerifyMoment[]): number | null {
  const [first, last] = [moments[0], moments.at(-1)]
  if (first === undefined || last === undefined || last.atMs - first.atMs < leastMs) return null
  const perMs = (last.samples - first.samples) / (last.atMs - first.atMs)
  const left = last.samplesTotal - last.samples
  return left > 0 && perMs > 0 ? left / perMs : null
}

/** One line for people, with a bar where `paper` is a terminal. Pure. */
export function verifyLine(moments: readonly VerifyMoment[], paper: Paper | null, name = 'verify'): string {
  const last = moments.at(-1)
  if (last === undefined) return ''
  const leftMs = verifyLeftMs(moments)
  const figure = (done: number, whole: number) =>
    paper === null ? outOf(done, whole).trimStart() : outOf(done, whole)
  const text = [
    `${figure(last.samples, last.samplesTotal)} ${last.samplesTotal === 1 ? 'pair' : 'pairs'}`,
    `${figure(last.done, last.total)} ${last.total === 1 ? 'shard' : 'shards'}`,
    leftMs === null ? '' : leftText(leftMs),
  ]
    .join('  ')
    .trimEnd()
  if (paper === null) return `${name}  ${text}`
  const leftColumns = leftMs === null ? longestLeft.length + 2 : longestLeft.length - leftText(leftMs).length
  const barColumns = Math.min(30, paper.columns - text.length - leftColumns - name.length - 6)
  if (barColumns < 5) return fit(`${name}  ${text}`, paper.columns)
  const share = last.samplesTotal === 0 ? 1 : last.samples / last.samplesTotal
  return `${name}  ${drawShare(share, barColumns, 'done', paper)}  ${text}`
}

export interface VerifyDisplay {
  show(progress: VerifyProgress): void
  close(): void
}

/** Of a verification, or of what else goes through pairs, by its `name`. On a terminal one line, redrawn four times a second and taken away at the end; elsewhere a line every five seconds. */
export function openVerifyDisplay(
  style: ProgressStyle,
  { output, color, unicode, clock }: Omit<DisplayDeps, 'limits'>,
  name = 'verify',
): VerifyDisplay {
  let latest: VerifyProgress | null = null
  let moments: readonly VerifyMoment[] = []
  let isDrawn = false
  const write = () => {
    if (latest === null) return
    const now = clock.now()
    moments = [...moments.filter(({ atMs }) => now - atMs <= windowMs), { ...latest, atMs: now }]
    if (style === 'bars') {
      isDrawn = true
      output.write(`\r\u001b[K${verifyLine(moments, { columns: output.columns(), color, unicode }, name)}`)
    } else if (style === 'plain') {
      output.write(`${verifyLine(moments, null, name)}\n`)
    } else {
      const time = new Date(now).toISOString()
      const leftMs = verifyLeftMs(moments)
      const left = leftMs === null ? null : Math.round(leftMs)
      output.write(`${jsonText({ time, event: name, ...latest, leftMs: left })}\n`)
    }
  }
  const stop = clock.every(style === 'bars' ? 250 : 5000, write)
  return {
    show(progress) {
      latest = progress
    },
    close() {
      stop()
      if (isDrawn) output.write('\r\u001b[K')
    },
  }
}
