import type { ProgressStyle } from '../options/index.js'
import type { RunActivity, RunSnapshot } from '../run/index.js'
import { jsonText, printed } from './figures.js'
import type { Output } from './output.js'
import { type ProgressLimits, progressOf } from './progress.js'
import { barLines, plainLine, progressRecord } from './progress-lines.js'
import { type Watched, watchedFrom, withActivity, withSnapshot } from './watched.js'

/** Shows a run while it goes on. */
export interface Display {
  show(snapshot: RunSnapshot): void
  /** From then on `look` is asked what goes on beside the snapshots. */
  showWork(look: () => RunActivity): void
  /** A line that stays. */
  note(text: string): void
  /** Shows the last state and stops; nothing is shown afterwards. */
  close(): void
}

/** Time, so that tests need none. `every` answers how to stop. */
export interface Clock {
  now(): number
  every(intervalMs: number, action: () => void): () => void
}

export interface DisplayDeps {
  readonly output: Output
  readonly limits: ProgressLimits
  readonly color: boolean
  readonly unicode: boolean
  readonly clock: Clock
}

/**
 * The style that was asked for; null = bars on a terminal, else JSON, which programs have read there from the first. Bars need a terminal
 * that can move its cursor: elsewhere they are lines. Pure.
 */
export function styleFor(
  asked: ProgressStyle | null,
  { isTerminal, redraw }: { readonly isTerminal: boolean; readonly redraw: boolean },
): ProgressStyle {
  const style = asked ?? (isTerminal ? 'bars' : 'json')
  return style === 'bars' && !(isTerminal && redraw) ? 'plain' : style
}

export function openDisplay(style: ProgressStyle, deps: DisplayDeps): Display {
  return style === 'bars' ? barDisplay(deps) : lineDisplay(style, deps)
}

/** 4 Hz: the display is never redrawn more often, notes apart. */
const redrawMs = 250
/** Lines come so often, and sooner where something new is waited for. */
const lineMs = 5_000
const lookMs = 1_000

/** A text for people, as a line of each style has it. Pure. */
export function noteLine(style: ProgressStyle, text: string, nowMs: number): string {
  const time = new Date(nowMs).toISOString()
  return style === 'json' ? jsonText({ time, event: 'note', text: printed(text) }) : printed(text)
}

/** What was seen of the run; null = nothing yet. */
function watching(clock: Clock) {
  let watched: Watched | null = null
  let look: (() => RunActivity) | null = null
  return {
    /** As of now. */
    watched(): Watched | null {
      if (watched !== null && look !== null) watched = withActivity(watched, look(), clock.now())
      return watched
    },
    show(snapshot: RunSnapshot) {
      const now = clock.now()
      watched = watched === null ? watchedFrom(snapshot, now) : withSnapshot(watched, snapshot, now)
    },
    showWork(from: () => RunActivity) {
      look = from
    },
  }
}

/** Bars, redrawn in place, below the notes. */
function barDisplay({ output, limits, color, unicode, clock }: DisplayDeps): Display {
  const seen = watching(clock)
  let drawnLines = 0
  let drawn = ''
  const linesNow = (): readonly string[] => {
    const watched = seen.watched()
    if (watched === null) return ['starting']
    const paper = { columns: output.columns(), color, unicode }
    return barLines(progressOf(watched, limits, clock.now()), paper)
  }
  // Lines are overwritten rather than cleared first, which would flicker.
  const draw = (lines: readonly string[], note: string | null = null) => {
    const text = [...(note === null ? [] : [note]), ...lines].map((line) => `${line}\u001b[K\n`).join('')
    if (text === drawn) return
    const back = drawnLines > 0 ? `\u001b[${drawnLines}A\r` : ''
    drawnLines = lines.length
    drawn = note === null ? text : ''
    output.write(`${back}${text}\u001b[J`)
  }
  // Before anything else: the program is still to be loaded, which holds everything up.
  draw(linesNow())
  const stop = clock.every(redrawMs, () => draw(linesNow()))
  return {
    show: seen.show,
    showWork: seen.showWork,
    note: (text) => draw(linesNow(), printed(text)),
    close() {
      stop()
      // A run that never began leaves nothing behind.
      draw(seen.watched() === null ? [] : linesNow())
    },
  }
}

/** One line every five seconds and at the end, and where something new is waited for; notes as they come. */
function lineDisplay(style: 'plain' | 'json', { output, limits, clock }: DisplayDeps): Display {
  const seen = watching(clock)
  const toldWaits = new Set<string>()
  let toldAtMs = clock.now()
  const write = (isDue: (nowMs: number, isNewWait: boolean) => boolean) => {
    const watched = seen.watched()
    if (watched === null) return
    const now = clock.now()
    const progress = progressOf(watched, limits, now)
    const { waiting } = progress
    if (!isDue(now, waiting !== null && !toldWaits.has(waiting.for))) return
    toldAtMs = now
    if (waiting !== null) toldWaits.add(waiting.for)
    output.write(
      style === 'json' ? `${jsonText(progressRecord(progress, now))}\n` : `${plainLine(progress)}\n`,
    )
  }
  const stop = clock.every(lookMs, () => write((now, isNewWait) => isNewWait || now - toldAtMs >= lineMs))
  return {
    show: seen.show,
    showWork: seen.showWork,
    note: (text) => output.write(`${noteLine(style, text, clock.now())}\n`),
    close() {
      stop()
      write(() => true)
    },
  }
}
