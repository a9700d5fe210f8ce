import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RejectReason } from '../../../src/records/index.js'
import { entryBytes, readEntry } from '../../../src/shard/entry.js'
import {
  compileDataset,
  executePlan,
  folderStore,
  type Store,
  verifyDataset,
  writePlan,
} from '../../../src/shard/index.js'
import { SummedFile } from '../../../src/shard/summed-file.js'
import { readTar } from '../../../src/shard/tar-reader.js'
import { addMember, endArchive } from '../../../src/shard/tar-writer.js'
import {
  calm,
  datasetInfo,
  keptRow,
  picture,
  picturedRow,
  picturesIn,
  planOf,
  planOfRows,
  tempFolder,
} from '../../fixtures/shard/dataset-fixture.js'

const ignore = () => {}

describe('the rejected pictures of a plan', () => {
  it('are those of the lowest hashes over all its parts, named by its first shard alone', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const numbers = Array.from({ length: 60 }, (_, i) => i)
    const rows = await Promise.all(numbers.map((n) => picturedRow(n, n % 3 === 0 ? 'aspect' : 'score_low')))
    const kept = await Promise.all(numbers.slice(0, 25).map(async (n) => keptRow(100 + n, await picture(n))))
    const plan = await planOfRows(store, [kept, rows.slice(0, 31), rows.slice(31)], {
      plan: 4,
      firstShard: 7,
    })
    const entries = await executePlan({ store }, plan, ignore, calm)
    const namedBy = entries.filter(({ files }) => files.some(({ name }) => name === 'rejected/00004.tar'))
    expect([entries.length, namedBy.map(({ shard }) => shard)]).toEqual([3, [7]])

    const pictures = await picturesIn(join(dir, 'rejected/00004.tar'))
    const lowest = (reason: string) =>
      rows
        .filter(({ row }) => row.reason === reason)
        .map(({ row }) => row.sha256)
        .toSorted()
        .slice(0, 16)
    expect(pictures.map(({ row }) => row.sha256)).toEqual([...lowest('aspect'), ...lowest('score_low')])
    expect(pictures.map(({ key }) => key)).toEqual(
      pictures.map((_, i) => `00004${String(i).padStart(3, '0')}`),
    )
    for (const { row, webp, names } of pictures) {
      const { thumbnail } = rows.find((one) => one.row.url === row.url)!.row
      expect([webp.toString('base64'), names]).toEqual([thumbnail, ['json', 'webp']])
    }
  })

  it('stand beside their rows as the parquet has them', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const plan = await planOfRows(store, [[await picturedRow(1), await picturedRow(2, 'side_small')]])
    await executePlan({ store }, plan, ignore, calm)
    const file = await asyncBufferFromFile(join(dir, 'ledger.parquet'))
    const told = JSON.parse(JSON.stringify(await parquetReadObjects({ file }), (_, value) => value ?? null))
    const pictures = await picturesIn(join(dir, 'rejected/00000.tar'))
    expect(pictures.map(({ row }) => row)).toEqual(
      told.map((row: object) => expect.objectContaining({ ...row, page_permission: null })),
    )
    expect(pictures[0]!.row).not.toHaveProperty('thumbnail')
  })

  it('are none of what may not be shown, whatever a part carries', async () => {
    const dir = await tempFolder()
    const store = folderStore(dir)
    const forbidden: RejectReason[] = ['opt_out', 'concept_dropped', 'duplicate_near', 'address_refused']
    const rows = await Promise.all(forbidden.map((reason, n) => picturedRow(n, reason)))
    const [entry] = await executePlan({ store }, await planOfRows(store, [rows]), ignore, calm)
    expect(entry!.files.map(({ name }) => name)).toEqual(['ledger.parquet', 'ledger_stats.json'])
  })

  it('are none of parts without any, as earlier versions wrote them', async () => {
    const store = folderStore(await tempFolder())
    const older = await planOf(store, [{ kept: 3, rejected: 5 }])
    const mixed = await planOf(
      store,
      [
        { kept: 3, rejected: 5 },
        { kept: 1, rejected: 5, pictured: true },
      ],
      {
        ...{ plan: 1, firstShard: 1 },
      },
    )
    const [before] = await executePlan({ store }, older, ignore, calm)
    const [after] = await executePlan({ store }, mixed, ignore, calm)
    expect([before, after].map((entry) => entry!.files.at(-1)!.name)).toEqual([
      'metadata/metadata_00000.parquet',
      'rejected/00001.tar',
    ])
  })
})

let template = ''

