import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entryBytes, readEntry } from '../../../src/shard/entry.js'
import {
  compileDataset,
  type DatasetInfo,
  executePlan,
  folderStore,
  keyOf,
  type Problem,
  type Store,
  verifyDataset,
  writePlan,
} from '../../../src/shard/index.js'
import { embeddingNames } from '../../../src/shard/layout.js'
import { SummedFile, sumFile } from '../../../src/shard/summed-file.js'
import { decodeTarIndex, encodeTarIndex } from '../../../src/shard/tar-index.js'
import { readTar } from '../../../src/shard/tar-reader.js'
import { addMember, endArchive } from '../../../src/shard/tar-writer.js'
import {
  calm,
  embeddingsOf,
  picture,
  planOf,
  sha256,
  tempFolder,
} from '../../fixtures/shard/dataset-fixture.js'

const info: DatasetInfo = {
  run: 'run-1',
  complete: true,
  options: { shardSize: 10 },
  optionsDigest: 'digest',
  threshold: 0.28,
  uids: 'content',
}

const ignore = () => {}
const verify = (store: Store) => verifyDataset(store, ignore, calm)

let template = ''

/** Two plans, three shards and a ledger, complete. */
async function dataset(): Promise<{ dir: string; store: Store }> {
  const dir = join(await tempFolder(), 'copy')
  await cp(template, dir, { recursive: true })
  return { dir, store: folderStore(dir) }
}

beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'pairmill-verify-'))
  const store = folderStore(template)
  const plans = [
    await planOf(store, [
      { kept: 8, rejected: 9, losers: 1 },
      { kept: 7, rejected: 2 },
    ]),
    await planOf(store, [{ kept: 5, rejected: 1 }], { plan: 1, firstShard: 2 }),
    await planOf(store, [{ kept: 0, rejected: 3 }], { plan: 2, firstShard: 3 }),
  ]
  for (const plan of plans) {
    await writePlan(store, plan, calm)
    await executePlan({ store }, plan, ignore, calm)
  }
  await compileDataset(store, info, calm)
})

afterAll(() => rm(template, { recursive: true, force: true }))

