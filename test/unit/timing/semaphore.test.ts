import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSemaphore } from '../../../src/timing/semaphore.js'

describe('a gate', () => {
  it('lets so many through at once, in order, and each exactly once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.record({ turns: fc.nat({ max: 3 }), fails: fc.boolean() }), { maxLength: 15 }),
        async (limit, jobs) => {
          const gate = createSemaphore(limit)
          const begun: number[] = []
          let running = 0
          let most = 0
          const results = await Promise.allSettled(
            jobs.map(({ turns, fails }, index) =>
              gate(async () => {
                begun.push(index)
                most = Math.max(most, ++running)
                for (let i = 0; i < turns; i++) await Promise.resolve()
                running--
                if (fails) throw new Error(`job ${index}`)
                return index
              }),
            ),
          )
          expect(begun).toEqual(jobs.map((_, index) => index))
          expect(most).toBeLessThanOrEqual(limit)
          expect(results.map(({ status }) => status === 'rejected')).toEqual(jobs.map(({ fails }) => fails))
        },
      ),
    )
  })

  it('lets no newcomer slip in while the next one wakes', async () => {
    const gate = createSemaphore(1)
    let running = 0
    let most = 0
    const job = (until: Promise<void>) =>
      gate(async () => {
        most = Math.max(most, ++running)
        await until
        running--
      })
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const first = job(held)
    const second = job(new Promise((resolve) => setImmediate(resolve)))
    // Newcomers at every turn of the queue after the first one may leave.
    const newcomers = Array.from({ length: 12 }, async (_, turns) => {
      await held
      for (let i = 0; i < turns; i++) await Promise.resolve()
      await job(new Promise((resolve) => setImmediate(resolve)))
    })
    release()
    await Promise.all([first, second, ...newcomers])
    expect(most).toBe(1)
  })

  it('lets as many through as its limit is at that moment, and loses none', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 }),
        fc.nat({ max: 20 }),
        async (limits, count) => {
          let entered = 0
          const limit = () => limits[entered % limits.length]!
          const gate = createSemaphore(limit)
          let running = 0
          const order: number[] = []
          await Promise.all(
            Array.from({ length: count }, (_, index) => {
              return gate(async () => {
                order.push(index)
                running++
                await new Promise((resolve) => setImmediate(resolve))
                running--
                entered++
              })
            }),
          )
          expect(running).toBe(0)
          expect(order).toEqual(Array.from({ length: count }, (_, index) => index))
        },
      ),
    )
  })

  it('begins nothing while more runs than its limit has become', async () => {
    let limit = 3
    const gate = createSemaphore(() => limit)
    const ends: (() => void)[] = []
    const job = () => gate(() => new Promise<void>((resolve) => ends.push(resolve)))
    const jobs = Array.from({ length: 5 }, job)
    const settled = () => new Promise((resolve) => setImmediate(resolve))
    await settled()
    expect(ends).toHaveLength(3)
    limit = 1
    for (const end of ends.splice(0, 2)) end()
    await settled()
    expect(ends).toHaveLength(1)
    ends.pop()?.()
    await settled()
    expect(ends).toHaveLength(1)
    limit = 3
    ends.pop()?.()
    await settled()
    ends.pop()?.()
    await Promise.all(jobs)
  })
})