beforeAll(async () => {
  template = await mkdtemp(join(tmpdir(), 'pairmill-rejected-'))
  const store = folderStore(template)
  const shape = { shardSize: 3 }
  const first = [
    { kept: 3, rejected: 9, pictured: true },
    { kept: 2, rejected: 6, pictured: true },
  ]
  const plans = [
    await planOf(store, first, shape),
    await planOf(store, [{ kept: 1, rejected: 3 }], { ...shape, plan: 1, firstShard: 2 }),
    await planOf(store, [{ kept: 1, rejected: 5, pictured: true }], { ...shape, plan: 2, firstShard: 3 }),
    await planOf(store, [{ kept: 0, rejected: 4, pictured: true }], { ...shape, plan: 3, firstShard: 4 }),
  ]
  for (const plan of plans) {
    await writePlan(store, plan, calm)
    await executePlan({ store }, plan, ignore, calm)
  }
  await compileDataset(store, datasetInfo, calm)
})
afterAll(() => rm(template, { recursive: true, force: true }))

async function dataset(): Promise<{ dir: string; store: Store }> {
  const dir = join(await tempFolder(), 'copy')
  await cp(template, dir, { recursive: true })
  return { dir, store: folderStore(dir) }
}

const problemsIn = async (store: Store) =>
  (await verifyDataset(store, ignore, calm)).problems.map(
    ({ shard, file, key, message }) => `${shard} ${file} ${key}: ${message}`,
  )

/** Rewrites the pictures of plan 0, and the entry that names them to match, so that only what is inside is wrong. */
async function rewrite(dir: string, change: (members: [string, Buffer][]) => readonly [string, Buffer][]) {
  const name = 'rejected/00000.tar'
  const path = join(dir, name)
  const members: [string, Buffer][] = []
  for await (const member of readTar(path)) members.push([member.name, member.bytes])
  await rm(path)
  const file = await SummedFile.create(path)
  for (const [member, bytes] of change(members)) await addMember(file, member, bytes)
  const sums = await endArchive(file)
  const store = folderStore(dir)
  const entry = (await readEntry(store, '00000', calm))!
  const files = entry.files.map((one) => (one.name === name ? { name, ...sums } : one))
  const bytes = entryBytes({ ...entry, files })
  await store.putBytes('.pairmill/entries/00000.json', bytes, { ifAbsent: false }, calm)
  await compileDataset(store, datasetInfo, calm)
}

const withRow =
  (change: (row: Record<string, unknown>) => object) =>
  (members: [string, Buffer][]): [string, Buffer][] =>
    members.map(([name, bytes]) =>
      name === '00000001.json'
        ? [name, Buffer.from(JSON.stringify(change(JSON.parse(bytes.toString()))))]
        : [name, bytes],
    )
const withPicture =
  (bytes: Buffer) =>
  (members: [string, Buffer][]): [string, Buffer][] =>
    members.map(([name, was]) => [name, name === '00000001.webp' ? bytes : was])
const blank = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: 'teal' } })

