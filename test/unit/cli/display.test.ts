import { describe, expect, it } from 'vitest'
import { type Clock, openDisplay, styleFor } from '../../../src/cli/display.js'
import { paper } from '../../fixtures/cli/output.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'

const limits = { maxPages: null, maxPairs: null, maxTimeMs: null }

/** Time that stands still until it is advanced. */
function handClock(): Clock & { readonly advance: (byMs: number) => void } {
  let now = 0
  const actions = new Set<{ everyMs: number; action: () => void; next: number }>()
  return {
    now: () => now,
    every(everyMs, action) {
      const entry = { everyMs, action, next: everyMs }
      actions.add(entry)
      return () => actions.delete(entry)
    },
    advance(byMs) {
      for (const end = now + byMs; now < end; ) {
        now++
        for (const entry of actions) {
          if (entry.next > now) continue
          entry.next += entry.everyMs
          entry.action()
        }
      }
    },
  }
}

describe('on a terminal', () => {
  const open = () => {
    const output = paper(true, 100)
    const clock = handClock()
    return {
      output,
      clock,
      display: openDisplay('bars', { output, limits, color: false, unicode: false, clock }),
    }
  }

  it('progress is redrawn in place, at most five times a second', () => {
    const { output, clock, display } = open()
    for (let i = 0; i < 100; i++) {
      display.show(snapshotOf({ elapsedMs: 1000 + i * 10 }))
      clock.advance(10)
    }
    const redraws = output.text().split('running').length - 1
    expect(redraws).toBeGreaterThan(1)
    expect(redraws).toBeLessThanOrEqual(5)
    display.close()
  })

  it('a note stays above the bars', () => {
    const { output, display } = open()
    display.show(snapshotOf())
    display.note('model fetched')
    display.note('a host\u001b[2J is slow')
    const screen = screenOf(output.text())
    expect(screen.slice(0, 3)).toEqual([
      'model fetched',
      'a host [2J is slow',
      'running  1m 14s  3 hosts  clip-vit-base-patch32@fd6e1402/pre1',
    ])
    expect(screen).toHaveLength(7)
    display.close()
  })

  it('what is drawn last is the last state, once', () => {
    const { output, clock, display } = open()
    display.show(snapshotOf())
    clock.advance(1000)
    display.show(snapshotOf({ state: 'done' }))
    display.close()
    const length = output.text().length
    clock.advance(5000)
    expect(output.text()).toHaveLength(length)
    const screen = screenOf(output.text())
    expect(screen).toHaveLength(5)
    expect(screen[0]).toMatch(/^done {2}1m 14s/)
  })

  it('something is there from the first, and nothing stays of a run that never began', () => {
    const { output, display } = open()
    expect(screenOf(output.text())).toEqual(['starting'])
    display.close()
    expect(screenOf(output.text())).toEqual([])
  })

  it('nothing is written while nothing changes', () => {
    const { output, clock, display } = open()
    display.show(snapshotOf({ state: 'done' }))
    clock.advance(1000)
    const length = output.text().length
    clock.advance(5000)
    expect(output.text()).toHaveLength(length)
    display.close()
  })

  it('what is under way is drawn without a snapshot', () => {
    const { output, clock, display } = open()
    display.show(snapshotOf())
    let pages = 0
    display.showWork(() => ({ done: { pages }, waits: [], readShare: 1 }))
    clock.advance(250)
    pages = 8
    clock.advance(250)
    expect(screenOf(output.text())[1]).toMatch(/^pages +320 /)
    display.close()
  })
})

describe('off a terminal', () => {
  const open = (style: 'plain' | 'json') => {
    const output = paper()
    const clock = handClock()
    const display = openDisplay(style, { output, limits, color: true, unicode: true, clock })
    return { output, clock, display, lines: () => output.text().trimEnd().split('\n') }
  }

  it('a JSON line is written every five seconds and at the end, and notes as they come', () => {
    const { clock, display, lines } = open('json')
    display.note('seed a is read as https://a/')
    display.show(snapshotOf({ counters: { pages: 1 } }))
    clock.advance(1000)
    display.show(snapshotOf({ counters: { pages: 1 } }))
    clock.advance(4000)
    display.show(snapshotOf({ counters: { pages: 21 } }))
    clock.advance(4000)
    display.show(snapshotOf({ counters: { pages: 21 }, state: 'done' }))
    display.close()
    expect(lines().map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { event: 'note', text: 'seed a is read as https://a/', time: '1970-01-01T00:00:00.000Z' },
      { event: 'progress', state: 'running', pages: 1, pagesPerS: 0 },
      { event: 'progress', state: 'done', pages: 21, pagesPerS: 2.5 },
    ])
  })

  it('a line is written sooner where something new is waited for, once for each kind of it', () => {
    const { clock, display, lines } = open('plain')
    display.show(snapshotOf({ hosts: [] }))
    const waits: { for: 'robots' | 'page'; host: string; agoMs: number; lengthMs: null }[] = []
    display.showWork(() => ({ done: {}, waits, readShare: 1 }))
    waits.push({ for: 'robots', host: 'a.test', agoMs: 2000, lengthMs: null })
    clock.advance(1000)
    waits.push({ for: 'robots', host: 'b.test', agoMs: 2500, lengthMs: null })
    clock.advance(1000)
    waits.splice(0, 2, { for: 'page', host: 'a.test', agoMs: 2000, lengthMs: null })
    clock.advance(1000)
    expect(lines().map((line) => line.split('; ').at(-1))).toEqual([
      'waits for robots.txt of a.test',
      'waits for an answer of a.test',
    ])
    display.close()
  })
})

describe('the style of progress', () => {
  const [terminal, dumb, pipe] = [
    { isTerminal: true, redraw: true },
    { isTerminal: true, redraw: false },
    { isTerminal: false, redraw: true },
  ]

  it('is bars on a terminal that can draw them, lines on another, and JSON elsewhere', () => {
    expect([terminal, dumb, pipe].map((one) => styleFor(null, one))).toEqual(['bars', 'plain', 'json'])
  })

  it('is what was asked for, but bars are lines where they cannot be drawn', () => {
    expect([terminal, dumb, pipe].map((one) => styleFor('bars', one))).toEqual(['bars', 'plain', 'plain'])
    expect([terminal, dumb, pipe].map((one) => styleFor('json', one))).toEqual(['json', 'json', 'json'])
    expect([terminal, dumb, pipe].map((one) => styleFor('plain', one))).toEqual(['plain', 'plain', 'plain'])
  })
})

/** What a terminal shows after the text, without empty lines. Knows cursor up and the two erasures. */
function screenOf(text: string): string[] {
  const lines: string[] = ['']
  let row = 0
  let column = 0
  for (let i = 0; i < text.length; i++) {
    const line = lines[row] ?? ''
    const char = text[i]!
    if (char === '\n') {
      row++
      column = 0
      lines[row] ??= ''
    } else if (char === '\r') {
      column = 0
    } else if (char === '\u001b') {
      const end = text.slice(i).search(/[A-Z]/)
      const amount = Number(text.slice(i + 2, i + end))
      const command = text[i + end]
      i += end
      if (command === 'A') row -= amount
      else lines[row] = line.slice(0, column)
      if (command === 'J') lines.length = row + 1
    } else {
      lines[row] = line.slice(0, column) + char + line.slice(column + 1)
      column++
    }
  }
  return lines.filter((line) => line !== '')
}
