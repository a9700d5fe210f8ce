import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import { type PageRow, pageOutcomes } from '../../../src/records/index.js'
import {
  compileDataset,
  type DatasetInfo,
  folderStore,
  lastPageFile,
  type PageFile,
  readPages,
  type Store,
  verifyDataset,
  writePageFile,
} from '../../../src/shard/index.js'
import { bytesUnder, calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const info: DatasetInfo = {
  run: 'run-1',
  complete: true,
  options: {},
  optionsDigest: 'digest',
  threshold: null,
  uids: 'content',
}
const checkedAt = '2026-01-02T03:04:05.678Z'
const permission = { rule: 'robots:disallow /x', value: 'Disallow: /x', source: 'robots.txt', checkedAt }
const refusal = { rule: 'meta-robots', value: 'noai', source: 'meta', checkedAt }

const row = (n: number, over: Partial<PageRow> = {}): PageRow => ({
  url: `http://a.test/${n}`,
  host: 'a.test',
  outcome: pageOutcomes[n % pageOutcomes.length]!,
  reason: n % 2 === 0 ? null : 'http_4xx',
  detail: n % 3 === 0 ? 'naïve 写真' : null,
  httpStatus: n % 2 === 0 ? null : 404,
  depth: n,
  tries: n % 4,
  redirectTo: n % 5 === 0 ? 'http://b.test/' : null,
  candidates: n % 2 === 0 ? 3 : null,
  permission: n % 3 === 0 ? null : permission,
  imagesRefusal: n % 4 === 0 ? refusal : null,
  decidedAt: checkedAt,
  ...over,
})
const pageFile = (file: number, rows: readonly PageRow[]): PageFile => ({
  run: 'run-1',
  file,
  createdAt: '2026-01-02T04:00:00.000Z',
  rows,
})
const some = (from: number, count: number) => Array.from({ length: count }, (_, i) => row(from + i))
const readAll = async (store: Store) => {
  const rows: PageRow[] = []
  for await (const one of readPages(store, calm)) rows.push(one)
  return rows
}
const problemsOf = async (store: Store) =>
  (await verifyDataset(store, () => {}, calm)).problems.map(({ file, message }) => `${file}: ${message}`)

/** Two files, complete. */
async function ledger() {
  const dir = await tempFolder()
  const store = folderStore(dir)
  const rows = [some(0, 40), some(40, 7)]
  for (const [file, of] of rows.entries()) await writePageFile(store, pageFile(file, of), calm)
  await compileDataset(store, info, calm)
  return { dir, store, rows: rows.flat() }
}

describe('the files of the page ledger', () => {
  it('give back every row as it was, in order', async () => {
    const { store, rows } = await ledger()
    expect(await readAll(store)).toEqual(rows)
    expect(await lastPageFile(store, calm)).toBe(1)
    expect(await lastPageFile(folderStore(await tempFolder()), calm)).toBe(-1)
  })

  it('are parquet with a column for each thing, as any reader has it', async () => {
    const { dir } = await ledger()
    const file = await asyncBufferFromFile(join(dir, 'pages/00000.parquet'))
    const [, , , , found] = await parquetReadObjects({ file })
    expect(found).toEqual({
      url: 'http://a.test/4',
      host: 'a.test',
      outcome: 'given_up',
      reason: null,
      detail: null,
      http_status: null,
      depth: 4,
      tries: 0,
      redirect_to: null,
      candidates: 3,
      rule: 'robots:disallow /x',
      value: 'Disallow: /x',
      source: 'robots.txt',
      checked_at: checkedAt,
      images_rule: 'meta-robots',
      images_value: 'noai',
      images_source: 'meta',
      images_checked_at: checkedAt,
      decided_at: checkedAt,
    })
  })

  it('come to the same bytes wherever they are written, also over what a killed writer left', async () => {
    const { dir, rows } = await ledger()
    const other = await tempFolder()
    const store = folderStore(other)
    await store.putBytes('pages/00000.parquet', Buffer.from('half'), { ifAbsent: false }, calm)
    await writePageFile(store, pageFile(0, rows.slice(0, 40)), calm)
    await writePageFile(store, pageFile(1, rows.slice(40)), calm)
    await compileDataset(store, info, calm)
    expect(await bytesUnder(other)).toEqual(await bytesUnder(dir))
  })

  it('are left alone once they are committed', async () => {
    const { dir, store } = await ledger()
    const before = await bytesUnder(dir)
    const entry = await writePageFile(store, pageFile(0, some(100, 3)), calm)
    expect(entry.rows).toBe(40)
    expect(await bytesUnder(dir)).toEqual(before)
    await expect(writePageFile(store, { ...pageFile(0, []), run: 'other' }, calm)).rejects.toThrow(
      'of run run-1',
    )
  })

  it('stand in the manifest and in the card, beside the shards', async () => {
    const { dir } = await ledger()
    const manifest = JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as object
    expect(manifest).toMatchObject({
      shards: [],
      pages: [
        { name: 'pages/00000.parquet', rows: 40, size: expect.any(Number), sha256: expect.any(String) },
        { name: 'pages/00001.parquet', rows: 7 },
      ],
    })
    const card = await readFile(join(dir, 'README.md'), 'utf8')
    expect(card).toContain("`load_dataset('parquet', data_files='DIR/pages/*.parquet')`")
    expect(card).not.toContain('config_name: pages')
    expect(card).toContain('the page ledger, 47 rows')
  })

  it('stand in the manifest of a run that goes on as they come, in whatever order', async () => {
    const store = folderStore(await tempFolder())
    const namesAfter = async (file: number) => {
      await writePageFile(store, pageFile(file, some(10 * file, 3)), calm)
      await compileDataset(store, { ...info, complete: false }, calm)
      const manifest = JSON.parse(Buffer.from((await store.read('manifest.json', calm))!).toString()) as {
        pages: { name: string }[]
      }
      return manifest.pages.map(({ name }) => name)
    }
    const name = (file: number) => `pages/0000${file}.parquet`
    expect(await namesAfter(0)).toEqual([name(0)])
    expect(await namesAfter(2)).toEqual([name(0), name(2)])
    expect(await namesAfter(1)).toEqual([name(0), name(1), name(2)])
    expect(await namesAfter(3)).toEqual([name(0), name(1), name(2), name(3)])
  })

  it('take back the word of a manifest that it names everything', async () => {
    const { dir, store } = await ledger()
    await writePageFile(store, pageFile(2, some(50, 1)), calm)
    expect(JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8'))).toMatchObject({ complete: false })
    expect(await verifyDataset(store, () => {}, calm)).toMatchObject({ problems: [], pages: 48 })
  })
})

describe('verify', () => {
  it('passes a ledger in order, and counts its rows', async () => {
    const { store } = await ledger()
    expect(await verifyDataset(store, () => {}, calm)).toMatchObject({
      problems: [],
      pages: 47,
      underWay: [],
    })
  })

  it.each<[string, (dir: string, store: Store) => Promise<unknown>, RegExp]>([
    [
      'a file that is gone',
      (dir) => rm(join(dir, 'pages/00001.parquet')),
      /pages\/00001\.parquet: is missing/,
    ],
    [
      'a byte that flipped',
      async (dir) => {
        const path = join(dir, 'pages/00000.parquet')
        const bytes = await readFile(path)
        bytes[100]! ^= 1
        await writeFile(path, bytes)
      },
      /pages\/00000\.parquet: has another sha256/,
    ],
    [
      'an entry that is gone',
      (dir) => rm(join(dir, '.pairmill/pages/00000.json')),
      /file 0 of the page ledger is missing/,
    ],
    [
      'a file that nobody committed',
      (_, store) => store.putBytes('pages/00007.parquet', Buffer.from('x'), { ifAbsent: true }, calm),
      /pages\/00007\.parquet: is not committed/,
    ],
    [
      'an entry that counts otherwise',
      async (dir) => {
        const path = join(dir, '.pairmill/pages/00001.json')
        await writeFile(path, (await readFile(path, 'utf8')).replace('"rows": 7', '"rows": 8'))
      },
      /has 7 rows, its entry says 8/,
    ],
    [
      'an entry that cannot be read',
      (dir) => writeFile(join(dir, '.pairmill/pages/00001.json'), '{'),
      /00001\.json is not readable/,
    ],
  ])('names %s', async (_, damage, message) => {
    const { dir, store } = await ledger()
    await damage(dir, store)
    expect((await problemsOf(store)).join('\n')).toMatch(message)
  })

  it('names a URL that stands in a file twice, or under another host', async () => {
    const store = folderStore(await tempFolder())
    await writePageFile(store, pageFile(0, [row(1), row(1), row(2, { host: 'b.test' })]), calm)
    await compileDataset(store, info, calm)
    expect(await problemsOf(store)).toEqual([
      'pages/00000.parquet: has http://a.test/1 twice',
      'pages/00000.parquet: row 2 has no URL of its host',
    ])
  })

  it('minds no file whose entry is still to come while the run goes on', async () => {
    const { store } = await ledger()
    await compileDataset(store, { ...info, complete: false }, calm)
    await store.putBytes('pages/00002.parquet', Buffer.from('x'), { ifAbsent: true }, calm)
    expect(await verifyDataset(store, () => {}, calm)).toMatchObject({
      problems: [],
      underWay: ['pages/00002.parquet'],
    })
  })
})
