import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  keyOf,
  readEntries,
  rewriteShard,
  type ShardEntry,
  type Store,
  stemOf,
} from '../../../../src/shard/index.js'
import { npyHeader } from '../../../../src/shard/npy.js'
import { ParquetFile } from '../../../../src/shard/parquet.js'
import { readParquet, readTable } from '../../../../src/shard/parquet-reader.js'
import { rewriteNpy } from '../../../../src/shard/rewrite/npy.js'
import { rewriteParquet } from '../../../../src/shard/rewrite/parquet.js'
import { takenWith } from '../../../../src/shard/rewrite/shard.js'
import { writeSummed } from '../../../../src/shard/summed-file.js'
import { hostsDataset } from '../../../fixtures/retract/hosts-dataset.js'
import { runs } from '../../../fixtures/runs.js'
import { calm, sha256, tempFolder } from '../../../fixtures/shard/dataset-fixture.js'

let folder = ''
let store: Store
let entries: ShardEntry[]
async function fresh(): Promise<void> {
  folder = await tempFolder()
  store = await hostsDataset(join(folder, 'set'))
  entries = await readEntries(store, calm)
}

describe('a shard that is built anew', () => {
  it('has the same bytes where nothing goes', async () => {
    await fresh()
    for (const entry of entries) {
      const names = new Set(entry.files.map(({ name }) => name))
      const { entry: next, built } = await rewriteShard(
        store,
        entry,
        { gone: new Set(), retouch: (row) => row, names },
        calm,
      )
      expect(next).toEqual(entry)
      for (const { name, path } of built.slice(0, -1))
        expect([name, sha256(await readFile(path))]).toEqual([
          name,
          sha256(await readFile(join(folder, 'set', name))),
        ])
    }
  })

  it('has the same bytes whichever of its files were stored already', async () => {
    await fresh()
    const [entry] = entries
    if (entry === undefined) throw new Error('no shard')
    const gone = new Set([0, 2].map((slot) => keyOf(entry.shard ?? 0, slot, entry.shardSize)))
    const change = {
      gone,
      retouch: <Row>(row: Row) => row,
      names: new Set(entry.files.map(({ name }) => name)),
    }
    const first = await rewriteShard(store, entry, change, calm)
    expect(first.entry).toMatchObject({ samples: entry.samples - 2, taken: [0, 2], rows: entry.rows - 2 })
    const sums = first.built.map(({ sums }) => sums.sha256)
    for (const [stored, { name, path }] of first.built.entries()) {
      await copyFile(path, join(folder, 'set', name))
      const now = (await readEntries(store, calm)).find((one) => stemOf(one) === stemOf(entry))
      if (now === undefined) throw new Error('its entry is gone')
      const again = await rewriteShard(store, now, change, calm)
      expect([stored, again.built.map(({ sums }) => sums.sha256)]).toEqual([stored, sums])
    }
  })

  it('never gives a slot again: what is taken grows, in order, and a key of another shard is a bug', () => {
    const slots = fc.uniqueArray(fc.nat(99), { maxLength: 20 })
    fc.assert(
      fc.property(slots, slots, (before, more) => {
        const taken = before.toSorted((a, b) => a - b)
        const gone = new Set(more.map((slot) => keyOf(7, slot, 100)))
        const next = takenWith({ shard: 7, shardSize: 100, taken }, gone)
        expect(next).toEqual([...new Set([...before, ...more])].sort((a, b) => a - b))
        expect(takenWith({ shard: 7, shardSize: 100, taken: next }, gone)).toEqual(next)
      }),
      { numRuns: runs.line },
    )
    expect(() => takenWith({ shard: 7, shardSize: 100, taken: [] }, new Set([keyOf(8, 1, 100)]))).toThrow(
      'no key',
    )
  })
})

describe('a parquet file that is written anew', () => {
  it('keeps a schema that this version would not write', async () => {
    const dir = await tempFolder()
    const early = {
      ...{ name: 'early', version: 1 },
      fields: [
        ['url', 'string'],
        ['captions', 'string'],
        ['width', 'int'],
        ['score', 'double'],
        ['when', 'time'],
        ['tags', { list: 'string' }],
        [
          'by',
          {
            struct: [
              ['rule', 'string'],
              ['checked_at', 'time'],
            ],
          },
        ],
      ],
    } as const
    const file = await ParquetFile.create(join(dir, 'a.parquet'), early)
    const nothing = { url: null, captions: null, width: null, score: null, when: null, tags: null, by: null }
    const rows = [
      {
        ...nothing,
        url: 'one',
        captions: '[{"source":"alt"}]',
        width: 3,
        score: 0.1,
        when: '2024-05-01T10:00:00.000Z',
      },
      { ...nothing, url: 'two', tags: [], by: { rule: null, checked_at: null } },
      {
        ...nothing,
        url: 'three',
        tags: ['a', 'b'],
        by: { rule: 'robots', checked_at: '2024-05-01T10:00:00.000Z' },
      },
    ]
    for (const row of rows) await file.append(row)
    await file.finish()
    expect(await readTable(join(dir, 'a.parquet'))).toEqual(early)
    const all = await rewriteParquet(join(dir, 'a.parquet'), join(dir, 'b.parquet'), (row) => row, calm)
    expect(all.sha256).toBe(sha256(await readFile(join(dir, 'a.parquet'))))
    await rewriteParquet(
      join(dir, 'a.parquet'),
      join(dir, 'c.parquet'),
      (row) => (row.url === 'two' ? null : row),
      calm,
    )
    const left = []
    for await (const { url } of readParquet(join(dir, 'c.parquet'), ['url'])) left.push(url)
    expect(left).toEqual(['one', 'three'])
    await rewriteParquet(join(dir, 'a.parquet'), join(dir, 'd.parquet'), () => null, calm)
    expect(await readTable(join(dir, 'd.parquet'))).toEqual(early)
    for await (const row of readParquet(join(dir, 'd.parquet'), ['url'])) expect(row).toBe('none')
  })
})

describe('a matrix that is written anew', () => {
  it('has its other rows, in order', async () => {
    const rows = fc.array(fc.uint8Array({ minLength: 6, maxLength: 6 }), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(rows, fc.uniqueArray(fc.nat(11)), async (all, some) => {
        const dir = await tempFolder()
        const gone = new Set(some.filter((place) => place < all.length))
        const source = join(dir, 'a.npy')
        await writeSummed(source, Buffer.concat([npyHeader(all.length, 3), ...all]))
        await rewriteNpy(source, join(dir, 'b.npy'), () => gone, calm)
        const left = all.filter((_, place) => !gone.has(place))
        expect(await readFile(join(dir, 'b.npy'))).toEqual(
          Buffer.concat([npyHeader(left.length, 3), ...left]),
        )
      }),
      { numRuns: runs.file },
    )
  })
})
