import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { holdDataset, namedOf, retract } from '../../../src/retract/index.js'
import { curateName } from '../../../src/shard/curated.js'
import { folderStore, readManifest, type Store, verifyDataset } from '../../../src/shard/index.js'
import { heldOf, quiet } from '../../fixtures/retract/held.js'
import { badHost, fillHosts, hostsDataset } from '../../fixtures/retract/hosts-dataset.js'
import { type FaultyProxy, startFaultyProxy } from '../../fixtures/s3/faulty-proxy.js'
import { quickPace, s3Bench } from '../../fixtures/s3/s3-stores.js'
import { bytesUnder, calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'
import { livesOf } from '../../fixtures/shard/dying-store.js'

const named = [namedOf('host', badHost)].flatMap((one) => ('problem' in one ? [] : [one]))
const wish = { named, reason: 'asked to', isDryRun: false, at: '2026-01-02T03:04:05.000Z' }
const problemsIn = async (store: Store) => (await verifyDataset(store, () => {}, calm)).problems

const s3 = await s3Bench()
let proxy: FaultyProxy
let template = ''
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'pairmill-retract-'))
  await hostsDataset(template)
  if (s3.why === '') proxy = await startFaultyProxy(s3.server.endpoint)
}, 60_000)
afterEach(() => proxy?.meet(null))
afterAll(async () => {
  await rm(template, { recursive: true, force: true })
  await proxy?.close()
  await s3.close()
})

async function dataset(plans = 1): Promise<{ dir: string; store: Store }> {
  const dir = join(await tempFolder(), 'dataset')
  if (plans === 1) await cp(template, dir, { recursive: true })
  else await hostsDataset(dir, plans)
  return { dir, store: folderStore(dir) }
}

describe('a change that is killed at 50 moments and more', { timeout: 300_000 }, () => {
  it('before any of its writes verifies, and the same command gives the bytes of one that was not', async () => {
    const [whole, killed] = [await dataset(2), await dataset(2)]
    await retract(heldOf(whole.store), wish, quiet)
    const died = await livesOf(
      killed.store,
      (life) => life,
      (store) => retract(heldOf(store), wish, quiet),
    )
    expect(died).toBeGreaterThanOrEqual(50)
    expect(await bytesUnder(killed.dir)).toEqual(await bytesUnder(whole.dir))
  })
})

describe.skipIf(s3.why !== '')(`on S3${s3.why}`, { timeout: 300_000 }, () => {
  it('takes a host back, and what is left verifies', async () => {
    const store = await s3.store()
    await fillHosts(store)
    const report = await retract(heldOf(store), wish, quiet)
    expect(report).toMatchObject({ kind: 'retracted', counts: { samples: 4, pages: 2 } })
    expect(await problemsIn(store)).toEqual([])
    for (const name of ['00000.tar', 'manifest.json', '.pairmill/retracted.json'])
      expect(Buffer.from((await store.read(name, calm)) ?? []).includes(`//${badHost}`)).toBe(false)
  })

  it('does so while every third answer is lost, cut or refused', async () => {
    const store = await s3.store({ endpoint: proxy.endpoint, pace: quickPace })
    await fillHosts(store)
    const faults = ['lose-answer', 'cut-answer', 'reset'] as const
    let asked = 0
    proxy.meet(({ method }) => {
      const kind = faults[Math.floor(++asked / 3) % faults.length]
      return asked % 3 === 0 && (method === 'PUT' || method === 'GET') && kind !== undefined ? { kind } : null
    })
    expect(await retract(heldOf(store), wish, quiet)).toMatchObject({ kind: 'retracted' })
    proxy.meet(null)
    expect(await problemsIn(store)).toEqual([])
  })

  it('killed again and again while answers are lost it verifies, and the same command ends it', async () => {
    const store = await s3.store({ endpoint: proxy.endpoint, pace: quickPace })
    await fillHosts(store)
    let asked = 0
    proxy.meet(() => (++asked % 7 === 0 ? { kind: 'lose-answer' } : null))
    const died = await livesOf(
      store,
      (life) => 2 + 7 * life,
      (dying) => retract(heldOf(dying), wish, quiet),
    )
    proxy.meet(null)
    expect(died).toBeGreaterThan(3)
    expect(await problemsIn(store)).toEqual([])
    for (const name of ['00000.tar', 'manifest.json'])
      expect(Buffer.from((await store.read(name, calm)) ?? []).includes(`//${badHost}`)).toBe(false)
  })

  it('leaves a prefix alone that belongs to a run whose state is elsewhere', async () => {
    const store = await s3.store()
    await fillHosts(store)
    const owner = { v: 1, token: 'theirs', host: 'other', folder: '/state' }
    await store.putBytes('.pairmill/owner.json', Buffer.from(JSON.stringify(owner)), { ifAbsent: true }, calm)
    const settings = { endpoint: s3.server.endpoint, region: null, pathStyle: null }
    const held = await holdDataset({ place: store.url, backend: null, s3: settings }, () => {}, calm)
    expect(held).toMatchObject({ kind: 'refused', problem: 'unusable' })
    expect(held).toMatchObject({ message: expect.stringContaining('name that state with --backend') })
  })
})

