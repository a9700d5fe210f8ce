import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entryBytes, type ShardEntry } from '../../../src/shard/entry.js'
import {
  compileDataset,
  entryName,
  folderStore,
  type Generation,
  generationName,
  manifestName,
  type Store,
  verifyDataset,
  writeGeneration,
} from '../../../src/shard/index.js'
import { runs } from '../../fixtures/runs.js'
import { calm, datasetInfo, sha256, tempFolder } from '../../fixtures/shard/dataset-fixture.js'
import { writeHoledShard } from '../../fixtures/shard/taken-back.js'

const going = { ...datasetInfo, complete: false }
const at = '2026-01-02T03:04:05.000Z'
let template = ''
/** Shards 0 and 1 came with the first generation, 2 with the second. */
beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'pairmill-generations-'))
  const store = folderStore(template)
  for (const shard of [0, 1]) await writeHoledShard(store, shard, 3, [])
  await compileDataset(store, going, calm)
  await writeHoledShard(store, 2, 3, [])
  await compileDataset(store, datasetInfo, calm)
})
afterAll(() => rm(template, { recursive: true, force: true }))

async function dataset(): Promise<{ dir: string; store: Store }> {
  const dir = join(await tempFolder(), 'copy')
  await cp(template, dir, { recursive: true })
  return { dir, store: folderStore(dir) }
}

const put = (store: Store, name: string, value: unknown) =>
  store.putBytes(name, Buffer.from(JSON.stringify(value)), { ifAbsent: false }, calm)
const jsonOf = async (store: Store, name: string) =>
  JSON.parse(Buffer.from((await store.read(name, calm))!).toString()) as Record<string, unknown>
const change = async (store: Store, name: string, to: Record<string, unknown>) =>
  await put(store, name, { ...(await jsonOf(store, name)), ...to })
const adding = (generation: number, from: number, to = from): Generation => ({
  ...{ v: 1, generation, at, command: 'run', reason: null },
  ...{ added: { from, to }, rewritten: [], files: [] },
})

async function problemsOf(store: Store): Promise<string[]> {
  const { problems } = await verifyDataset(store, () => {}, calm)
  return problems.map(({ file, message }) => `${file ?? 'dataset'} ${message}`)
}

const number = (n: number) => generationName(n)

const sound: [string, (store: Store, dir: string) => Promise<unknown>][] = [
  ['that add up to its shards', async () => {}],
  [
    'of which there are none, as an earlier version left it',
    async (store) => {
      for (const n of [1, 2]) await store.remove(number(n), calm)
      await change(store, manifestName, { generation: undefined })
    },
  ],
  ['of which a copy has none', async (_, dir) => await rm(join(dir, '.pairmill'), { recursive: true })],
  [
    'of which the last is not in the manifest yet',
    async (store) => {
      await change(store, manifestName, { complete: false })
      await writeHoledShard(store, 3, 2, [])
      await writeGeneration(store, adding(3, 3), calm)
    },
  ],
  [
    'of which none tells of the last shards yet',
    async (store) => {
      await change(store, manifestName, { complete: false })
      await writeHoledShard(store, 3, 2, [])
    },
  ],
]

const damages: [string, (store: Store) => Promise<unknown>, string][] = [
  [
    'one is gone',
    (store) => store.remove(number(1), calm),
    `${number(2)} generation 1 is missing below generation 2`,
  ],
  [
    'the last is gone',
    (store) => store.remove(number(2), calm),
    'manifest.json names generation 2, and the last one is 1',
  ],
  [
    'all are gone',
    async (store) => {
      for (const n of [1, 2]) await store.remove(number(n), calm)
    },
    'manifest.json names generation 2, and there is none',
  ],
  [
    'one adds another shard',
    (store) => change(store, number(2), { added: { from: 3, to: 3 } }),
    `${number(2)} adds shard 3, which is not committed`,
  ],
  [
    'one adds fewer shards',
    (store) => change(store, number(1), { added: { from: 0, to: 0 } }),
    'manifest.json has other shards than the generations up to 2 add up to',
  ],
  [
    'one adds more shards than anybody has',
    (store) => change(store, number(1), { added: { from: 0, to: 9e15 } }),
    `${number(1)} adds more shards than are committed`,
  ],
  [
    'a shard is added twice',
    (store) => change(store, number(2), { added: { from: 1, to: 2 } }),
    'dataset the generations add a shard twice, or take back what is not there',
  ],
  [
    'slots are taken back that no entry tells of',
    (store) => change(store, number(2), { rewritten: [{ shard: 0, taken: [1] }] }),
    'manifest.json has other shards than the generations up to 2 add up to',
  ],
  [
    'a complete manifest lacks the last one',
    (store) => change(store, manifestName, { generation: 1 }),
    `${number(2)} is not in the manifest, which is complete`,
  ],
  [
    'one is no JSON',
    (store) => store.putBytes(number(2), Buffer.from('{'), { ifAbsent: false }, calm),
    'generations/000002.json is not readable',
  ],
]

