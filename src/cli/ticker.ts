import type { ProgressStyle } from '../options/index.js'
import { formatDuration } from '../timing/index.js'
import type { Clock } from './display.js'
import { jsonText, plain } from './figures.js'
import type { Output } from './output.js'
import { fit } from './progress-lines.js'

/** What goes on, and since when: for work that tells no share of itself. */
export interface Ticker {
  /** `text`: what goes on from now on. */
  show(text: string): void
  close(): void
}

interface TickerDeps {
  readonly output: Output
  readonly clock: Clock
}

/** On a terminal one line from the first second on, taken away at the end; elsewhere a line every five seconds. */
export function openTicker(style: ProgressStyle, event: string, { output, clock }: TickerDeps): Ticker {
  const begunMs = clock.now()
  let text: string | null = null
  let isDrawn = false
  const write = () => {
    if (text === null) return
    const now = clock.now()
    const since = formatDuration(now - begunMs)
    if (style === 'bars') {
      isDrawn = true
      output.write(`\r\u001b[K${fit(plain(`${event}  ${text}  ${since}`), output.columns())}`)
    } else if (style === 'plain') {
      output.write(`${plain(`${event}  ${text}  ${since}`)}\n`)
    } else {
      const time = new Date(now).toISOString()
      output.write(`${jsonText({ time, event, text, elapsedMs: now - begunMs })}\n`)
    }
  }
  const stop = clock.every(style === 'bars' ? 1000 : 5000, write)
  return {
    show(now) {
      text = now
    },
    close() {
      stop()
      if (isDrawn) output.write('\r\u001b[K')
      isDrawn = false
    },
  }
}
