import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { listenForStop } from '../../../src/cli/signals.js'

function listening() {
  const source = new EventEmitter()
  const said: string[] = []
  const exits: number[] = []
  const stop = listenForStop({ source, say: (text) => said.push(text), exit: (code) => exits.push(code) })
  return { source, said, exits, stop }
}

describe('stop signals', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('the first drains and says so', () => {
    const { source, said, exits, stop } = listening()
    source.emit('SIGTERM')
    expect(stop.signals.drain.aborted).toBe(true)
    expect(stop.signals.abort.aborted).toBe(false)
    expect(stop.first()).toBe('SIGTERM')
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(/^SIGTERM: finishing and committing/)
    expect(exits).toEqual([])
    stop.close()
  })

  it('the second aborts; if the run does not let go, the process ends with the code of the first', () => {
    vi.useFakeTimers()
    const { source, said, exits, stop } = listening()
    source.emit('SIGINT')
    source.emit('SIGTERM')
    expect(stop.signals.abort.aborted).toBe(true)
    expect(said[1]).toMatch(/stopping at once/)
    expect(exits).toEqual([])
    vi.advanceTimersByTime(3000)
    expect(exits).toEqual([130])
    stop.close()
  })

  it('the third ends the process now', () => {
    const { source, exits, stop } = listening()
    for (let i = 0; i < 3; i++) source.emit('SIGTERM')
    expect(exits).toEqual([143])
    stop.close()
  })

  it('once closed, signals are the process’s own again', () => {
    const { source, stop } = listening()
    stop.close()
    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0)
  })
})
