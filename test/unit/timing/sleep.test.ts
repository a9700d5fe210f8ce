import { describe, expect, it } from 'vitest'
import { sleep } from '../../../src/timing/sleep.js'

describe('a pause', () => {
  it('may be one of hundreds that one signal ends, and no warning is printed for it', async () => {
    const warned: string[] = []
    const listen = (warning: Error) => void warned.push(warning.name)
    process.on('warning', listen)
    const everyone = new AbortController()
    const waiting = Array.from({ length: 300 }, () => sleep(60_000, everyone.signal))
    // Warnings are told on the next turn.
    await sleep(1, new AbortController().signal)
    everyone.abort()
    await Promise.all(waiting)
    process.off('warning', listen)
    expect(warned).toEqual([])
  })

  it('does not begin where the signal was aborted', async () => {
    await sleep(60_000, AbortSignal.abort())
  })
})