describe('a folder that is held for a change', { timeout: 60_000 }, () => {
  const settings = { endpoint: null, region: null, pathStyle: null }
  const hold = (place: string) => holdDataset({ place, backend: null, s3: settings }, () => {}, calm)

  it('is held by one at a time', async () => {
    const { dir } = await dataset()
    const first = await hold(dir)
    if (first.kind === 'refused') throw new Error(first.message)
    expect(await hold(dir)).toMatchObject({ kind: 'refused', problem: 'busy' })
    await first.close()
    const second = await hold(dir)
    expect(second.kind).toBe('held')
    if (second.kind === 'held') await second.close()
  })

  it('may be a dataset that was curated, which says where it comes from afterwards, too', async () => {
    const { dir, store } = await dataset()
    const from = { sources: [], request: { top: 0.3 } }
    const curation = { v: 1, from, shards: 3 }
    await store.putBytes(curateName, Buffer.from(JSON.stringify(curation)), { ifAbsent: true }, calm)
    const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))
    await writeFile(join(dir, 'manifest.json'), JSON.stringify({ ...manifest, curated_from: from }))
    const held = await hold(dir)
    if (held.kind === 'refused') throw new Error(held.message)
    expect(await retract(held, wish, quiet)).toMatchObject({ kind: 'retracted', counts: { samples: 4 } })
    await held.close()
    expect(await readManifest(store, calm)).toMatchObject({ curated_from: from, generation: 2 })
  })

  it('is none where it is a copy, a stranger, or nothing', async () => {
    const { dir } = await dataset()
    await rm(join(dir, '.pairmill'), { recursive: true })
    expect(await hold(dir)).toMatchObject({
      problem: 'unusable',
      message: expect.stringContaining('is a copy'),
    })
    const other = await tempFolder()
    expect(await hold(other)).toMatchObject({ problem: 'unusable' })
    await writeFile(join(other, '00000.tar'), 'not ours')
    expect(await hold(other)).toMatchObject({ problem: 'unusable' })
  })

  it('is not held by the name of a database that is not there', async () => {
    const { dir } = await dataset()
    const backend = `pglite:${join(dir, 'nowhere')}`
    const held = await holdDataset({ place: dir, backend, s3: settings }, () => {}, calm)
    expect(held).toMatchObject({ problem: 'usage', message: expect.stringContaining('there is no database') })
  })

  it('is busy while a part waits for its plan', async () => {
    const { dir, store } = await dataset()
    await store.putBytes('.pairmill/parts/b7-f00d.tar', Buffer.from('images'), { ifAbsent: true }, calm)
    expect(await hold(dir)).toMatchObject({ problem: 'busy', message: expect.stringContaining('b7-f00d') })
  })

  it('is busy while a plan waits for its shards', async () => {
    const { dir } = await dataset()
    await rm(join(dir, '.pairmill/entries/00002.json'))
    expect(await hold(dir)).toMatchObject({ problem: 'busy', message: expect.stringContaining('plan 0') })
  })
})
