import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  acceptable,
  changeUnderWay,
  descriptionFiles,
  folderStore,
  type Generation,
  generationName,
  readGeneration,
  readGenerations,
  type Store,
  summarise,
  writeGeneration,
} from '../../../src/shard/index.js'
import { calm, datasetInfo } from '../../fixtures/shard/dataset-fixture.js'

const added = (generation: number): Generation => ({
  ...{ v: 1, generation, at: '2026-01-02T03:04:05.000Z', command: 'run', reason: null },
  ...{ added: { from: generation - 1, to: generation - 1 }, rewritten: [], files: [] },
})

let dir: string
let store: Store
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pairmill-generation-'))
  store = folderStore(dir)
})
afterEach(() => rm(dir, { recursive: true }))

describe('a generation', () => {
  it('is some hundred bytes, and is read as it was written', async () => {
    expect(await writeGeneration(store, added(1), calm)).toBe(true)
    expect(await readGeneration(store, 1, calm)).toEqual(added(1))
    expect((await store.read(generationName(1), calm))?.length).toBeLessThan(300)
    expect(await readGeneration(store, 2, calm)).toBe(null)
  })

  it('is created once: the same one again is that one, and another changes nothing', async () => {
    await writeGeneration(store, added(1), calm)
    expect(await writeGeneration(store, added(1), calm)).toBe(true)
    expect(await writeGeneration(store, { ...added(1), command: 'retract' }, calm)).toBe(false)
    expect(await readGeneration(store, 1, calm)).toEqual(added(1))
  })

  it('is listed with those behind it, by number', async () => {
    for (const number of [3, 1, 10, 2]) await writeGeneration(store, added(number), calm)
    await writeFile(join(dir, '.pairmill/generations/notes.txt'), 'not one')
    const numbers = async (from: number) =>
      (await readGenerations(store, from, calm)).map((g) => g.generation)
    expect(await numbers(0)).toEqual([1, 2, 3, 10])
    expect(await numbers(3)).toEqual([3, 10])
    expect(await numbers(11)).toEqual([])
  })

  it('that rewrites files is under way until a manifest names it', async () => {
    const files = [{ name: '00000.tar', before: { size: 3, sha256: 'aa' }, after: null }]
    const change = { ...added(2), command: 'retract', added: null, files }
    expect(await changeUnderWay(store, calm)).toBe(null)
    await writeGeneration(store, added(1), calm)
    expect(await changeUnderWay(store, calm)).toBe(null)
    await writeGeneration(store, change, calm)
    expect(await changeUnderWay(store, calm)).toEqual(change)
    const info = { ...datasetInfo, complete: false }
    const described = { entries: [], summary: summarise([]), pages: [], generation: 2 }
    for (const [name, text] of descriptionFiles(described, info))
      await store.putBytes(name, Buffer.from(text), { ifAbsent: false }, calm)
    expect(await changeUnderWay(store, calm)).toBe(null)
  })

  it('says of each file that it changes what it may hold meanwhile', () => {
    const before = { size: 3, sha256: 'aa' }
    const files = [
      { name: '00001.tar', before, after: { size: 2, sha256: 'bb' } },
      { name: 'rejected/00000.tar', before, after: null },
    ]
    const held = acceptable({ files })
    expect(held.get('00001.tar')).toEqual({ before, after: { size: 2, sha256: 'bb' } })
    expect(held.get('rejected/00000.tar')).toEqual({ before, after: null })
    expect(held.has('00000.tar')).toBe(false)
  })
})