describe('a whole dataset', () => {
  it('passes, and its counts are told', async () => {
    const { store } = await dataset()
    const seen: unknown[] = []
    const result = await verifyDataset(store, (progress) => seen.push(progress), calm)
    expect(result).toEqual({
      problems: [],
      shards: 3,
      samples: 19,
      rows: 35,
      pages: 0,
      underWay: [],
      change: null,
      isCopy: false,
    })
    expect(seen.at(-1)).toEqual({ done: 4, total: 4, samples: 19, samplesTotal: 19 })
  })

  it('has files that other readers know: sizes.json, a wids index, a manifest and a card', async () => {
    const { dir, store } = await dataset()
    const json = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(dir, name), 'utf8'))
    expect(await json('sizes.json')).toEqual({ '00000.tar': 7, '00001.tar': 7, '00002.tar': 5 })
    const entry = await readEntry(store, '00000', calm)
    const wids = (await json('index.json')) as { shardlist: unknown[] }
    expect(Object.keys(wids)).toEqual(['__kind__', 'wids_version', 'shardlist'])
    expect(wids).toMatchObject({ __kind__: 'wids-shard-index-v1', wids_version: 1 })
    expect(wids.shardlist).toHaveLength(3)
    expect(wids.shardlist[0]).toEqual({
      url: '00000.tar',
      nsamples: 7,
      md5sum: entry?.files[0]?.md5,
      filesize: (await readFile(join(dir, '00000.tar'))).length,
    })
    expect(await json('.nv-meta/.info.json')).toMatchObject({
      shard_counts: { '00000.tar': 7, '00001.tar': 7, '00002.tar': 5 },
    })
    expect(await json('croissant.json')).toMatchObject({
      conformsTo: 'http://mlcommons.org/croissant/1.1',
      datePublished: '2024-05-01T12:00:00.000Z',
    })
    expect(await json('manifest.json')).toMatchObject({
      complete: true,
      samples: 19,
      rows: 35,
      threshold: 0.28,
      uids: 'content',
    })
    expect(await readFile(join(dir, 'README.md'), 'utf8')).toMatch(
      /^---\nlicense: other\n[\s\S]*\n {2}data_files: "\*\.tar"\n[\s\S]*\n---\n/,
    )
  })

  it('passes where slots were taken back: their keys are given to nobody', async () => {
    const { dir, store } = await dataset()
    const without = (members: [string, Buffer][]) => members.filter(([name]) => !name.startsWith(key(2)))
    await rewriteTar(dir, without)
    await changeEntry(dir, (entry) => ({ ...entry, samples: entry.samples - 1 }))
    const { problems: unsaid } = await verify(store)
    expect(unsaid).toContainEqual(
      expect.objectContaining({ key: key(3), message: `sample 2 has key ${key(3)}, not ${key(2)}` }),
    )
    await changeEntry(dir, (entry) => ({ ...entry, taken: [2] }))
    expect((await verify(store)).problems.filter(({ file }) => file === '00000.tar')).toEqual([])
  })

  it('fails where two samples have one uid', async () => {
    const { dir, store } = await dataset()
    const uidOf = (members: [string, Buffer][], name: string) =>
      JSON.parse(members.find(([member]) => member === name)![1].toString()).uid as string
    await rewriteTar(dir, (members) => {
      const uid = uidOf(members, `${key(1)}.json`)
      return withJson(members, `${key(4)}.json`, (json) => ({ ...json, uid }))
    })
    const { problems } = await verify(store)
    expect(problems).toContainEqual(
      expect.objectContaining({ file: '00000.tar', key: key(4), message: `has the uid of ${key(1)}` }),
    )
  })

  it('is compiled to the same bytes again', async () => {
    const { dir, store } = await dataset()
    const before = await readFile(join(dir, 'manifest.json'))
    const summary = await compileDataset(store, info, calm)
    expect(summary).toMatchObject({ shards: 3, samples: 19, rows: 35 })
    expect((await readFile(join(dir, 'manifest.json'))).equals(before)).toBe(true)
  })

  it('passes in whatever order the members of a key stand', async () => {
    const { dir, store } = await dataset()
    const extensions: string[] = []
    await rewriteTar(dir, (members) => {
      const other = members.flatMap((_, i) => (i % 3 === 0 ? members.slice(i, i + 3).reverse() : []))
      extensions.push(...other.slice(0, 3).map(([name]) => name.slice(name.indexOf('.') + 1)))
      return other
    })
    expect(extensions).toEqual(['txt', 'json', 'jpg'])
    expect(await verify(store)).toMatchObject({ problems: [], shards: 3 })
  })

  it('passes where nothing was kept at all, or nothing judged', async () => {
    const store = folderStore(await tempFolder())
    await compileDataset(store, info, calm)
    expect(await verify(store)).toMatchObject({ problems: [], shards: 0, rows: 0 })
    await executePlan({ store }, await planOf(store, [{ kept: 0, rejected: 3 }]), ignore, calm)
    await compileDataset(store, info, calm)
    expect(await verify(store)).toMatchObject({ problems: [], shards: 0, rows: 3 })
  })
})

