import { describe, expect, it } from 'vitest'
import { Places } from '../../../../src/crawl/render/places.js'

const never = new AbortController().signal
const longMs = 60_000

describe('places for pages that are rendered', () => {
  it('are taken at once while there are any', async () => {
    const places = new Places(2)
    expect(await places.take(0, never)).toBe(true)
    expect(await places.take(0, never)).toBe(true)
  })

  it('are handed on in the order of the line, and to nobody else between', async () => {
    const places = new Places(1)
    await places.take(0, never)
    const order: string[] = []
    const first = places.take(longMs, never).then(() => order.push('first'))
    const second = places.take(longMs, never).then(() => order.push('second'))
    places.leave()
    const late = places.take(longMs, never).then(() => order.push('late'))
    await first
    places.leave()
    await second
    places.leave()
    await late
    expect(order).toEqual(['first', 'second', 'late'])
  })

  it('are not waited for longer than was said, nor after the signal', async () => {
    const places = new Places(1)
    await places.take(0, never)
    expect(await places.take(1, never)).toBe(false)
    const over = new AbortController()
    const waiting = places.take(longMs, over.signal)
    over.abort()
    expect(await waiting).toBe(false)
    // Who gave up takes none from the next in line.
    const next = places.take(longMs, never)
    places.leave()
    expect(await next).toBe(true)
  })

  it('are none for those in line when they are sent away', async () => {
    const places = new Places(1)
    await places.take(0, never)
    const waiting = [places.take(longMs, never), places.take(longMs, never)]
    places.sendAway()
    expect(await Promise.all(waiting)).toEqual([false, false])
  })
})
