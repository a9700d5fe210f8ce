import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { folderStore, type Store, verifyDataset } from '../../../src/shard/index.js'
import {
  crawled,
  curateInto,
  curateTo,
  numbered,
  pairsOf,
  requestOf,
} from '../../fixtures/curate/curating.js'
import { type Fault, type FaultyProxy, startFaultyProxy } from '../../fixtures/s3/faulty-proxy.js'
import { quickPace, s3Bench } from '../../fixtures/s3/s3-stores.js'
import { calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'
import { livesOf } from '../../fixtures/shard/dying-store.js'

const s3 = await s3Bench()
const proxy: FaultyProxy | null = s3.why === '' ? await startFaultyProxy(s3.server.endpoint) : null
afterEach(() => proxy?.meet(null))
afterAll(async () => {
  await proxy?.close()
  await s3.close()
})

const request = requestOf({ shuffle: '1', shardSize: 5, where: 'width > 16' })
const faults: readonly (readonly [string, Fault | null])[] = [
  ['in good order', null],
  ['that answers 500', { kind: 'status', status: 500, code: 'InternalError' }],
  ['that resets connections', { kind: 'reset' }],
]

/** Every file of a dataset by name, with its sum. */
async function sumsOf(store: Store): Promise<Map<string, string | undefined>> {
  const sums = new Map<string, string | undefined>()
  for (const prefix of ['', 'img_emb/', 'text_emb/', 'metadata/', '.pairmill/entries/', '.pairmill/'])
    for await (const { name } of store.list(prefix, calm))
      sums.set(name, (await store.sums(name, ['sha256'], calm))?.sha256)
  return sums
}

describe.skipIf(s3.why !== '')(`curating from S3 into S3${s3.why}`, { timeout: 240_000 }, () => {
  it.each(faults)('gives the bytes that a folder gets, on a server %s', async (_, fault) => {
    const source = await crawled(numbered(12), { store: await s3.store() })
    const local = await tempFolder()
    await curateTo(local, [source], request)

    let seen = 0
    proxy?.meet(() => (fault !== null && ++seen % 7 === 0 ? fault : null))
    const behind = { endpoint: proxy?.endpoint ?? '', pace: quickPace }
    const out = await s3.store(behind)
    const read = await s3.store({ ...behind, url: source.url, access: 'read' })
    const end = await curateInto(() => out, [read], request)
    proxy?.meet(null)
    expect(end).toMatchObject({ kind: 'done' })
    expect((await verifyDataset(out, () => {}, calm)).problems).toEqual([])
    const sums = await sumsOf(folderStore(local))
    expect(await sumsOf(out)).toEqual(sums)
    expect((await pairsOf(out)).length).toBeGreaterThan(5)
  })

  it.each(['curate', 'a merge'])(
    'goes on where it died again and again while answers are lost: %s',
    async (kind) => {
      const sources = [await crawled(numbered(8))]
      if (kind === 'a merge') sources.push(await crawled(numbered(8, 5)))
      const out = await s3.store({ endpoint: proxy?.endpoint ?? '', pace: quickPace })
      let seen = 0
      proxy?.meet(() => (++seen % 7 === 0 ? { kind: 'lose-answer' } : null))
      const alike = requestOf({ shuffle: '1', shardSize: 4 })
      const died = await livesOf(
        out,
        (life) => [3, 7, 12][life % 3] ?? 0,
        (dying) => curateInto(() => dying, sources, alike),
      )
      proxy?.meet(null)
      expect(died).toBeGreaterThan(2)
      const local = await tempFolder()
      await curateTo(local, sources, alike)
      expect(await sumsOf(out)).toEqual(await sumsOf(folderStore(local)))
    },
  )
})
