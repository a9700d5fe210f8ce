import type { RunSnapshot } from '../run/index.js'
import { jsonText, printed } from './figures.js'
import type { Output } from './output.js'
import { type ProgressLimits, progressRecord, ratesOf, renderProgress } from './progress.js'

/** Shows a run while it goes on. */
export interface Display {
  show(snapshot: RunSnapshot): void
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

/** 4 Hz: the display is never redrawn more often, notes apart. */
const redrawMs = 250
const recordMs = 5000
/** Rates look back this far. */
const historyMs = 10_000

/** Bars, redrawn in place, below the notes. */
export function terminalDisplay(deps: DisplayDeps): Display {
  const { output, clock } = deps
  const history = recentSnapshots()
  let latest: { snapshot: RunSnapshot; at: number } | null = null
  let drawnLines = 0
  // Lines are overwritten rather than cleared first, which would flicker.
  const draw = (note: string | null = null) => {
    const lines = note === null ? [] : [note]
    if (latest !== null) {
      const view = {
        snapshot: latest.snapshot,
        limits: deps.limits,
        rates: ratesOf(history.snapshots()),
        ageMs: clock.now() - latest.at,
      }
      const paper = { columns: output.columns(), color: deps.color, unicode: deps.unicode }
      lines.push(...renderProgress(view, paper))
    }
    const back = drawnLines > 0 ? `\u001b[${drawnLines}A\r` : ''
    drawnLines = note === null ? lines.length : lines.length - 1
    if (lines.length > 0) output.write(`${back}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`)
  }
  const stop = clock.every(redrawMs, () => draw())
  return {
    show(snapshot) {
      history.add(snapshot)
      latest = { snapshot, at: clock.now() }
    },
    note: (text) => draw(printed(text)),
    close() {
      stop()
      draw()
    },
  }
}

/** One JSON object a line, every five seconds and at the end; notes as they come. */
export function recordDisplay(deps: DisplayDeps): Display {
  const { output, clock } = deps
  const history = recentSnapshots()
  let latest: RunSnapshot | null = null
  let written: RunSnapshot | null = null
  const write = () => {
    if (latest === null || latest === written) return
    written = latest
    output.write(`${jsonText(progressRecord(latest, ratesOf(history.snapshots())))}\n`)
  }
  const stop = clock.every(recordMs, write)
  return {
    show(snapshot) {
      history.add(snapshot)
      latest = snapshot
    },
    note(text) {
      const time = new Date(clock.now()).toISOString()
      output.write(`${jsonText({ time, event: 'note', text: printed(text) })}\n`)
    },
    close() {
      stop()
      write()
    },
  }
}

/** One for each time, however often the run speaks: while a model is fetched its time stands still. */
function recentSnapshots() {
  let kept: RunSnapshot[] = []
  return {
    add(snapshot: RunSnapshot) {
      const older = kept.filter(({ elapsedMs }) => elapsedMs !== snapshot.elapsedMs)
      kept = [...older, snapshot].filter(({ elapsedMs }) => snapshot.elapsedMs - elapsedMs <= historyMs)
    },
    snapshots: (): readonly RunSnapshot[] => kept,
  }
}
