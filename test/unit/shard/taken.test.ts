import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ShardEntry } from '../../../src/shard/entry.js'
import {
  compileDataset,
  folderStore,
  keyOf,
  readShard,
  type Store,
  verifyDataset,
} from '../../../src/shard/index.js'
import { keysOf } from '../../../src/shard/verify-shard.js'
import { runs } from '../../fixtures/runs.js'
import { calm, datasetInfo, tempFolder } from '../../fixtures/shard/dataset-fixture.js'
import { syntheticEntry } from '../../fixtures/shard/memory-store.js'
import { commitEntry, writeHoledShard } from '../../fixtures/shard/taken-back.js'

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)
/** Some of so many slots, ascending. */
const taken = (slots: number) => fc.subarray(upTo(slots))
const holed = fc
  .integer({ min: 1, max: 8 })
  .chain((slots) => fc.record({ slots: fc.constant(slots), taken: taken(slots) }))

const problemsOf = async (store: Store) =>
  (await verifyDataset(store, () => {}, calm)).problems
    // The records of the changes are not made here.
    .filter(({ message }) => !message.startsWith('has other shards than the generations'))
    .map(({ file, message }) => `${file ?? 'dataset'} ${message}`)

const keysIn = async (path: string) => {
  const keys: string[] = []
  for await (const { key } of readShard(path)) keys.push(key)
  return keys
}

async function described(store: Store, ...entries: readonly ShardEntry[]): Promise<void> {
  for (const entry of entries) await commitEntry(store, entry)
  await compileDataset(store, datasetInfo, calm)
}

describe('keys of a shard of which slots were taken back', () => {
  it('ascend, and miss exactly those', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 100 })
          .chain((slots) => fc.record({ slots: fc.constant(slots), taken: taken(slots) })),
        ({ slots, taken }) => {
          const samples = slots - taken.length
          const keyAt = keysOf(syntheticEntry(3, { samples, taken }))
          const left = upTo(slots).filter((slot) => !taken.includes(slot))
          expect(upTo(samples).map(keyAt)).toEqual(left.map((slot) => keyOf(3, slot, 100)))
        },
      ),
      { numRuns: runs.text },
    )
  })

  it('are those in the tar, or verification fails', async () => {
    const dir = await tempFolder()
    let tries = 0
    await fc.assert(
      fc.asyncProperty(holed, fc.infiniteStream(fc.nat(9)), async ({ slots, taken }, others) => {
        const place = join(dir, String(tries++))
        await mkdir(place)
        const store = folderStore(place)
        const entry = await writeHoledShard(store, 0, slots, taken)
        await described(store, entry)
        expect(await problemsOf(store)).toEqual([])
        const left = upTo(slots).filter((slot) => !taken.includes(slot))
        expect(await keysIn(join(place, '00000.tar'))).toEqual(left.map((slot) => keyOf(0, slot, 100)))

        const other = [...new Set(others.take(3))].sort((a, b) => a - b)
        fc.pre(String(other) !== String(taken))
        await described(store, { ...entry, taken: other })
        const told = await problemsOf(store)
        // Whichever slots behind its last sample were taken, its keys are the same.
        const behind = (slots: readonly number[]) => slots.filter((slot) => slot < (left.at(-1) ?? 0))
        const isSame = String(behind(other)) === String(behind(taken))
        if (!isSame) expect(told).not.toEqual([])
      }),
      { numRuns: runs.plan },
    )
  })
})

describe('a shard of which all was taken back', () => {
  const emptied = async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    await writeHoledShard(store, 0, 3, [])
    const empty = await writeHoledShard(store, 1, 3, [0, 1, 2])
    await writeHoledShard(store, 2, 2, [1])
    await described(store)
    const json = async (name: string) => JSON.parse(await readFile(join(dir, name), 'utf8')) as unknown
    return { dir, store, empty, json }
  }

  it('stays as an empty tar, whose index is its end', async () => {
    const { dir, store } = await emptied()
    expect(await problemsOf(store)).toEqual([])
    expect(await readFile(join(dir, '00001.tar'))).toEqual(Buffer.alloc(1_024))
    expect(await readFile(join(dir, '00001.tar.idx'))).toEqual(Buffer.alloc(8))
    expect(await keysIn(join(dir, '00001.tar'))).toEqual([])
  })

  it('is counted with 0, and is in no list of what to load', async () => {
    const { json } = await emptied()
    expect(await json('sizes.json')).toEqual({ '00000.tar': 3, '00001.tar': 0, '00002.tar': 1 })
    expect(await json('index.json')).toMatchObject({
      shardlist: [{ url: '00000.tar' }, { url: '00002.tar' }],
    })
    expect(await json('.nv-meta/.info.json')).toMatchObject({
      shard_counts: { '00000.tar': 3, '00002.tar': 1 },
    })
    expect(await json('.nv-meta/split.yaml')).toMatchObject({
      split_parts: { train: ['00000.tar', '00002.tar'] },
    })
    expect(await json('manifest.json')).toMatchObject({
      samples: 4,
      shards: [{ shard: 0 }, { shard: 1, samples: 0, taken: [0, 1, 2] }, { shard: 2, taken: [1] }],
    })
  })

  it('is read as a copy without .pairmill/, too', async () => {
    const { dir, store } = await emptied()
    await rm(join(dir, '.pairmill'), { recursive: true })
    expect(await verifyDataset(store, () => {}, calm)).toMatchObject({
      problems: [],
      shards: 3,
      isCopy: true,
    })
  })

  it('fails where its entry says of no slot that it was taken', async () => {
    const { store, empty } = await emptied()
    await described(store, { ...empty, taken: [] })
    expect(await problemsOf(store)).toEqual([
      'dataset has no sample, and its entry says of none that it was taken back',
    ])
  })

  it('fails where its entry says that it has samples', async () => {
    const { store, empty } = await emptied()
    await described(store, { ...empty, samples: 3, taken: [] })
    expect(await problemsOf(store)).toContain('00001.tar has 0 samples, its entry says 3')
  })
})

describe('slots that were taken back', () => {
  it.each([
    ['twice', [1, 1]],
    ['in another order', [2, 0]],
    ['that the shard never had', [0, 7]],
  ])('fail %s', async (_, taken) => {
    const store = folderStore(await tempFolder())
    const entry = await writeHoledShard(store, 0, 4, [0, 2])
    await described(store, { ...entry, taken })
    expect(await problemsOf(store)).toContain(
      'dataset its entry takes back slots that are not ascending ones of 4',
    )
  })
})