describe('a dataset', () => {
  for (const [what, act] of sound) {
    it(`passes with generations ${what}`, async () => {
      const { dir, store } = await dataset()
      await act(store, dir)
      expect(await verifyDataset(store, () => {}, calm)).toMatchObject({ problems: [], change: null })
    })
  }

  for (const [what, damage, expected] of damages) {
    it(`fails where of its generations ${what}`, async () => {
      const { store } = await dataset()
      await damage(store)
      expect(await problemsOf(store)).toContainEqual(expect.stringContaining(expected))
    })
  }
})

/** Takes one sample of shard 1 back, in a copy: the change, and every file that it names as it will be. */
async function retraction(store: Store) {
  const copy = await dataset()
  const before = await filesOf(store)
  const entry: ShardEntry = await writeHoledShard(copy.store, 1, 3, [1])
  await copy.store.putBytes(entryName('00001'), entryBytes(entry), { ifAbsent: false }, calm)
  await writeGeneration(copy.store, { ...retract, files: [] }, calm)
  await compileDataset(copy.store, datasetInfo, calm)
  const after = await filesOf(copy.store)
  const heldIn = (files: ReadonlyMap<string, Buffer>, name: string) => {
    const bytes = files.get(name)
    return bytes === undefined ? null : { size: bytes.length, sha256: sha256(bytes) }
  }
  const names = [...after.keys()].filter(
    (name) =>
      name !== manifestName && !name.includes('generations/') && !before.get(name)?.equals(after.get(name)!),
  )
  const files = names.map((name) => ({ name, before: heldIn(before, name), after: heldIn(after, name) }))
  return { change: { ...retract, files }, names, after }
}

const retract: Generation = {
  ...{ v: 1, generation: 3, at, command: 'retract', reason: 'asked to', added: null },
  ...{ rewritten: [{ shard: 1, taken: [1] }], files: [] },
}

async function filesOf(store: Store): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const prefix of ['', '.nv-meta/', '.pairmill/entries/', 'img_emb/', 'text_emb/', 'metadata/'])
    for await (const { name } of store.list(prefix, calm))
      files.set(name, Buffer.from((await store.read(name, calm))!))
  return files
}

describe('a dataset of which files are being rewritten', () => {
  it('passes, and says what is under way, whichever of them are as they will be', async () => {
    const { store } = await dataset()
    const { change, names, after } = await retraction(store)
    expect(names).toEqual(expect.arrayContaining(['00001.tar', 'sizes.json', entryName('00001')]))
    await writeGeneration(store, change, calm)
    const before = await filesOf(store)
    await fc.assert(
      fc.asyncProperty(fc.subarray(names), async (done) => {
        for (const name of names) {
          const bytes = (done.includes(name) ? after : before).get(name)!
          await store.putBytes(name, bytes, { ifAbsent: false }, calm)
        }
        expect(await verifyDataset(store, () => {}, calm)).toMatchObject({
          problems: [],
          change: {
            ...{ generation: 3, command: 'retract', reason: 'asked to' },
            files: names.length,
            done: done.length,
          },
        })
      }),
      { numRuns: runs.plan, examples: [[[]], [names]] },
    )
  })

  it('is closed by the manifest, and sound then', async () => {
    const { store } = await dataset()
    const { change, after } = await retraction(store)
    await writeGeneration(store, change, calm)
    for (const [name, bytes] of after) await store.putBytes(name, bytes, { ifAbsent: false }, calm)
    expect(await verifyDataset(store, () => {}, calm)).toMatchObject({ problems: [], change: null })
  })

  it('fails where one of them is neither as it was nor as it will be, and where another one is not sound', async () => {
    const { store } = await dataset()
    const { change } = await retraction(store)
    await writeGeneration(store, change, calm)
    await store.putBytes('00001.parquet', Buffer.from('anything'), { ifAbsent: false }, calm)
    await store.remove('00002_stats.json', calm)
    expect(await problemsOf(store)).toEqual([
      '00001.parquet is neither as it was before generation 3 nor as it makes it',
      '00002_stats.json is missing',
    ])
  })

  it('fails where a file of the same shard that it does not name is another', async () => {
    const { store } = await dataset()
    const { change } = await retraction(store)
    const files = change.files.filter(({ name }) => name !== '00001_stats.json')
    await writeGeneration(store, { ...change, files }, calm)
    await store.putBytes('00001_stats.json', Buffer.from('{}'), { ifAbsent: false }, calm)
    expect(await problemsOf(store)).toEqual([expect.stringContaining('00001_stats.json has 2 bytes')])
  })
})
