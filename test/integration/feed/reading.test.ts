import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  alone,
  DatasetReader,
  liveOf,
  openPlace,
  type ReaderOptions,
  readCatalog,
} from '../../../src/feed/index.js'
import { openDataset } from '../../../src/library/index.js'
import { compileDataset, executePlan, folderStore, type Store } from '../../../src/shard/index.js'
import { serveFolder, takeBadHostBack } from '../../fixtures/feed/served.js'
import { badHost, fillHosts, hostsDataset } from '../../fixtures/retract/hosts-dataset.js'
import { startFaultyProxy } from '../../fixtures/s3/faulty-proxy.js'
import { s3Bench } from '../../fixtures/s3/s3-stores.js'
import { calm, datasetInfo, planOf, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const s3 = await s3Bench()
afterAll(() => s3.close())

const options: ReaderOptions = {
  ...{
    seed: 'any seed, naïve 写真',
    epoch: 0,
    windowShards: null,
    reader: alone,
    caption: 'best',
    state: null,
  },
  ...{ follow: true, readsAtOnce: 8, bufferBytes: 2 ** 28, onBroken: null },
}

/** A dataset of two hosts in a place of each kind, the store by which it is changed, and what reads it. */
const places: Record<string, () => Promise<{ place: string; store: Store }>> = {
  'a folder': async () => {
    const dir = join(await tempFolder(), 'dataset')
    return { place: dir, store: await hostsDataset(dir, 2) }
  },
  'a URL': async () => {
    const dir = join(await tempFolder(), 'dataset')
    return { store: await hostsDataset(dir, 2), place: await serveFolder(dir) }
  },
  'a bucket': async () => {
    const store = await s3.store()
    await fillHosts(store, 2)
    return { place: store.url, store }
  },
}

async function readerOf(
  place: string,
  endpoint: string | null,
  wish: Partial<ReaderOptions>,
  now: () => number,
) {
  const { feed } = await openPlace(place, { endpoint }, calm)
  onTestFinished(() => feed.close())
  const catalog = await readCatalog(feed, calm)
  const source = { place: feed, catalog, live: liveOf(catalog), weight: null }
  return new DatasetReader([source], { ...options, ...wish }, now)
}

/** Places, and memory for tars as a whole. */
const kinds: readonly (readonly [string, number])[] = [
  ['a folder', 0],
  ['a folder', 2 ** 28],
  ['a URL', 2 ** 28],
  ...(s3.why === '' ? [['a bucket', 2 ** 28] as const] : []),
]

describe('a reader', { timeout: 120_000 }, () => {
  it.each(kinds)(
    'of %s, with %d bytes for tars, gives nothing that was taken back five seconds ago',
    async (kind, bufferBytes) => {
      const { place, store } = await places[kind]!()
      const endpoint = kind === 'a bucket' ? s3.server.endpoint : null
      let nowMs = 0
      const all: string[] = []
      for await (const { key } of (await readerOf(place, endpoint, {}, () => 0)).samples(calm)) all.push(key)
      const reader = await readerOf(place, endpoint, { bufferBytes }, () => nowMs)
      const before: string[] = []
      const after: (string | null)[] = []
      for await (const { key, record } of reader.samples(calm)) {
        if (nowMs === 0) before.push(key)
        else after.push(record.page_host)
        if (before.length < 10 || nowMs > 0) continue
        await takeBadHostBack(store)
        nowMs = 5_000
      }
      expect(before).toEqual(all.slice(0, 10))
      expect(after.length).toBeGreaterThan(5)
      expect(after).not.toContain(badHost)
    },
  )

  it('asks a web server again that fails for a moment', async () => {
    const dir = join(await tempFolder(), 'dataset')
    await hostsDataset(dir, 1)
    let asked = 0
    const url = await serveFolder(dir, () => [503, null, 429, null][asked++ % 4] ?? null)
    const keysOf = async (place: string) => {
      const dataset = await openDataset(place, { readsAtOnce: 4 })
      const keys: string[] = []
      for await (const { key } of dataset) keys.push(key)
      await dataset.close()
      return keys
    }
    expect(await keysOf(url)).toEqual(await keysOf(dir))
  })

  it('takes a file that it may not see for one that is not there, as buckets behind a URL have it', async () => {
    const dir = join(await tempFolder(), 'dataset')
    await hostsDataset(dir, 1)
    const url = await serveFolder(dir, () => 403)
    await expect(openDataset(url)).rejects.toThrow('holds no dataset: there is no manifest.json in it')
  })

  it.skipIf(s3.why !== '')(`asks a store again that fails for a moment${s3.why}`, async () => {
    const store = await s3.store()
    await fillHosts(store, 1)
    const proxy = await startFaultyProxy(s3.server.endpoint)
    onTestFinished(() => proxy.close())
    let asked = 0
    proxy.meet(() => (asked++ % 3 === 1 ? { kind: asked % 2 === 0 ? 'cut-answer' : 'reset' } : null))
    const keysOf = async (endpoint: string) => {
      const keys: string[] = []
      const reader = await readerOf(store.url, endpoint, { readsAtOnce: 2 }, () => 0)
      for await (const { key } of reader.samples(calm)) keys.push(key)
      return keys
    }
    expect(await keysOf(proxy.endpoint)).toEqual(await keysOf(s3.server.endpoint))
    expect(proxy.log.some(({ fault }) => fault !== null)).toBe(true)
  })

  it.skipIf(s3.why !== '')(
    `has the first sample of a hundred shards by three requests and 64 kB beside the manifest${s3.why}`,
    async () => {
      const dir = await tempFolder()
      const local = folderStore(dir)
      const plan = await planOf(local, [{ kept: 200, rejected: 0 }], { shards: 100 })
      await executePlan({ store: local }, plan, () => {}, calm)
      await compileDataset(local, datasetInfo, calm)
      const store = await s3.store()
      const names = (await readdir(dir)).filter((name) => /^manifest\.json$|\.tar(\.idx)?$/.test(name))
      for (const name of names)
        await store.putBytes(name, await readFile(join(dir, name)), { ifAbsent: false }, calm)
      expect(names.length).toBe(201)
      const proxy = await startFaultyProxy(s3.server.endpoint)
      onTestFinished(() => proxy.close())
      const dataset = await openDataset(store.url, { s3: { endpoint: proxy.endpoint } })
      for await (const { key } of dataset) {
        expect(key).toMatch(/^\d+$/)
        break
      }
      await dataset.close()
      const beside = proxy.log.filter(({ request }) => !request.url.includes('manifest.json'))
      expect(beside.length).toBeLessThanOrEqual(3)
      expect(beside.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(64_000)
    },
  )
})