describe('a copy without .pairmill/', () => {
  const copy = async (of: (manifest: Record<string, unknown>) => object = (manifest) => manifest) => {
    const made = await dataset()
    await rm(join(made.dir, '.pairmill'), { recursive: true })
    await changeFile(join(made.dir, 'manifest.json'), (bytes) =>
      Buffer.from(JSON.stringify(of(JSON.parse(bytes.toString())))),
    )
    return made
  }

  it('passes by its manifest', async () => {
    const { store } = await copy()
    expect(await verify(store)).toEqual({
      ...{ problems: [], shards: 3, samples: 19, rows: 35, pages: 0, underWay: [] },
      ...{ change: null, isCopy: true },
    })
  })

  it('passes by a manifest of version 1, which told less', async () => {
    const { store } = await copy(({ shardSize: _, uids: __, languages: ___, ...rest }) => ({ ...rest, v: 1 }))
    expect(await verify(store)).toMatchObject({ problems: [], samples: 19, isCopy: true })
  })

  it('fails where a file is not the one of the manifest, is gone, or is not named by it', async () => {
    const { dir, store } = await copy()
    await changeFile(join(dir, '00001.tar'), (bytes) => {
      bytes[800] = (bytes[800] ?? 0) ^ 1
      return bytes
    })
    await rm(join(dir, '00002.parquet'))
    await writeFile(join(dir, '00007.tar'), 'x')
    const { problems } = await verify(store)
    expect(problems.map(({ file, message }) => `${file} ${message}`)).toEqual(
      expect.arrayContaining([
        '00001.tar has another sha256 than its entry says',
        '00002.parquet is missing',
        '00007.tar is not committed: no entry names it',
      ]),
    )
  })
})

describe('a dataset whose run is not at its end', () => {
  it('passes while its compiled files lag behind the entries', async () => {
    const { store } = await dataset()
    const more = await planOf(store, [{ kept: 3, rejected: 0 }], { plan: 3, firstShard: 3 })
    await writePlan(store, more, calm)
    await executePlan({ store }, more, ignore, calm)
    expect(await verify(store)).toMatchObject({ problems: [], shards: 4 })
  })

  it('passes, and names the files, where a shard of a written plan lies there uncommitted', async () => {
    const { dir, store } = await dataset()
    await compileDataset(store, { ...info, complete: false }, calm)
    await writePlan(store, await planOf(store, [{ kept: 3, rejected: 0 }], { plan: 3, firstShard: 3 }), calm)
    await writeFile(join(dir, '00003.tar'), 'anything')
    expect(await verify(store)).toMatchObject({ problems: [], underWay: ['00003.tar'] })
  })

  it('fails where its compiled files name what is not committed', async () => {
    const { dir, store } = await dataset()
    await compileDataset(store, { ...info, complete: false }, calm)
    for (const end of ['tar', 'tar.idx', 'parquet']) await rm(join(dir, `00002.${end}`))
    await rm(join(dir, '00002_stats.json'))
    for (const name of Object.values(embeddingNames('00002'))) await rm(join(dir, name))
    await rm(join(dir, '.pairmill/entries/00002.json'))
    const { problems } = await verify(store)
    expect([...new Set(problems.map(({ file }) => file))].sort()).toEqual([
      ...['.nv-meta/.info.json', '.nv-meta/split.yaml', '.pairmill/generations/000001.json'],
      ...['croissant.json', 'index.json', 'manifest.json', 'sizes.json'],
    ])
  })
})

/** Rewrites a shard's tar, and its entry to match, so that only what is inside is wrong. */
async function rewriteTar(dir: string, change: (members: [string, Buffer][]) => [string, Buffer][]) {
  const path = join(dir, '00000.tar')
  const members: [string, Buffer][] = []
  for await (const { name, bytes } of readTar(path)) members.push([name, bytes])
  await rm(path)
  const file = await SummedFile.create(path)
  const offsets: number[] = []
  let last = ''
  for (const [name, bytes] of change(members)) {
    const [of = ''] = name.split('.')
    if (of !== last) offsets.push(file.size)
    last = of
    await addMember(file, name, bytes)
  }
  const index = encodeTarIndex([...offsets, file.size])
  const sums = await endArchive(file)
  await writeFile(`${path}.idx`, index)
  const indexSums = await sumFile(`${path}.idx`, ['sha256', 'md5'], calm)
  await changeEntry(dir, (entry) => ({
    ...entry,
    files: entry.files.map((f) => {
      if (f.name === '00000.tar.idx') return { name: f.name, ...indexSums }
      return f.name === '00000.tar' ? { name: f.name, ...sums } : f
    }),
  }))
  await compileDataset(folderStore(dir), info, calm)
}

type Entry = NonNullable<Awaited<ReturnType<typeof readEntry>>>

