import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { epochWindows, type FedShard } from '../../../src/feed/epoch.js'
import { LiveSamples } from '../../../src/feed/live.js'
import { epochOrder, type OrderedSource, type Turn, turnsOf } from '../../../src/feed/order.js'
import { isShareOf, type Reader } from '../../../src/feed/share.js'
import { turnWeights } from '../../../src/feed/turns.js'
import { runs } from '../../fixtures/runs.js'

const shardsOf = (slots: readonly number[]): FedShard[] => slots.map((n, shard) => ({ shard, slots: n }))
const liveOf = (shards: readonly FedShard[]) =>
  new LiveSamples(new Map(shards.map(({ shard, slots }) => [shard, slots])))
const keyOf = ({ source, shard, slot }: Pick<Turn, 'source' | 'shard' | 'slot'>) =>
  `${source}:${shard}:${slot}`

const wish = { seed: 's', epoch: 0 }

interface Sourced {
  readonly shards: readonly FedShard[]
  readonly live?: LiveSamples
  readonly weight?: number
  readonly place?: number
  readonly windowShards?: number
}

/** Sources as an epoch has them, from their places on. */
function sourcesOf(sources: readonly Sourced[]): OrderedSource[] {
  const lives = sources.map(({ shards, live }) => live ?? liveOf(shards))
  const turns = turnWeights(
    sources.map(({ shards, weight = null }, i) => ({
      ...{ weight, slots: liveOf(shards).total, live: lives[i]!.total },
    })),
  )
  return sources.map(({ shards, place = 0, windowShards = 3 }, i) => ({
    ...{ shards, place, windowShards, live: lives[i]!, turns: turns[i]! },
  }))
}

const orderOf = (sources: readonly Sourced[], epoch: { seed: string; epoch: number } = wish) => [
  ...epochOrder(sourcesOf(sources), epoch),
]

