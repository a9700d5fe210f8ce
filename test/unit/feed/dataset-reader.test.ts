import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  alone,
  BrokenSample,
  DatasetReader,
  DatasetUnusable,
  type FeedPlace,
  type FeedSample,
  folderPlace,
  liveOf,
  type ReaderOptions,
  readCatalog,
} from '../../../src/feed/index.js'
import {
  compileDataset,
  executePlan,
  folderStore,
  readShard,
  writeGeneration,
} from '../../../src/shard/index.js'
import { runs } from '../../fixtures/runs.js'
import { calm, datasetInfo, planOf, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const whole: ReaderOptions = {
  ...{ seed: 's', epoch: 0, windowShards: 2, reader: alone, caption: 'best', state: null },
  ...{ follow: true, readsAtOnce: 4, onBroken: null },
}

/** A dataset of five shards, and its pairs in the order of the tars. */
async function dataset() {
  const dir = await tempFolder()
  const store = folderStore(dir)
  await executePlan(
    { store },
    { ...(await planOf(store, [{ kept: 43, rejected: 3 }])), shards: 5 },
    () => {},
    calm,
  )
  await compileDataset(store, datasetInfo, calm)
  const pairs = new Map<string, { jpg: string; txt: string }>()
  for (let shard = 0; shard < 5; shard++)
    for await (const { key, files } of readShard(join(dir, `0000${shard}.tar`)))
      pairs.set(key, { jpg: hex(files.get('jpg')!), txt: Buffer.from(files.get('txt')!).toString() })
  const place = folderPlace(dir)
  onTestFinished(() => place.close())
  return { dir, store, pairs, place }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

async function readerOf(place: FeedPlace, options: Partial<ReaderOptions> = {}, now = () => 0) {
  const catalog = await readCatalog(place, calm)
  const source = { place, catalog, live: liveOf(catalog), weight: null }
  return new DatasetReader([source], { ...whole, ...options }, now)
}

async function all(reader: DatasetReader, most = Number.POSITIVE_INFINITY): Promise<FeedSample[]> {
  const read: FeedSample[] = []
  if (most === 0) return read
  for await (const sample of reader.samples(calm)) {
    read.push(sample)
    if (read.length === most) break
  }
  return read
}

const keysOf = (samples: readonly FeedSample[]) => samples.map(({ key }) => key)

describe('a reader of a dataset', () => {
  it('gives every pair of an epoch once, with its picture, its caption and its record', async () => {
    const { pairs, place } = await dataset()
    const reader = await readerOf(place)
    const read = await all(reader)
    expect(keysOf(read).toSorted()).toEqual([...pairs.keys()])
    for (const { key, image, caption, record } of read) {
      expect({ jpg: hex(image.bytes), txt: caption }).toEqual(pairs.get(key))
      expect([record.key, image.format]).toEqual([key, 'jpg'])
    }
    expect(keysOf(read)).not.toEqual([...pairs.keys()])
    expect(reader.state()).toMatchObject({ epoch: 1, place: 0 })
  })

  it('goes on from its state, with as many ranks as there are then', async () => {
    const { place, pairs } = await dataset()
    const order = keysOf(await all(await readerOf(place)))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(1, 2, 3, 4),
        fc.constantFrom(1, 2, 3, 5),
        fc.nat(8),
        async (before, after, steps) => {
          const first = await Promise.all(
            Array.from({ length: before }, (_, rank) =>
              readerOf(place, { reader: { ...alone, rank, world: before } }),
            ),
          )
          const given = (await Promise.all(first.map((reader) => all(reader, steps)))).flat()
          const states = first.map((reader) => reader.state())
          for (const state of states) expect(state).toEqual(states[0])
          const rest = await Promise.all(
            Array.from({ length: after }, async (_, rank) =>
              all(
                await readerOf(place, {
                  // Another seed: the state has its own.
                  ...{ seed: 'other', reader: { ...alone, rank, world: after } },
                  state: JSON.parse(JSON.stringify(states[0])),
                }),
              ),
            ),
          )
          expect(keysOf(given).toSorted()).toEqual(order.slice(0, before * steps).toSorted())
          expect(keysOf([...given, ...rest.flat()]).toSorted()).toEqual([...pairs.keys()])
        },
      ),
      { numRuns: runs.plan },
    )
  })

  it('goes on where it was left when it is asked again', async () => {
    const { place, pairs } = await dataset()
    const reader = await readerOf(place)
    const read = [...(await all(reader, 7)), ...(await all(reader, 1)), ...(await all(reader))]
    expect(keysOf(read).toSorted()).toEqual([...pairs.keys()])
    expect(keysOf(read)).toEqual(keysOf(await all(await readerOf(place))))
  })

  it('has its first sample by three reads, and four kilobytes beside it', async () => {
    const { place } = await dataset()
    const reads: [string, number][] = []
    const counted: FeedPlace = {
      ...place,
      async read(name, signal) {
        reads.push([name, 0])
        return await place.read(name, signal)
      },
      async readRange(name, range, signal) {
        reads.push([name, range.size])
        return await place.readRange(name, range, signal)
      },
    }
    for await (const sample of (await readerOf(counted, { readsAtOnce: 32 })).samples(calm)) {
      expect(reads.map(([name]) => name)).toEqual([
        'manifest.json',
        `${sample.key.slice(0, 5)}.tar.idx`,
        `${sample.key.slice(0, 5)}.tar`,
      ])
      expect(reads[1]?.[1]).toBeLessThan(4_200)
      break
    }
  })

  it('leaves out what is taken back meanwhile, from the next look on', async () => {
    const { place, store, pairs } = await dataset()
    const order = keysOf(await all(await readerOf(place)))
    let nowMs = 0
    const reader = await readerOf(place, { readsAtOnce: 1 }, () => nowMs)
    const read: string[] = []
    const gone = order[20] ?? ''
    for await (const { key } of reader.samples(calm)) {
      read.push(key)
      if (read.length !== 10) continue
      const rewritten = [{ shard: Number(gone.slice(0, 5)), taken: [Number(gone.slice(5))] }]
      const { generation } = await readCatalog(place, calm)
      const isWritten = await writeGeneration(
        store,
        {
          ...{
            v: 1,
            generation: generation + 1,
            at: '2024-05-01T00:00:00.000Z',
            command: 'retract',
            reason: null,
          },
          ...{ added: null, rewritten, files: [] },
        },
        calm,
      )
      expect(isWritten).toBe(true)
      nowMs = 10_000
    }
    expect(read).toEqual(order.filter((key) => key !== gone))
    expect(read).toHaveLength(pairs.size - 1)
  })

  it('ends with a sample that cannot be read, by its name, or goes on without it where it is to', async () => {
    const { place, dir, pairs } = await dataset()
    const tar = join(dir, '00002.tar')
    const bytes = await readFile(tar)
    bytes.fill(0x78, 0, 100)
    await writeFile(tar, bytes)
    const [broken = ''] = [...pairs.keys()].filter((key) => key.startsWith('00002'))
    await expect(all(await readerOf(place))).rejects.toThrow(BrokenSample)
    await expect(all(await readerOf(place))).rejects.toThrow(
      `00002.tar: ${broken} cannot be read: tar header`,
    )
    const told: string[] = []
    const read = await all(await readerOf(place, { onBroken: (message) => told.push(message) }))
    expect(told).toEqual([expect.stringContaining(broken)])
    expect(keysOf(read).toSorted()).toEqual([...pairs.keys()].filter((key) => key !== broken))
  })

  it('gives the caption of the first source that a pair has, and else the best', async () => {
    const { place, pairs } = await dataset()
    const [sample] = await all(await readerOf(place, { caption: ['figcaption', 'alt'] }), 1)
    expect(sample?.caption).toBe(pairs.get(sample?.key ?? '')?.txt)
    const [other] = await all(await readerOf(place, { caption: ['figcaption'] }), 1)
    expect(other?.caption).toBe(sample?.caption)
  })

  it('says of a folder that it holds no dataset', async () => {
    await expect(readerOf(folderPlace(await tempFolder()))).rejects.toThrow(DatasetUnusable)
  })
})
