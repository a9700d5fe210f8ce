import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  compileDataset,
  executePlan,
  folderStore,
  readPair,
  readShard,
  type Store,
  type StoredPair,
  UnreadableDataset,
} from '../../../src/shard/index.js'
import { writeOldShard } from '../../fixtures/query/datasets.js'
import { calm, datasetInfo, planOf, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

async function dataset() {
  const dir = await tempFolder()
  const store = folderStore(dir)
  await executePlan({ store }, await planOf(store, [{ kept: 14, rejected: 5 }]), () => {}, calm)
  return { dir, store }
}

/** Every sample of its shards, as it stands in the tars. */
async function samplesIn(dir: string, shards: readonly string[]) {
  const samples = []
  for (const shard of shards) {
    for await (const { key, files } of readShard(join(dir, `${shard}.tar`))) samples.push({ key, files })
  }
  return samples
}

async function pairOf(store: Store, name: string): Promise<StoredPair> {
  const answer = await readPair(store, name, calm)
  if (answer.kind !== 'pair') throw new Error(`${name}: ${answer.kind}`)
  return answer
}

/** Changes the entry of a shard. */
async function rewriteEntry(dir: string, shard: string, change: (entry: Record<string, unknown>) => object) {
  const path = join(dir, `.pairmill/entries/${shard}.json`)
  const entry = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  await writeFile(path, JSON.stringify({ ...entry, ...change(entry) }))
}

describe('a pair of a dataset', () => {
  it('is found by its key and by its uid, as it stands in the tar', async () => {
    const { dir, store } = await dataset()
    const samples = await samplesIn(dir, ['00000', '00001'])
    expect(samples).toHaveLength(14)
    for (const { key, files } of samples) {
      const record = JSON.parse(Buffer.from(files.get('json')!).toString()) as { uid: string }
      const byKey = await pairOf(store, key)
      expect(byKey).toMatchObject({ kind: 'pair', key, shard: Number(key.slice(0, 5)), record })
      expect(byKey.picture.format).toBe('jpg')
      expect(Buffer.from(byKey.picture.bytes).equals(files.get('jpg')!)).toBe(true)
      expect(await pairOf(store, record.uid.toUpperCase())).toEqual(byKey)
    }
  })

  it('is one read of its own bytes', async () => {
    const { store } = await dataset()
    const reads: string[] = []
    const watched: Store = {
      ...store,
      readRange: (name, range, signal) => {
        reads.push(`${name} ${range.size}`)
        return store.readRange(name, range, signal)
      },
      localCopy: () => Promise.reject(new Error('a whole file is fetched')),
    }
    const { picture } = await pairOf(watched, '000003')
    expect(reads).toEqual(['00000.tar.idx 16', expect.stringMatching(/^00000\.tar \d+$/)])
    const bytes = Number(reads[1]!.split(' ')[1])
    expect(bytes).toBeGreaterThan(picture.bytes.length)
    expect(bytes).toBeLessThan(picture.bytes.length + 8192)
  })

  it('is found in a tar without an index, and in a copy without .pairmill', async () => {
    const { dir, store } = await dataset()
    const expected = await pairOf(store, '000012')
    await compileDataset(store, datasetInfo, calm)
    await rm(join(dir, '.pairmill'), { recursive: true })
    expect(await pairOf(store, '000012')).toEqual(expected)
    expect(await pairOf(store, String(expected.record.uid))).toEqual(expected)

    const old = await dataset()
    await rewriteEntry(old.dir, '00001', ({ files }) => ({
      files: (files as { name: string }[]).filter(({ name }) => !name.endsWith('.idx')),
    }))
    expect(await pairOf(old.store, '000012')).toEqual(expected)
  })

  it('whose slot was taken back is told as that, and those behind it are found', async () => {
    const { dir, store } = await dataset()
    const [, second] = await samplesIn(dir, ['00000'])
    // As if the first slot had been taken back before the shard was written anew: its samples have the keys from 1 on.
    await rewriteEntry(dir, '00000', () => ({ taken: [0] }))
    expect(await readPair(store, '000000', calm)).toEqual({ kind: 'taken', key: '000000' })
    // The sample in the first place is that of key 1 now; the fixture's tar still has it by its old name.
    await expect(readPair(store, '000001', calm)).rejects.toThrow(/something else/)
    expect(second?.key).toBe('000001')
  })

  it.each([
    ['000009', /shard 00000 has no such key: its last one is 000006/],
    ['000020', /there is no shard 00002/],
    ['12', /a key has at least 6 digits, such as 000000, and a uid 32 hex digits/],
    ['../../x', /a key has at least/],
    ['ab'.repeat(16), /no pair has this uid/],
  ])('%s is not there, and why is said', async (name, why) => {
    const { store } = await dataset()
    expect(await readPair(store, name, calm)).toEqual({ kind: 'absent', why: expect.stringMatching(why) })
  })

  it('is not there where nothing is committed', async () => {
    const store = folderStore(await tempFolder())
    expect(await readPair(store, '000000', calm)).toMatchObject({ kind: 'absent' })
  })

  it('has no uid in a dataset of version 1', async () => {
    const dir = await tempFolder()
    const row = { caption: 'c', url: 'http://a.test/1.jpg', key: '000000', status: 'success', captions: [] }
    await writeOldShard(dir, 0, [row])
    expect(await readPair(folderStore(dir), 'ab'.repeat(16), calm)).toMatchObject({ kind: 'absent' })
  })

  it('of a broken tar or index is an unreadable dataset, by name', async () => {
    const { dir, store } = await dataset()
    await truncate(join(dir, '00000.tar'), 700)
    await expect(readPair(store, '000003', calm)).rejects.toThrow(UnreadableDataset)
    await truncate(join(dir, '00001.tar.idx'), 3)
    await expect(readPair(store, '000013', calm)).rejects.toThrow(/00001\.tar\.idx does not say where/)
    await rm(join(dir, '00000.tar'))
    await expect(readPair(store, '000003', calm)).rejects.toThrow(/00000\.tar is missing/)
  })
})