async function changeEntry(dir: string, change: (entry: Entry) => Entry) {
  const store = folderStore(dir)
  const entry = await readEntry(store, '00000', calm)
  await store.putBytes('.pairmill/entries/00000.json', entryBytes(change(entry!)), { ifAbsent: false }, calm)
}

async function changeFile(path: string, change: (bytes: Buffer) => Buffer) {
  await writeFile(path, change(await readFile(path)))
}

const key = (i: number) => keyOf(0, i, 10)

function withJson(
  members: [string, Buffer][],
  name: string,
  change: (json: Record<string, unknown>) => object,
) {
  return members.map(([member, bytes]): [string, Buffer] =>
    member === name
      ? [member, Buffer.from(JSON.stringify(change(JSON.parse(bytes.toString()))))]
      : [member, bytes],
  )
}

/** What is done to a dataset, and the problems (among possible others) that must be named. */
const damages: [string, (dir: string) => Promise<void>, Partial<Problem>[]][] = [
  [
    'a tar that is gone',
    (dir) => rm(join(dir, '00001.tar')),
    [{ shard: 1, file: '00001.tar', message: 'is missing' }],
  ],
  [
    'a tar with one byte turned',
    (dir) =>
      changeFile(join(dir, '00001.tar'), (bytes) => {
        bytes[800] = (bytes[800] ?? 0) ^ 1
        return bytes
      }),
    [{ shard: 1, file: '00001.tar', message: 'has another sha256 than its entry says' }],
  ],
  [
    'a tar that is cut',
    (dir) => changeFile(join(dir, '00001.tar'), (bytes) => bytes.subarray(0, -1024)),
    [{ shard: 1, file: '00001.tar' }],
  ],
  [
    'an image that is cut, with sums to match',
    async (dir) => {
      const cutImage = (await imageOf(dir, 2)).subarray(0, -40)
      await rewriteTar(dir, (members) =>
        withJson(members, `${key(2)}.json`, (json) => ({ ...json, stored_sha256: sha256(cutImage) })).map(
          ([name, bytes]): [string, Buffer] => [name, name === `${key(2)}.jpg` ? cutImage : bytes],
        ),
      )
    },
    [
      {
        shard: 0,
        file: '00000.tar',
        key: key(2),
        message: expect.stringContaining('cannot be decoded') as string,
      },
    ],
  ],
  [
    'an image of another sample',
    async (dir) => {
      const other = await picture(4242)
      await rewriteTar(dir, (members) =>
        members.map(([name, bytes]): [string, Buffer] => [name, name === `${key(1)}.jpg` ? other : bytes]),
      )
    },
    [{ shard: 0, key: key(1), message: 'has an image whose sha256 is not the stored_sha256 of its json' }],
  ],
  [
    'an image of another size than its record says',
    (dir) =>
      rewriteTar(dir, (members) => withJson(members, `${key(0)}.json`, (json) => ({ ...json, width: 999 }))),
    [{ shard: 0, key: key(0), message: expect.stringContaining('its json says 999x12') as string }],
  ],
  [
    'an empty caption',
    (dir) =>
      rewriteTar(dir, (members) =>
        members.map(([name, bytes]): [string, Buffer] => [
          name,
          name === `${key(3)}.txt` ? Buffer.alloc(0) : bytes,
        ]),
      ),
    [
      { shard: 0, key: key(3), message: 'has an empty txt' },
      { shard: 0, key: key(3), message: 'has another caption in its json than in its txt' },
    ],
  ],
  [
    'a member that is missing',
    (dir) => rewriteTar(dir, (members) => members.filter(([name]) => name !== `${key(3)}.txt`)),
    [{ shard: 0, key: key(3), message: 'has the members jpg json, not jpg json txt' }],
  ],
  [
    'members that do not stand together',
    (dir) => rewriteTar(dir, ([first, ...rest]) => [...rest, first!]),
    [{ shard: 0, key: key(0) }],
  ],
  [
    'samples in another order',
    (dir) => rewriteTar(dir, (members) => [...members.slice(3), ...members.slice(0, 3)]),
    [{ shard: 0, key: key(1), message: expect.stringContaining(`not ${key(0)}`) as string }],
  ],
  [
    'a sample that is missing',
    (dir) => rewriteTar(dir, (members) => members.slice(0, -3)),
    [
      { shard: 0, file: '00000.tar', message: 'has 6 samples, its entry says 7' },
      { shard: 0, file: '00000.parquet', key: key(6) },
    ],
  ],
  [
    'a sample twice',
    (dir) => rewriteTar(dir, (members) => [...members, ...members.slice(-3)]),
    [{ shard: 0, file: '00000.tar' }],
  ],
  [
    'a parquet of another shard',
    async (dir) => {
      const bytes = await readFile(join(dir, '00001.parquet'))
      await writeFile(join(dir, '00000.parquet'), bytes)
      await changeEntry(dir, (entry) => ({
        ...entry,
        files: entry.files.map((f) =>
          f.name === '00000.parquet' ? { ...f, size: bytes.length, sha256: sha256(bytes) } : f,
        ),
      }))
    },
    [{ shard: 0, file: '00000.parquet', key: key(0) }],
  ],
  [
    'a parquet that is none',
    (dir) => writeFile(join(dir, '00000.parquet'), 'no parquet'),
    [{ shard: 0, file: '00000.parquet', message: expect.stringContaining('is not readable') as string }],
  ],
  [
    'an embedding of another pair',
    async (dir) => {
      const path = join(dir, 'text_emb/text_emb_00000.npy')
      const bytes = await readFile(path)
      Buffer.from(embeddingsOf(0.9), 'base64').copy(bytes, bytes.length - 6, 6)
      await writeFile(path, bytes)
      const sums = await sumFile(path, ['sha256', 'md5'], calm)
      await changeEntry(dir, (entry) => ({
        ...entry,
        files: entry.files.map((f) => (f.name.startsWith('text_emb') ? { name: f.name, ...sums } : f)),
      }))
    },
    [
      {
        ...{ shard: 0, file: 'img_emb/img_emb_00000.npy', key: key(6) },
        message: expect.stringMatching(/^has embeddings of cosine 0\.8999, its score is 0\.\d{4}$/) as string,
      },
    ],
  ],
  [
    'an entry without its images embedded',
    (dir) =>
      changeEntry(dir, (entry) => ({
        ...entry,
        files: entry.files.filter(({ name }) => !name.startsWith('img_emb')),
      })),
    [
      { shard: 0, message: 'its entry names some of its embeddings, and not all' },
      { file: 'img_emb/img_emb_00000.npy', message: 'is not committed: no entry names it' },
    ],
  ],
  [
    'embeddings that are cut',
    (dir) => changeFile(join(dir, 'img_emb/img_emb_00001.npy'), (bytes) => bytes.subarray(0, -2)),
    [
      { shard: 1, file: 'img_emb/img_emb_00001.npy' },
      { file: 'img_emb/img_emb_00001.npy', message: 'is not readable: its size is not that of its shape' },
    ],
  ],
  [
    'an index whose sums are right, and not its offsets',
    async (dir) => {
      const path = join(dir, '00000.tar.idx')
      const offsets = decodeTarIndex(await readFile(path))!
      offsets[3]! += 512
      await writeFile(path, encodeTarIndex(offsets))
      const sums = await sumFile(path, ['sha256', 'md5'], calm)
      await changeEntry(dir, (entry) => ({
        ...entry,
        files: entry.files.map((f) => (f.name === '00000.tar.idx' ? { name: f.name, ...sums } : f)),
      }))
    },
    [{ shard: 0, file: '00000.tar.idx', message: 'is not the index of its tar' }],
  ],
  [
    'an index that is cut',
    (dir) => changeFile(join(dir, '00000.tar.idx'), (bytes) => bytes.subarray(1)),
    [{ shard: 0, file: '00000.tar.idx' }],
  ],
  [
    'stats that count otherwise',
    (dir) =>
      changeFile(join(dir, '00000_stats.json'), (bytes) =>
        Buffer.from(bytes.toString().replace('"successes": 7', '"successes": 6')),
      ),
    [{ shard: 0, file: '00000_stats.json', message: 'counts 6 successes, its entry says 7' }],
  ],
  [
    'a shard file that no entry names',
    (dir) => writeFile(join(dir, '00007.tar'), 'x'),
    [{ shard: null, file: '00007.tar', message: 'is not committed: no entry names it' }],
  ],
  [
    'a gap in the numbers',
    async (dir) => {
      for (const name of [
        '00001.tar',
        '00001.tar.idx',
        '00001.parquet',
        '00001_stats.json',
        '.pairmill/entries/00001.json',
      ]) {
        await rm(join(dir, name))
      }
      await compileDataset(folderStore(dir), info, calm)
    },
    [{ shard: null, message: 'shard 1 is missing below shard 2' }],
  ],
  [
    'sizes.json that lacks a shard',
    (dir) => writeFile(join(dir, 'sizes.json'), '{"00000.tar": 7}'),
    [{ file: 'sizes.json', message: 'is not as the entries say' }],
  ],
  [
    'a croissant.json that names another tar',
    (dir) => changeFile(join(dir, 'croissant.json'), (bytes) => replaced(bytes, '00001.tar', '00009.tar')),
    [{ file: 'croissant.json', message: 'is not as the entries say' }],
  ],
  [
    'a croissant.json with another sum',
    (dir) =>
      changeFile(join(dir, 'croissant.json'), (bytes) => replaced(bytes, '"sha256": "', '"sha256": "0')),
    [{ file: 'croissant.json', message: 'is not as the entries say' }],
  ],
  [
    'a croissant.json that is gone',
    (dir) => rm(join(dir, 'croissant.json')),
    [{ file: 'croissant.json', message: 'is not as the entries say' }],
  ],
  [
    "Energon's counts that are others",
    (dir) => changeFile(join(dir, '.nv-meta/.info.json'), (bytes) => replaced(bytes, ': 7', ': 8')),
    [{ file: '.nv-meta/.info.json', message: 'is not as the entries say' }],
  ],
  [
    "Energon's split that lacks a shard",
    (dir) => changeFile(join(dir, '.nv-meta/split.yaml'), (bytes) => replaced(bytes, '"00000.tar",', '')),
    [{ file: '.nv-meta/split.yaml', message: 'is not as the entries say' }],
  ],
  [
    "Energon's split that has a shard twice",
    (dir) =>
      changeFile(join(dir, '.nv-meta/split.yaml'), (bytes) =>
        replaced(bytes, '"val": []', '"val": ["00000.tar"]'),
      ),
    [{ file: '.nv-meta/split.yaml', message: 'is not as the entries say' }],
  ],
  ['an index that is gone', (dir) => rm(join(dir, 'index.json')), [{ file: 'index.json' }]],
  [
    'a manifest that is no JSON',
    (dir) => writeFile(join(dir, 'manifest.json'), '{'),
    [{ file: 'manifest.json', message: expect.stringContaining('is not readable') as string }],
  ],
  [
    'an entry that is no JSON',
    (dir) => writeFile(join(dir, '.pairmill/entries/00001.json'), '{'),
    [{ message: expect.stringContaining('entries/00001.json is not readable') as string }],
  ],
]

const replaced = (bytes: Buffer, text: string, by: string) =>
  Buffer.from(bytes.toString().replaceAll(text, by))

async function imageOf(dir: string, i: number): Promise<Buffer> {
  for await (const { name, bytes } of readTar(join(dir, '00000.tar')))
    if (name === `${key(i)}.jpg`) return bytes
  throw new Error('no such sample')
}

describe('a damaged dataset', () => {
  for (const [what, damage, expected] of damages) {
    it(`fails, with its place named: ${what}`, async () => {
      const { dir, store } = await dataset()
      await damage(dir)
      const { problems } = await verify(store)
      for (const problem of expected) expect(problems).toContainEqual(expect.objectContaining(problem))
    })
  }
})
