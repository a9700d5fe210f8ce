import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Unsent } from '../../../../src/feed/serve/unsent.js'
import { runs } from '../../../fixtures/runs.js'

describe('what waits in a connection', () => {
  it('is every sample of which a byte may not have left: behind it the kernel has not taken what it can hold', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 100 }),
        (sizes, kernelBytes) => {
          const unsent = new Unsent(kernelBytes)
          const all = sizes.reduce((sum, size) => sum + size, 0)
          let flushed = 0
          for (const [slot, size] of sizes.entries()) {
            unsent.add({ source: 0, shard: 0, slot }, size)
            unsent.flushed(size)
            flushed += size
          }
          let end = 0
          for (const [slot, size] of sizes.entries()) {
            end += size
            expect(unsent.some((id) => id.slot === slot)).toBe(flushed - end < kernelBytes)
          }
          expect(end).toBe(all)
        },
      ),
      { numRuns: runs.text },
    )
  })

  it('is all that the kernel has not taken, however much that is, and nothing once the client asks for more', () => {
    const unsent = new Unsent(10)
    const has = (slot: number) => unsent.some((id) => id.slot === slot)
    for (const slot of [0, 1]) unsent.add({ source: 0, shard: 0, slot }, 1_000)
    expect([has(0), has(1)]).toEqual([true, true])
    unsent.flushed(1_000)
    expect([has(0), has(1)]).toEqual([true, true])
    unsent.flushed(1_000)
    expect([has(0), has(1)]).toEqual([false, true])
    unsent.clear()
    expect(has(1)).toBe(false)
  })
})