describe('the verification of rejected pictures', () => {
  it('passes, over plans with pictures and without, and a ledger', async () => {
    const { dir, store } = await dataset()
    expect(await problemsIn(store)).toEqual([])
    const counts = await Promise.all(
      ['00000', '00002', '00003'].map(
        async (stem) => (await picturesIn(join(dir, `rejected/${stem}.tar`))).length,
      ),
    )
    expect(counts).toEqual([7, 2, 2])
  })

  it('leaves them out of what training jobs read, and has the card tell of them', async () => {
    const { dir } = await dataset()
    const text = (name: string) => readFile(join(dir, name), 'utf8')
    for (const name of ['sizes.json', 'index.json', 'croissant.json', '.nv-meta/.info.json']) {
      expect(await text(name)).toContain('00000.tar')
      expect(await text(name)).not.toContain('rejected/')
    }
    expect(await text('README.md')).toContain('- `rejected/NNNNN.tar`: small pictures of some candidates')
  })

  it('passes for a copy without .pairmill/, and fails there as well', async () => {
    const { dir, store } = await dataset()
    await rm(join(dir, '.pairmill'), { recursive: true })
    expect(await verifyDataset(store, ignore, calm)).toMatchObject({ problems: [], isCopy: true })
    await rm(join(dir, 'rejected/00002.tar'))
    await cp(join(dir, 'rejected/00000.tar'), join(dir, 'rejected/00003.tar'))
    const problems = await problemsIn(store)
    expect(problems).toContain('3 rejected/00002.tar null: is missing')
    expect(problems).toContainEqual(expect.stringMatching(/^null rejected\/00003.tar null: has \d+ bytes, /))
  })

  it.each<[string, () => Promise<(members: [string, Buffer][]) => readonly [string, Buffer][]>, string]>([
    [
      'a picture of what was refused',
      async () => withRow((row) => ({ ...row, error_message: 'opt_out' })),
      'is a picture of what was rejected for opt_out, of which none is kept',
    ],
    [
      'a picture for a reason that nobody knows',
      async () => withRow((row) => ({ ...row, error_message: 'hash_listed' })),
      'is a picture of what was rejected for hash_listed, of which none is kept',
    ],
    [
      'a picture of another image than its row',
      async () => withRow((row) => ({ ...row, sha256: 'ab'.repeat(32) })),
      'shows what no rejected row of its plan tells of',
    ],
    [
      'a picture at another address than its row',
      async () => withRow((row) => ({ ...row, url: 'http://elsewhere.test/' })),
      'shows what no rejected row of its plan tells of',
    ],
    ['a row with a key', async () => withRow((row) => ({ ...row, key: '000001' })), 'has an unreadable json'],
    [
      'a picture that is too large',
      async () => withPicture(await blank(161, 20).webp().toBuffer()),
      'has a picture of 161x20, larger than 160',
    ],
    [
      'a picture in another format',
      async () => withPicture(await blank(20, 20).png().toBuffer()),
      'has a picture in png, not webp',
    ],
    [
      'a picture that is cut',
      async () => withPicture((await blank(90, 90).webp().toBuffer()).subarray(0, 40)),
      'has a picture that cannot be decoded',
    ],
    [
      'a picture without its row',
      async () => (members) => members.filter(([name]) => name !== '00000001.json'),
      'has the members webp, not json webp',
    ],
    [
      'a key that is left out',
      async () => (members) => members.filter(([name]) => !name.startsWith('00000000')),
      'picture 0 has key 00000001, not 00000000',
    ],
  ])('fails for %s', async (_what, changeOf, message) => {
    const { dir, store } = await dataset()
    await rewrite(dir, await changeOf())
    const problems = await problemsIn(store)
    expect(
      problems.filter((one) => one.startsWith(`0 rejected/00000.tar 00000001: ${message}`)),
    ).toHaveLength(1)
  })

  it('fails for more than sixteen of a reason', async () => {
    const { dir, store } = await dataset()
    await rewrite(dir, (members) => {
      const [json, webp] = members
      return Array.from({ length: 17 }, (_, i) => `00000${String(i).padStart(3, '0')}`).flatMap(
        (key): [string, Buffer][] => [
          [`${key}.json`, json![1]],
          [`${key}.webp`, webp![1]],
        ],
      )
    })
    expect(await problemsIn(store)).toEqual([
      '0 rejected/00000.tar null: has 17 pictures for score_low, more than 16',
    ])
  })

  it('fails for a tar that no entry names, and for one that another plan has', async () => {
    const { dir, store } = await dataset()
    await cp(join(dir, 'rejected/00000.tar'), join(dir, 'rejected/00009.tar'))
    expect(await problemsIn(store)).toEqual([
      'null rejected/00009.tar null: is not committed: no entry names it',
    ])
    const entry = (await readEntry(store, '00000', calm))!
    const files = entry.files.map((file) =>
      file.name === 'rejected/00000.tar' ? { ...file, name: 'rejected/00009.tar' } : file,
    )
    const bytes = entryBytes({ ...entry, files })
    await store.putBytes('.pairmill/entries/00000.json', bytes, { ifAbsent: false }, calm)
    await compileDataset(store, datasetInfo, calm)
    expect(await problemsIn(store)).toContain(
      '0 null null: its entry names rejected/00009.tar as its rejected pictures',
    )
  })

  it('fails for a byte that was turned', async () => {
    const { dir, store } = await dataset()
    const path = join(dir, 'rejected/00002.tar')
    const bytes = await readFile(path)
    bytes[700] = (bytes[700] ?? 0) ^ 1
    await writeFile(path, bytes)
    expect(await problemsIn(store)).toContain(
      '3 rejected/00002.tar null: has another sha256 than its entry says',
    )
  })

  it('leaves those of a plan under way in peace, and tells of them', async () => {
    const { dir, store } = await dataset()
    await compileDataset(store, { ...datasetInfo, complete: false }, calm)
    const plan = await planOf(store, [{ kept: 2, rejected: 4, pictured: true }], {
      ...{ shardSize: 3, plan: 4, firstShard: 4 },
    })
    await writePlan(store, plan, calm)
    await writeFile(join(dir, 'rejected/00004.tar'), 'half of one')
    expect(await verifyDataset(store, ignore, calm)).toMatchObject({
      problems: [],
      underWay: ['rejected/00004.tar'],
    })
    await executePlan({ store }, plan, ignore, calm)
    expect(await verifyDataset(store, ignore, calm)).toMatchObject({ problems: [], underWay: [] })
  })

  it('awaits no row of a shard that its plan is still to commit', async () => {
    const { dir, store } = await dataset()
    await compileDataset(store, { ...datasetInfo, complete: false }, calm)
    const plan = await planOf(store, [{ kept: 4, rejected: 12, pictured: true }], {
      ...{ shardSize: 3, plan: 4, firstShard: 4 },
    })
    await writePlan(store, plan, calm)
    await executePlan({ store }, plan, ignore, calm)
    await rm(join(dir, '.pairmill/entries/00005.json'))
    expect(await problemsIn(store)).toEqual([])
    await executePlan({ store }, plan, ignore, calm)
    expect(await problemsIn(store)).toEqual([])
  })
})
