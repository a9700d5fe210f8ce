import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { epochOrder, epochWindows, type FedShard, type Placed, placesOf } from '../../../src/feed/epoch.js'
import { LiveSamples } from '../../../src/feed/live.js'
import { isShareOf, type Reader } from '../../../src/feed/share.js'
import { runs } from '../../fixtures/runs.js'

const shardsOf = (slots: readonly number[]): FedShard[] => slots.map((n, shard) => ({ shard, slots: n }))
const liveOf = (shards: readonly FedShard[]) =>
  new LiveSamples(new Map(shards.map(({ shard, slots }) => [shard, slots])))
const keyOf = ({ shard, slot }: Placed) => `${shard}:${slot}`

const wish = { seed: 's', epoch: 0, windowShards: 3 }

/** What all readers of a job are given, step by step: `steps[i]` = the keys of the i-th step over all ranks. */
function stepsOf(order: readonly Placed[], { world, workers, globalBatch }: Job): string[][] {
  const batchSize = globalBatch / world
  const ranks = Array.from({ length: world }, (_, rank) => {
    const lanes = Array.from({ length: workers }, (_, worker) => {
      const reader: Reader = { rank, world, worker, workers, batchSize }
      return order.filter((_, turn) => isShareOf(reader, turn))
    })
    // A DataLoader takes a batch of each worker in turn.
    const batches: Placed[][] = []
    for (let at = 0; lanes.some((lane) => lane.length > at); at += batchSize)
      for (const lane of lanes) batches.push(lane.slice(at, at + batchSize))
    return batches
  })
  const longest = Math.max(...ranks.map((batches) => batches.length))
  const steps = Array.from({ length: longest }, (_, step) =>
    ranks.flatMap((rank) => rank[step] ?? []).map(keyOf),
  )
  return steps.filter((keys) => keys.length > 0)
}

interface Job {
  readonly world: number
  readonly workers: number
  readonly globalBatch: number
}

describe('the order of an epoch', () => {
  const shards = shardsOf([40, 7, 0, 55, 31, 12, 60])

  it('has every live sample once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(30), { maxLength: 9 }),
        fc.integer({ min: 1, max: 4 }),
        fc.string(),
        fc.infiniteStream(fc.boolean()),
        (slots, windowShards, seed, coin) => {
          const some = shardsOf(slots)
          const live = liveOf(some)
          for (const { shard, slots: n } of some)
            live.take(
              shard,
              Array.from({ length: n }, (_, slot) => slot).filter(() => coin.next().value),
            )
          const windows = epochWindows(some, { seed, epoch: 3, windowShards })
          const keys = [...epochOrder(windows, { seed, epoch: 3 }, live)].map(keyOf)
          expect(new Set(keys).size).toBe(keys.length)
          expect(keys.length).toBe(live.total)
          expect(placesOf(windows)).toBe(slots.reduce((sum, n) => sum + n, 0))
        },
      ),
      { numRuns: runs.text },
    )
  })

  it('is another for another seed, and for another epoch', () => {
    const of = (seed: string, epoch: number) =>
      [...epochOrder(epochWindows(shards, { ...wish, seed, epoch }), { seed, epoch }, liveOf(shards))].map(
        keyOf,
      )
    expect(of('s', 0)).toEqual(of('s', 0))
    expect(of('s', 1)).not.toEqual(of('s', 0))
    expect(of('t', 0)).not.toEqual(of('s', 0))
  })

  it('gives the same steps to any number of ranks and workers', () => {
    const order = [...epochOrder(epochWindows(shards, wish), wish, liveOf(shards))]
    const whole = stepsOf(order, { world: 1, workers: 1, globalBatch: 24 })
    for (const world of [2, 3, 4, 6, 8, 12])
      for (const workers of [1, 2, 3, 4]) {
        const steps = stepsOf(order, { world, workers, globalBatch: 24 })
        expect(steps.map((keys) => keys.toSorted())).toEqual(whole.map((keys) => keys.toSorted()))
      }
  })

  it('goes on after any step with another number of ranks, and loses and repeats nothing', () => {
    fc.assert(
      fc.property(fc.nat(204), fc.constantFrom(1, 2, 3, 4, 6), fc.constantFrom(1, 2, 3, 5), (stop, a, b) => {
        const windows = epochWindows(shards, wish)
        const live = liveOf(shards)
        const order = [...epochOrder(windows, wish, live)]
        const step = Math.floor(stop / a) * a
        const before = order.slice(0, step)
        const place = before.at(-1) === undefined ? 0 : (before.at(-1)?.place ?? 0) + 1
        const rest = [...epochOrder(windows, wish, live, place)]
        const dealt = Array.from({ length: b }, (_, rank) =>
          rest.filter((_, turn) => isShareOf({ rank, world: b, worker: 0, workers: 1, batchSize: 1 }, turn)),
        ).flat()
        expect([...before, ...dealt].map(keyOf).toSorted()).toEqual(order.map(keyOf).toSorted())
      }),
      { numRuns: runs.text },
    )
  })

  it('keeps its places when samples are taken back, and steps over them', () => {
    const windows = epochWindows(shards, wish)
    const before = [...epochOrder(windows, wish, liveOf(shards))]
    const live = liveOf(shards)
    live.take(3, [1, 5, 54])
    live.take(0, [0])
    const gone = new Set(['3:1', '3:5', '3:54', '0:0'])
    expect([...epochOrder(windows, wish, live)]).toEqual(before.filter((placed) => !gone.has(keyOf(placed))))
  })

  it('mixes the samples of a window as a full shuffle would', () => {
    // Each shard is one host's, as where a list is ordered by host: a step of a window of four has all four in it.
    const hosts = shardsOf(Array.from({ length: 4 }, () => 500))
    const order = [...epochOrder(epochWindows(hosts, { ...wish, windowShards: 4 }), wish, liveOf(hosts))]
    const neighbours = order.filter(({ shard }, i) => i > 0 && order[i - 1]?.shard === shard).length
    expect(neighbours / order.length).toBeGreaterThan(0.2)
    expect(neighbours / order.length).toBeLessThan(0.3)
  })

  it('wants windows of a shard or more', () => {
    expect(() => epochWindows(shards, { ...wish, windowShards: 0 })).toThrow('1 shard or more, got 0')
  })
})
