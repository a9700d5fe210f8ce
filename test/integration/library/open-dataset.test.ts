import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type DatasetOptions, DatasetUnusable, openDataset } from '../../../src/library/index.js'
import { folderStore } from '../../../src/shard/index.js'
import { serveFolder, takeBadHostBack } from '../../fixtures/feed/served.js'
import { badHost, fillHosts, hostsDataset } from '../../fixtures/retract/hosts-dataset.js'
import { s3Bench } from '../../fixtures/s3/s3-stores.js'
import { tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const s3 = await s3Bench()
afterAll(() => s3.close())

/** What a reader gives, in its order: keys and hosts of pages. */
async function read(
  place: string,
  options: DatasetOptions = {},
): Promise<(readonly [string, string | null])[]> {
  const dataset = await openDataset(place, options)
  const pairs: (readonly [string, string | null])[] = []
  for await (const { key, record } of dataset) pairs.push([key, record.page_host])
  await dataset.close()
  return pairs
}

async function folder(plans = 4): Promise<string> {
  const dir = join(await tempFolder(), 'dataset')
  await hostsDataset(dir, plans)
  return dir
}

describe('openDataset', () => {
  it('reads the same order from a folder and behind a URL', async () => {
    const dir = await folder()
    const pairs = await read(dir, { seed: '7' })
    expect(new Set(pairs.map(([key]) => key)).size).toBe(pairs.length)
    expect(await read(await serveFolder(dir), { seed: '7' })).toEqual(pairs)
    expect(await read(dir, { seed: '8' })).not.toEqual(pairs)
  })

  it('gives the pairs alone for which a condition holds, to all ranks together', async () => {
    const dir = await folder()
    const wanted = (await read(dir)).filter(([, host]) => host !== badHost)
    const where = `page_host <> '${badHost}'`
    expect(await read(dir, { where })).toEqual(wanted)
    const ranks = await Promise.all([0, 1, 2].map((rank) => read(dir, { where, rank, world: 3 })))
    expect(ranks.flat().toSorted()).toEqual(wanted.toSorted())
    await expect(read(dir, { where: 'no such thing' })).rejects.toThrow(DatasetUnusable)
    await expect(read(await serveFolder(dir), { where })).rejects.toThrow('behind a URL cannot be asked')
  })

  it('reads on while a host is taken back, and gives out what is left of it, each pair once', async () => {
    const dir = await folder()
    const all = await read(dir, { windowShards: 2 })
    const dataset = await openDataset(dir, { windowShards: 2, readsAtOnce: 2 })
    const pairs: (readonly [string, string | null])[] = []
    for await (const { key, record } of dataset) {
      pairs.push([key, record.page_host])
      if (pairs.length === 5) await takeBadHostBack(folderStore(dir))
    }
    await dataset.close()
    const given = new Set(pairs.map(([key]) => key))
    expect(given.size).toBe(pairs.length)
    for (const [key, host] of all) if (host !== badHost) expect(given).toContain(key)
    expect(await read(dir, { windowShards: 2 })).toEqual(all.filter(([, host]) => host !== badHost))
  })

  it('goes on from a state behind which pairs were taken back, with no other lost or repeated', async () => {
    const dir = await folder()
    const all = await read(dir)
    const dataset = await openDataset(dir)
    const before: string[] = []
    for await (const { key } of dataset) if (before.push(key) === 11) break
    const state = JSON.stringify(dataset.state())
    await dataset.close()
    expect(state.length).toBeLessThan(120)
    await takeBadHostBack(folderStore(dir))
    const rest = (await Promise.all([0, 1].map((rank) => read(dir, { state, rank, world: 2 })))).flat()
    const left = all.slice(11).filter(([, host]) => host !== badHost)
    expect(rest.toSorted()).toEqual(left.toSorted())
  })

  it('takes up what was added at the next epoch', async () => {
    const dir = await folder(2)
    const dataset = await openDataset(dir)
    const seen: string[] = []
    for await (const { key } of dataset) if (seen.push(key) === 4) break
    const state = dataset.state()
    await dataset.close()
    const before = await read(dir)
    await hostsDataset(dir, 3)
    const rest = await read(dir, { state })
    expect([...seen, ...rest.map(([key]) => key)].toSorted()).toEqual(before.map(([key]) => key).toSorted())
    expect((await read(dir, { epoch: 1 })).length).toBeGreaterThan(before.length)
  })

  it('mixes datasets: each pair once without weights, by their share with them', async () => {
    const places = [await folder(3), await folder(1)]
    const mixed = async (weights: readonly (number | undefined)[], options: DatasetOptions = {}) => {
      const parts = places.map((place, i) =>
        weights[i] === undefined ? { place } : { place, weight: weights[i] },
      )
      const dataset = await openDataset(parts, options)
      const names: string[] = []
      for await (const { source, key } of dataset) names.push(`${source}:${key}`)
      await dataset.close()
      return { names, samples: dataset.samples, state: dataset.state() }
    }
    const all = await Promise.all(places.map((place) => read(place)))
    const each = all.flatMap((pairs, source) => pairs.map(([key]) => `${source}:${key}`)).toSorted()
    const whole = await mixed([])
    expect(whole.names.toSorted()).toEqual(each)
    expect(whole.samples).toBe(each.length)
    expect(JSON.stringify(whole.state).length).toBeLessThan(180)
    const { names } = await mixed([1, 1])
    expect(names.length).toBe(each.length)
    const second = names.filter((name) => name.startsWith('1:')).length
    expect(Math.abs(second - names.length / 2)).toBeLessThanOrEqual(1)
    const ranks = await Promise.all([0, 1, 2].map((rank) => mixed([1, 1], { rank, world: 3 })))
    expect(ranks.flatMap((rank) => rank.names).toSorted()).toEqual(names.toSorted())
    await expect(mixed([1, undefined])).rejects.toThrow('give each dataset one, as in a:0.7,b:0.3, or none')
    await expect(openDataset(places[0]!, { state: whole.state })).rejects.toThrow(
      'another number of datasets',
    )
  })

  it('says what is wrong with what it is given', async () => {
    const dir = await folder(1)
    const wrong: [DatasetOptions, string][] = [
      [{ rank: 2, world: 2 }, 'rank is a whole number from 0 to world - 1 (1), got 2'],
      [{ windowShards: 0 }, 'windowShards is a whole number from 1 on, got 0'],
      [{ epoch: -1 }, 'epoch is a whole number from 0 on, got -1'],
      [{ bufferBytes: -1 }, 'bufferBytes is a whole number from 0 on, got -1'],
      [{ state: '{"v":2}' }, 'the state is none that this version wrote'],
      [{ state: '{"v":1,"seed":"0"}' }, 'the state has v: 1, which only an earlier version reads'],
      [{ split: 'val' }, `${join(dir, 'val')} holds no dataset`],
    ]
    for (const [options, message] of wrong) await expect(openDataset(dir, options)).rejects.toThrow(message)
  })

  it.skipIf(s3.why !== '')(`reads a bucket as it reads a folder${s3.why}`, { timeout: 60_000 }, async () => {
    const dir = await folder(2)
    const store = await s3.store()
    await fillHosts(store, 2)
    const options = { s3: { endpoint: s3.server.endpoint }, seed: '3' }
    expect(await read(store.url, options)).toEqual(await read(dir, { seed: '3' }))
    const where = `page_host <> '${badHost}'`
    expect(await read(store.url, { ...options, where })).toEqual(await read(dir, { seed: '3', where }))
  })
})
