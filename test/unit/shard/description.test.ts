import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compileDataset,
  type DatasetInfo,
  Description,
  type Generation,
  generationName,
  generationsPrefix,
  type Manifest,
  manifestName,
  readGenerations,
  type Store,
  writeGeneration,
} from '../../../src/shard/index.js'
import { runs } from '../../fixtures/runs.js'
import { calm, datasetInfo } from '../../fixtures/shard/dataset-fixture.js'
import { commitSynthetic, memoryStore } from '../../fixtures/shard/memory-store.js'

const going: DatasetInfo = { ...datasetInfo, complete: false }
const upTo = (count: number) => Array.from({ length: count }, (_, shard) => shard)

function manifestIn(files: ReadonlyMap<string, Buffer>): Manifest {
  return JSON.parse((files.get(manifestName) ?? Buffer.from('null')).toString()) as Manifest
}

/** Shards that the generations up to a number announce, in their order. */
async function announced(store: Store, last = Number.POSITIVE_INFINITY): Promise<number[]> {
  const generations = await readGenerations(store, 1, calm)
  expect(generations.map(({ generation }) => generation)).toEqual(generations.map((_, i) => i + 1))
  return generations
    .filter(({ generation }) => generation <= last)
    .flatMap(({ added }) => (added === null ? [] : upTo(added.to + 1).slice(added.from)))
}

const textsOf = (files: ReadonlyMap<string, Buffer>) =>
  new Map([...files].map(([name, bytes]) => [name, bytes.toString()]))

const named = (manifest: Manifest) => manifest.shards.map(({ shard }) => shard)

describe('the description of a dataset', () => {
  it.each([1_000, 3_000])('of %i shards costs what is new, and is written whole', async (count) => {
    const { store, files, asked } = memoryStore()
    commitSynthetic(files, upTo(count))
    const description = new Description(store)
    await description.extend(calm)
    await description.write(going, calm)
    const whole = asked()
    expect(whole.reads.length).toBeLessThanOrEqual(count + 1)
    expect(whole.writes).toHaveLength(8 + 1)

    commitSynthetic(files, [count, count + 1])
    await description.extend(calm)
    expect([description.isBehind, description.shards]).toEqual([true, count + 2])
    const summary = await description.write(going, calm)
    const more = asked()
    expect(more.reads).toEqual([`.pairmill/entries/0${count}.json`, `.pairmill/entries/0${count + 1}.json`])
    expect(more.lists).toBe(2)
    expect(more.writes).toHaveLength(8 + 1)
    expect(files.get(generationName(2))?.length).toBeLessThan(300)

    await description.extend(calm)
    expect([description.isBehind, asked().reads]).toEqual([false, []])
    expect(summary).toMatchObject({ shards: count + 2, samples: 100 * (count + 2), rows: 300 * (count + 2) })
  })

  it('that grew with its shards is that of one who reads them all, to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(upTo(24), { minLength: 24 }),
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }),
        async (order, steps) => {
          const { store, files } = memoryStore()
          const description = new Description(store)
          let at = 0
          for (const step of steps) {
            commitSynthetic(files, order.slice(at, at + step))
            at += step
            await description.extend(calm)
            await description.write(going, calm)
            const manifest = manifestIn(files)
            const committed = order.slice(0, at).sort((a, b) => a - b)
            expect(named(manifest)).toEqual(committed)
            expect((await announced(store)).sort((a, b) => a - b)).toEqual(committed)
            expect(generationName(manifest.generation)).toBe(
              [...files.keys()].filter((name) => name.startsWith(generationsPrefix)).at(-1),
            )
          }
          const grown = textsOf(files)
          await compileDataset(store, going, calm)
          expect(textsOf(files)).toEqual(grown)
        },
      ),
      { numRuns: runs.file },
    )
  })

  it('written twice at the end has the same bytes, and no generation more', async () => {
    const { store, files } = memoryStore()
    commitSynthetic(files, upTo(5))
    await compileDataset(store, datasetInfo, calm)
    const once = textsOf(files)
    await compileDataset(store, datasetInfo, calm)
    expect(textsOf(files)).toEqual(once)
    expect(manifestIn(files)).toMatchObject({ complete: true, generation: 1 })
  })

  it('of nothing has no generation', async () => {
    const { store, files } = memoryStore()
    await compileDataset(store, datasetInfo, calm)
    expect(manifestIn(files)).toMatchObject({ generation: 0, shards: [] })
    expect(await readGenerations(store, 1, calm)).toEqual([])
  })

  it('names the command, and when its shards were planned', async () => {
    const { store, files } = memoryStore()
    commitSynthetic(files, upTo(5))
    await compileDataset(store, { ...datasetInfo, command: 'images' }, calm)
    expect(await readGenerations(store, 1, calm)).toEqual([
      {
        ...{ v: 1, generation: 1, at: '2026-01-01T00:01:00.000Z', command: 'images', reason: null },
        ...{ added: { from: 0, to: 4 }, rewritten: [], files: [] },
      },
    ])
  })

  it('can lag behind shards that are announced, before somebody changes the dataset', async () => {
    const { store, files, asked } = memoryStore()
    expect(await new Description(store).announce('run', calm)).toBe(0)
    commitSynthetic(files, [0, 1])
    await compileDataset(store, going, calm)
    commitSynthetic(files, [2, 4])
    asked()
    expect(await new Description(store).announce('run', calm)).toBe(3)
    expect(asked().writes).toEqual([generationName(2), generationName(3)])
    expect(await announced(store)).toEqual([0, 1, 2, 4])
  })

  it('of an earlier version counts from 1, with all the shards that are there', async () => {
    const { store, files } = memoryStore()
    commitSynthetic(files, upTo(3))
    await compileDataset(store, datasetInfo, calm)
    const { generation: _, ...older } = manifestIn(files)
    files.set(manifestName, Buffer.from(JSON.stringify(older)))
    files.delete(generationName(1))
    const description = new Description(store)
    await description.extend(calm)
    expect(description.isBehind).toBe(false)
    commitSynthetic(files, [3])
    await description.extend(calm)
    await description.write(going, calm)
    expect(manifestIn(files).generation).toBe(1)
    expect(await announced(store)).toEqual([0, 1, 2, 3])
  })
})

