import { readFile, rm, writeFile } from 'node:fs/promises'
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
  readState,
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
  ...{ follow: true, readsAtOnce: 4, bufferBytes: 2 ** 28, onBroken: null },
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

  it('reads each tar of a store once where it wants most of it and has the memory, and gives the same', async () => {
    const { place } = await dataset()
    const order = keysOf(await all(await readerOf(place, { bufferBytes: 0 })))
    const reads: string[] = []
    const counted: FeedPlace = {
      ...place,
      isNear: false,
      async readRange(name, range, signal) {
        if (name.endsWith('.tar')) reads.push(name)
        return await place.readRange(name, range, signal)
      },
    }
    expect(keysOf(await all(await readerOf(counted)))).toEqual(order)
    // The first sample does not wait for its tar.
    const first = `${order[0]?.slice(0, 5)}.tar`
    const tars = [0, 1, 2, 3, 4].map((shard) => `0000${shard}.tar`)
    expect(reads[0]).toBe(first)
    expect(reads.toSorted()).toEqual([...tars, first].toSorted())
    reads.length = 0
    const third = { ...alone, rank: 1, world: 3 }
    const read = keysOf(await all(await readerOf(counted, { reader: third })))
    expect(read).toEqual(order.filter((_, turn) => turn % 3 === 1))
    expect(reads.length).toBe(read.length)
  })

  it('mixes datasets that have the same keys, and goes on from its state with other ranks', async () => {
    const [one, other] = [await dataset(), await dataset()]
    const sourcesOf = async (weights: readonly (number | null)[]) =>
      await Promise.all(
        [one, other].map(async ({ place }, i) => {
          const catalog = await readCatalog(place, calm)
          return { place, catalog, live: liveOf(catalog), weight: weights[i] ?? null }
        }),
      )
    const named = (samples: readonly FeedSample[]) => samples.map(({ source, key }) => `${source}:${key}`)
    const each = [...one.pairs.keys()].flatMap((key) => [`0:${key}`, `1:${key}`])
    const everything = named(await all(new DatasetReader(await sourcesOf([]), whole, () => 0)))
    expect(everything.toSorted()).toEqual(each.toSorted())
    for (const weights of [[], [0.2, 0.8]]) {
      const order = named(await all(new DatasetReader(await sourcesOf(weights), whole, () => 0)))
      const ranks = async (world: number, most: number, state: ReaderOptions['state']) => {
        const readers = await Promise.all(
          Array.from({ length: world }, async (_, rank) => {
            const options = { ...whole, state, reader: { ...alone, rank, world } }
            return new DatasetReader(await sourcesOf(weights), options, () => 0)
          }),
        )
        const read = (await Promise.all(readers.map((reader) => all(reader, most)))).flat()
        return { read: named(read), state: readers[0]!.state() }
      }
      const before = await ranks(3, 9, null)
      expect(before.read.toSorted()).toEqual(order.slice(0, 27).toSorted())
      const rest = await ranks(4, Number.POSITIVE_INFINITY, JSON.parse(JSON.stringify(before.state)))
      expect([...before.read, ...rest.read].toSorted()).toEqual(order.toSorted())
      const share = order.filter((name) => name.startsWith('1')).length / order.length
      expect(share).toBeCloseTo(weights[1] ?? 0.5, 1)
    }
  })

  it('refuses the state of a job with other datasets', async () => {
    const { place } = await dataset()
    const reader = await readerOf(place)
    await all(reader, 3)
    const state = reader.state()
    const two = { ...state, sources: [...state.sources, { shards: 1, windowShards: 1, place: 0 }] }
    await expect(readerOf(place, { state: two })).rejects.toThrow('another number of datasets (2, not 1)')
    const more = { ...state, sources: [{ ...state.sources[0]!, shards: 99 }] }
    await expect(readerOf(place, { state: more })).rejects.toThrow('knows 99 shards of dataset 0')
    expect(readState(JSON.stringify(state))).toEqual(state)
    expect(readState({ ...state, v: 1 })).toEqual({ problem: expect.stringContaining('v: 1') })
    expect(readState({ ...state, place: 9 })).toEqual({ problem: expect.stringContaining('add up') })
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

  it.each([0, 2 ** 28])(
    'names a shard of which nothing can be read, once; %d bytes of memory',
    async (bufferBytes) => {
      const { place, dir, pairs } = await dataset()
      await rm(join(dir, '00003.tar'))
      await writeFile(join(dir, '00001.tar.idx'), 'no index')
      const options = { bufferBytes, readsAtOnce: 4 }
      await expect(all(await readerOf(place, options))).rejects.toThrow(/0000[13].tar cannot be read: /)
      const told: string[] = []
      const read = await all(await readerOf(place, { ...options, onBroken: (message) => told.push(message) }))
      expect(told.toSorted()).toEqual([
        '00001.tar cannot be read: 00001.tar.idx is no index',
        '00003.tar cannot be read: there is no such file',
      ])
      expect(keysOf(read).toSorted()).toEqual([...pairs.keys()].filter((key) => !/^0000[13]/.test(key)))
    },
  )

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