/** What all readers of a job are given, step by step: `steps[i]` = the keys of the i-th step over all ranks. */
function stepsOf(order: readonly Turn[], { world, workers, globalBatch }: Job): string[][] {
  const batchSize = globalBatch / world
  const ranks = Array.from({ length: world }, (_, rank) => {
    const lanes = Array.from({ length: workers }, (_, worker) => {
      const reader: Reader = { rank, world, worker, workers, batchSize }
      return order.filter((_, turn) => isShareOf(reader, turn))
    })
    // A DataLoader takes a batch of each worker in turn.
    const batches: Turn[][] = []
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
          const sources = [{ shards: some, live, windowShards }]
          const keys = orderOf(sources, { seed, epoch: 3 }).map(keyOf)
          expect(new Set(keys).size).toBe(keys.length)
          expect(keys.length).toBe(live.total)
          expect(turnsOf(sources)).toBe(slots.reduce((sum, n) => sum + n, 0))
        },
      ),
      { numRuns: runs.text },
    )
  })

  it('is another for another seed, and for another epoch', () => {
    const of = (seed: string, epoch: number) => orderOf([{ shards }], { seed, epoch }).map(keyOf)
    expect(of('s', 0)).toEqual(of('s', 0))
    expect(of('s', 1)).not.toEqual(of('s', 0))
    expect(of('t', 0)).not.toEqual(of('s', 0))
  })

  const mixtures: [string, readonly Sourced[]][] = [
    ['one dataset', [{ shards }]],
    ['three datasets', [{ shards }, { shards: shardsOf([90, 3]) }, { shards: shardsOf([17]) }]],
    [
      'a mixture',
      [
        { shards, weight: 0.3 },
        { shards: shardsOf([20, 9]), weight: 0.7 },
      ],
    ],
  ]

  it.each(mixtures)('of %s gives the same steps to any number of ranks and workers', (_, sources) => {
    const order = orderOf(sources)
    const whole = stepsOf(order, { world: 1, workers: 1, globalBatch: 24 })
    for (const world of [1, 2, 3, 4, 6, 8, 12])
      for (const workers of [1, 2, 3, 4]) {
        const steps = stepsOf(order, { world, workers, globalBatch: 24 })
        expect(steps.map((keys) => keys.toSorted())).toEqual(whole.map((keys) => keys.toSorted()))
      }
  })

  it.each(mixtures)('of %s goes on after any step, and loses and repeats nothing', (_, sources) => {
    const order = orderOf(sources)
    fc.assert(
      fc.property(
        fc.nat(order.length),
        fc.constantFrom(1, 2, 3, 4, 6),
        fc.constantFrom(1, 2, 3, 5),
        (stop, a, b) => {
          const before = order.slice(0, Math.floor(stop / a) * a)
          const places = sources.map((_, i) => before.filter(({ source }) => source === i).length)
          const rest = orderOf(sources.map((source, i) => ({ ...source, place: places[i]! })))
          expect(rest).toEqual(order.slice(before.length))
          const dealt = Array.from({ length: b }, (_, rank) =>
            rest.filter((_, turn) =>
              isShareOf({ rank, world: b, worker: 0, workers: 1, batchSize: 1 }, turn),
            ),
          ).flat()
          expect([...before, ...dealt].map(keyOf).toSorted()).toEqual(order.map(keyOf).toSorted())
        },
      ),
      { numRuns: runs.text },
    )
  })

  it('keeps its places when samples are taken back, and steps over them', () => {
    const before = orderOf([{ shards }])
    const live = liveOf(shards)
    live.take(3, [1, 5, 54])
    live.take(0, [0])
    const gone = new Set(['0:3:1', '0:3:5', '0:3:54', '0:0:0'])
    expect(orderOf([{ shards, live }])).toEqual(before.filter((turn) => !gone.has(keyOf(turn))))
  })

  it('has each sample of several datasets once, spread over the whole epoch', () => {
    const order = orderOf([{ shards: shardsOf([300, 100]) }, { shards: shardsOf([80, 20]) }])
    expect(new Set(order.map(keyOf)).size).toBe(500)
    for (const end of [5, 50, 200, 333, 500]) {
      const second = order.slice(0, end).filter(({ source }) => source === 1).length
      expect(Math.abs(second - end / 5)).toBeLessThan(1)
    }
  })

  it('gives a dataset of a mixture again, in another order, where its weight asks for more than it has', () => {
    const order = orderOf([
      { shards: shardsOf([10, 10]), weight: 3 },
      { shards: shardsOf([60]), weight: 1 },
    ])
    const small = order.filter(({ source }) => source === 0).map(keyOf)
    expect([order.length, small.length]).toEqual([80, 60])
    const rounds = [0, 20, 40].map((at) => small.slice(at, at + 20))
    for (const round of rounds) expect(new Set(round).size).toBe(20)
    expect(rounds[1]).not.toEqual(rounds[0])
    expect(rounds[2]).not.toEqual(rounds[1])
  })

  it('gives a mixture by its weights, though of one dataset little is live', () => {
    const few = liveOf(shardsOf([200]))
    few.keep(
      0,
      Array.from({ length: 20 }, (_, i) => 10 * i),
    )
    const order = orderOf([
      { shards: shardsOf([200]), live: few, weight: 0.5 },
      { shards: shardsOf([200]), weight: 0.5 },
    ])
    const share = order.filter(({ source }) => source === 0).length / order.length
    expect(share).toBeGreaterThan(0.4)
    expect(share).toBeLessThan(0.6)
  })

  it('mixes the samples of a window as a full shuffle would', () => {
    // Each shard is one host's, as where a list is ordered by host: a step of a window of four has all four in it.
    const hosts = shardsOf(Array.from({ length: 4 }, () => 500))
    const order = orderOf([{ shards: hosts, windowShards: 4 }])
    const neighbours = order.filter(({ shard }, i) => i > 0 && order[i - 1]?.shard === shard).length
    expect(neighbours / order.length).toBeGreaterThan(0.2)
    expect(neighbours / order.length).toBeLessThan(0.3)
  })

  it('wants windows of a shard or more', () => {
    expect(() => epochWindows(shards, { ...wish, windowShards: 0 })).toThrow('1 shard or more, got 0')
  })
})
