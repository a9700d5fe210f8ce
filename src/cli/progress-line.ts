import type { Clock } from './display.js'
import { jsonText, printed } from './figures.js'
import type { Output } from './output.js'

/** Line that tells how far a short command is, for one that takes longer than a second. */
export interface ProgressLine {
  show(text: string): void
  /** Takes the line off the terminal, before something else is written there. */
  clear(): void
  close(): void
}

/** On a terminal one line, redrawn once a second; elsewhere a JSON line every five seconds. */
export function openProgressLine(event: string, output: Output, clock: Clock): ProgressLine {
  let latest: string | null = null
  let written: string | null = null
  let drawn = false
  const write = () => {
    if (latest === null || (latest === written && (drawn || !output.isTerminal))) return
    written = latest
    if (output.isTerminal) {
      drawn = true
      output.write(`\r\u001b[K${latest.slice(0, Math.max(0, output.columns() - 1))}`)
    } else {
      const time = new Date(clock.now()).toISOString()
      output.write(`${jsonText({ time, event, text: latest })}\n`)
    }
  }
  const clear = () => {
    if (drawn) output.write('\r\u001b[K')
    drawn = false
  }
  const stop = clock.every(output.isTerminal ? 1000 : 5000, write)
  return {
    show(text) {
      latest = printed(text)
    },
    clear,
    close() {
      stop()
      clear()
    },
  }
}
