import { describe, expect, it } from 'vitest'
import { defaultWindowShards } from '../../../src/feed/epoch.js'
import { LiveSamples } from '../../../src/feed/live.js'
import { epochOrder } from '../../../src/feed/order.js'
import { orderFigures } from '../../../src/feed/order-figures.js'
import { shuffle } from '../../../src/shard/index.js'

/** Hosts of a list that is ordered by host: shards of so many slots, one behind another. */
function listed(shards: number, slots: number, samplesOfHost: number) {
  const hostOf = (shard: number, slot: number) => `host${Math.floor((shard * slots + slot) / samplesOfHost)}`
  const fed = Array.from({ length: shards }, (_, shard) => ({ shard, slots }))
  return { hostOf, fed, live: new LiveSamples(new Map(fed.map(({ shard }) => [shard, slots]))) }
}

const stored = ({ hostOf, fed }: ReturnType<typeof listed>) =>
  fed.flatMap(({ shard, slots }) => Array.from({ length: slots }, (_, slot) => hostOf(shard, slot)))

describe('the figures of an order', () => {
  it('are those of its neighbours and of its batches', () => {
    const { adjacent, entropyBits, samples, hosts } = orderFigures(
      ['a', 'a', 'b', 'b', 'a', 'b', 'c', 'd'],
      4,
    )
    expect([samples, hosts]).toEqual([8, 4])
    expect(adjacent.order).toBeCloseTo(2 / 7)
    // Of 56 ordered pairs 3 * 2 + 3 * 2 are of one host.
    expect(adjacent.shuffled).toBeCloseTo(12 / 56)
    expect(entropyBits.order).toBeCloseTo((1 + 2) / 2)
  })

  it('know what a shuffle has on average, as shuffles show', () => {
    const hosts = stored(listed(1, 900, 30)).concat(Array.from({ length: 300 }, () => 'large'))
    const shuffled = Array.from({ length: 40 }, (_, i) => {
      const order = Uint32Array.from(hosts.keys())
      shuffle(order, `seed ${i}`)
      return orderFigures(
        Array.from(order, (at) => hosts[at] ?? ''),
        50,
      )
    })
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(shuffled.map(({ entropyBits }) => entropyBits.ratio ?? 0))).toBeCloseTo(1, 2)
    expect(mean(shuffled.map(({ adjacent }) => adjacent.ratio ?? 0))).toBeCloseTo(1, 1)
  })

  it('say of a list that is ordered by host that it is mixed little, and of its epoch that it is', () => {
    for (const list of [listed(40, 1_000, 100), listed(300, 500, 40), listed(12, 10_000, 1_000)]) {
      expect(orderFigures(stored(list), 256).entropyBits.ratio).toBeLessThan(0.4)
      const source = {
        shards: list.fed,
        windowShards: defaultWindowShards(list.fed),
        live: list.live,
        turns: 1,
        place: 0,
      }
      const order = [...epochOrder([source], { seed: '0', epoch: 0 })]
      const { entropyBits, adjacent } = orderFigures(
        order.map(({ shard, slot }) => list.hostOf(shard, slot)),
        256,
      )
      expect(entropyBits.ratio).toBeGreaterThan(0.98)
      expect(adjacent.order - adjacent.shuffled).toBeLessThan(0.02)
    }
  })

  it('are none of nothing', () => {
    expect(orderFigures([], 4)).toMatchObject({ samples: 0, adjacent: { order: 0, ratio: null } })
    expect(orderFigures([null, null, null], 4).entropyBits).toEqual({ order: 0, shuffled: 0, ratio: null })
    expect(() => orderFigures([], 0)).toThrow('1 sample or more, got 0')
  })
})
