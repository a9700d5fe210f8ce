import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManifestWriter } from '../../../src/run/manifest-writer.js'

const calm = new AbortController().signal

/** A dataset whose description takes so long to write as the test says. */
function desk(tookMs: () => number) {
  let clockMs = 1_000
  let spentMs = 0
  const written: boolean[] = []
  const description = createManifestWriter({
    write: async (complete) => {
      const ms = tookMs()
      spentMs += ms
      clockMs += ms
      written.push(complete)
    },
    now: () => clockMs,
  })
  return {
    ...description,
    written,
    wait: (ms: number) => {
      clockMs += ms
    },
    spentMs: () => spentMs,
    nowMs: () => clockMs,
  }
}

describe('the description of a dataset', () => {
  it('is written after the first plan, and after one that comes when it has rested', async () => {
    const { refresh, written, wait } = desk(() => 10)
    await refresh(calm)
    wait(189)
    await refresh(calm)
    expect(written).toEqual([false])
    wait(1)
    await refresh(calm)
    expect(written).toEqual([false, false])
  })

  it('is caught up with once where it was left behind, and else not', async () => {
    const { refresh, catchUp, written } = desk(() => 10)
    await catchUp(calm)
    await refresh(calm)
    await catchUp(calm)
    expect(written).toHaveLength(1)
    await refresh(calm)
    await catchUp(calm)
    await catchUp(calm)
    expect(written).toHaveLength(2)
  })

  it('is written at the end however lately it was', async () => {
    const { refresh, finish, written } = desk(() => 10)
    await refresh(calm)
    await finish(false, calm)
    await finish(true, calm)
    expect(written).toEqual([false, false, true])
  })

  it('stays behind where writing it failed, and the next plan tries again', async () => {
    let fails = false
    const { refresh, catchUp, written } = desk(() => {
      if (fails) throw new Error('the store is away')
      return 10
    })
    await refresh(calm)
    await refresh(calm)
    fails = true
    await expect(catchUp(calm)).rejects.toThrow('away')
    fails = false
    await catchUp(calm)
    expect(written).toHaveLength(2)
  })

  it('takes no more than a twentieth of the time, however long it takes and however often plans come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ gapMs: fc.nat(2_000), growsMs: fc.nat(50) }), { maxLength: 200 }),
        async (plans) => {
          let tookMs = 1
          const { refresh, wait, spentMs, nowMs } = desk(() => tookMs)
          for (const { gapMs, growsMs } of plans) {
            wait(gapMs)
            tookMs += growsMs
            await refresh(calm)
          }
          // The last one's rest is still to come.
          expect(spentMs() - tookMs).toBeLessThanOrEqual((nowMs() - 1_000) / 20)
        },
      ),
    )
  })
})
