import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../src/cli/display.js'
import { openTicker } from '../../../src/cli/ticker.js'
import { paper } from '../../fixtures/cli/output.js'

/** A clock that goes on when it is told to. */
function handClock() {
  let now = 1_000_000
  let every: { ms: number; action: () => void } | null = null
  const clock: Clock = {
    now: () => now,
    every(ms, action) {
      every = { ms, action }
      return () => {
        every = null
      }
    },
  }
  const pass = () => {
    if (every === null) return
    now += every.ms
    every.action()
  }
  return { clock, pass }
}

describe('a ticker', () => {
  it('shows on a terminal what goes on and since when, and takes it away once', () => {
    const [output, { clock, pass }] = [paper(true), handClock()]
    const ticker = openTicker('bars', 'query', { output, clock })
    ticker.show('asking')
    expect(output.text()).toBe('')
    pass()
    expect(output.text()).toBe('\r\u001b[Kquery  asking  1s')
    ticker.close()
    ticker.close()
    expect(output.text()).toBe('\r\u001b[Kquery  asking  1s\r\u001b[K')
  })

  it('says nothing where it is over at once', () => {
    const [output, { clock, pass }] = [paper(true), handClock()]
    const ticker = openTicker('bars', 'query', { output, clock })
    ticker.show('asking')
    ticker.close()
    pass()
    expect(output.text()).toBe('')
  })

  it('writes a line now and then elsewhere, for people or for programs', () => {
    const [lines, first] = [paper(), handClock()]
    openTicker('plain', 'stats', { output: lines, clock: first.clock }).show('3 of 9 files at hand')
    first.pass()
    expect(lines.text()).toBe('stats  3 of 9 files at hand  5s\n')
    const [json, second] = [paper(), handClock()]
    openTicker('json', 'stats', { output: json, clock: second.clock }).show('asking')
    second.pass()
    expect(JSON.parse(json.text())).toEqual({
      ...{ time: '1970-01-01T00:16:45.000Z', event: 'stats', text: 'asking', elapsedMs: 5000 },
    })
  })
})
