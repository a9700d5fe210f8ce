import { describe, expect, it } from 'vitest'
import { isWindowFull, planParts } from '../../../src/workers/index.js'
import type { ShardSettings } from '../../../src/workers/shard-worker.js'

const settings: ShardSettings = {
  ...{ run: 'r', shardSize: 100, minShards: 8, seed: 's', format: 'jpg', settleMs: 0 },
}
const minutes = (n: number) => n * 60_000

/** What is planned of parts of 25 samples each. */
async function plansOf(parts: number, nextShard: number, elapsedMs: number, final: boolean) {
  let unplanned = Array.from({ length: parts }, (_, batch) => ({
    batch: String(batch),
    kept: 25,
    rows: 30,
    agoMs: 1,
  }))
  const plans: { batches: number; shards: number }[] = []
  await planParts(
    {
      backend: {
        unplannedParts: async () => unplanned,
        allotPlan: async ({ batches, shards }: { batches: string[]; shards: number }) => {
          unplanned = unplanned.slice(batches.length)
          return plans.push({ batches: batches.length, shards })
        },
      },
      queue: { notify: async () => {} },
    } as never,
    settings,
    { nextShard, elapsedMs },
    final,
  )
  return plans
}

describe("a run's windows", () => {
  const isFull = (unplannedKept: number, nextShard: number, elapsedMs = 0) =>
    isWindowFull({ unplannedKept, unplannedRows: unplannedKept, nextShard, elapsedMs }, settings)

  it('are four shards large, the first of them one', () => {
    expect([isFull(99, 0), isFull(100, 0)]).toEqual([false, true])
    expect([isFull(399, 1), isFull(400, 1)]).toEqual([false, true])
  })

  it('close early only once: the first, after ten minutes, with 256 samples', () => {
    const large = { ...settings, shardSize: 10_000 }
    const isEnough = (unplannedKept: number, nextShard: number, elapsedMs: number) =>
      isWindowFull({ unplannedKept, unplannedRows: 0, nextShard, elapsedMs }, large)
    expect(isEnough(9_999, 0, minutes(10) - 1)).toBe(false)
    expect([isEnough(255, 0, minutes(10)), isEnough(256, 0, minutes(10))]).toEqual([false, true])
    expect(isEnough(39_999, 1, minutes(600))).toBe(false)
  })

  it('go on with four shards behind the first', async () => {
    expect(await plansOf(25, 0, 0, false)).toEqual([
      { batches: 4, shards: 1 },
      { batches: 16, shards: 4 },
    ])
  })

  it('are one where the run ends: a small run is shuffled as a whole', async () => {
    expect(await plansOf(25, 0, minutes(20), true)).toEqual([{ batches: 25, shards: 7 }])
  })
})