describe('a process that describes a dataset', () => {
  it('can be killed at any write: the next one goes on, and each shard is announced once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(upTo(12), { minLength: 12 }),
        fc.array(fc.record({ shards: fc.integer({ min: 0, max: 4 }), puts: fc.nat(12) }), { maxLength: 12 }),
        async (order, lives) => {
          const { store, files, failAfter } = memoryStore()
          let at = 0
          for (const { shards, puts } of lives) {
            commitSynthetic(files, order.slice(at, at + shards))
            at += shards
            failAfter(puts)
            await compileDataset(store, going, calm).catch(() => null)
            failAfter(Number.POSITIVE_INFINITY)
            const manifest = manifestIn(files) ?? { generation: 0, shards: [] }
            expect((await announced(store, manifest.generation)).sort((a, b) => a - b)).toEqual(
              named(manifest),
            )
          }
          commitSynthetic(files, order)
          await compileDataset(store, datasetInfo, calm)
          expect((await announced(store)).sort((a, b) => a - b)).toEqual(upTo(12))
          expect(manifestIn(files).generation).toBe((await readGenerations(store, 1, calm)).length)
        },
      ),
      { numRuns: runs.file },
    )
  })

  it('reads all anew where another one took its number', async () => {
    const { store, files } = memoryStore()
    commitSynthetic(files, [0, 1])
    const one = new Description(store)
    await one.extend(calm)
    commitSynthetic(files, [2])
    await compileDataset(store, going, calm)
    await one.write(going, calm)
    expect(named(manifestIn(files))).toEqual([0, 1, 2])
    expect(await announced(store)).toEqual([0, 1, 2])
    expect(manifestIn(files).generation).toBe(1)
  })

  it('leaves a dataset alone whose files somebody is rewriting, and says who ends that', async () => {
    const { store, files, asked } = memoryStore()
    commitSynthetic(files, upTo(3))
    await compileDataset(store, datasetInfo, calm)
    const before = { size: 1_001, sha256: 'aa' }
    const change: Generation = {
      ...{ v: 1, generation: 2, at: '2026-01-02T03:04:05.000Z', command: 'retract', reason: 'asked to' },
      ...{ added: null, rewritten: [{ shard: 1, taken: [4] }] },
      files: [{ name: '00001.tar', before, after: { size: 900, sha256: 'bb' } }],
    }
    await writeGeneration(store, change, calm)
    asked()
    await expect(compileDataset(store, going, calm)).rejects.toThrow(
      'memory: generation 2, retract (asked to), is under way: the same command ends it',
    )
    expect(asked().writes).toEqual([])
  })
})
