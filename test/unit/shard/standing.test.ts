import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  folderStore,
  isDatasetName,
  pageFileName,
  parquetName,
  shardStem,
  statsName,
  tarName,
} from '../../../src/shard/index.js'
import { ledgerStem } from '../../../src/shard/layout.js'
import type { S3Link } from '../../../src/shard/s3/link.js'
import { listTop } from '../../../src/shard/s3/listing.js'
import { standingIn, standingOf, standingProblem } from '../../../src/shard/standing.js'
import { runs } from '../../fixtures/runs.js'
import { calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const seen = { names: [] as string[], isAll: true, state: [] as string[], generator: null }

describe('the names of a dataset', () => {
  it.each([
    ...['manifest.json', 'index.json', 'sizes.json', 'README.md', 'croissant.json', 'report.html'],
    ...['00000.tar', '00007.parquet', '123456.tar', '1000000.parquet', '00000.tar.idx', '00000_01.tar'],
    ...['00000_stats.json', 'ledger_stats.json', 'ledger.parquet', 'ledger_00003.parquet'],
    ...['pages', 'img_emb', 'text_emb', 'metadata', 'rejected', '.nv-meta'],
  ])('are those of versions to come as well, as %s', (name) => {
    expect(isDatasetName(name)).toBe(true)
    expect(standingOf({ ...seen, names: ['notes.txt', name] })).toEqual({
      kind: 'foreign',
      names: [name],
      isAll: true,
    })
  })

  it.each([
    'notes.txt',
    'pairs.csv',
    'data.parquet',
    '00000.jpg',
    'readme.md',
    'package.json',
    'src',
    '.git',
    '0.tar',
  ])('are not all that may lie in a folder: %s', (name) => {
    expect(standingOf({ ...seen, names: [name] })).toEqual({ kind: 'free' })
  })

  it('hold every file that a run ever writes at its top', () => {
    fc.assert(
      fc.property(fc.nat(20_000_000), (number) => {
        const stems = [shardStem(number), ledgerStem(number)]
        for (const stem of stems)
          for (const name of [tarName(stem), parquetName(stem), statsName(stem)])
            if (name !== tarName(ledgerStem(number))) expect(isDatasetName(name)).toBe(true)
        expect(isDatasetName(pageFileName(number).split('/')[0]!)).toBe(true)
      }),
      { numRuns: runs.file },
    )
  })
})

describe('a place', () => {
  const names = ['README.md', '00000.tar']

  it('is no run’s where a dataset was curated, or the parts of one, and says so', async () => {
    for (const there of [names, []]) {
      const standing = standingOf({ ...seen, names: there, state: ['entries', 'curate.json'] })
      expect(standing).toEqual({ kind: 'curated' })
      expect(standingProblem('--out x', standing)).toContain('there is no run to go on with')
    }
    const dir = await tempFolder()
    mkdirSync(join(dir, '.pairmill'))
    writeFileSync(join(dir, '.pairmill/curate.json'), '{}')
    expect(await standingIn(folderStore(dir), calm)).toEqual({ kind: 'curated' })
  })

  it.each(['owner.json', 'lock', 'tmp', 'entries', 'plans', 'parts', 'pages'])(
    'is pairmill’s where a run has left %s',
    (mark) => {
      expect(standingOf({ ...seen, names, state: ['db', mark] })).toEqual({ kind: 'own' })
    },
  )

  it.each([[[]], [['notes.txt']], [['db', 'db.unfinished', 'probe', 'status.json']]])(
    'is a stranger’s where no run has come to write beside %j',
    (state) => {
      expect(standingOf({ ...seen, names, state }).kind).toBe('foreign')
    },
  )

  it('without what its run kept is a copy, and another program’s manifest makes it none', () => {
    expect(standingOf({ ...seen, names, generator: 'pairmill' })).toEqual({ kind: 'copy' })
    expect(standingOf({ ...seen, names, generator: 'webpack' }).kind).toBe('foreign')
  })

  it('of which not all was seen is never free', () => {
    expect(standingOf({ ...seen, names: ['notes.txt'], isAll: false })).toEqual({ kind: 'crowded' })
    expect(standingOf({ ...seen, names, isAll: false })).toMatchObject({ kind: 'foreign', isAll: false })
  })

  it('is refused by its names, which reach a terminal as text alone', () => {
    const many = Array.from({ length: 14 }, (_, n) => `${shardStem(n)}.tar`)
    const said = standingProblem('out', standingOf({ ...seen, names: ['00000\u001b[2J.tar', ...many] }))
    expect(said).toContain('00000 [2J.tar, 00000.tar, 00001.tar')
    expect(said).toMatch(/00008\.tar and 5 more; choose another --out$/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(said).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
    expect(standingProblem('out', { kind: 'free' })).toBeNull()
    expect(standingProblem('out', { kind: 'own' })).toBeNull()
    expect(standingProblem('out', { kind: 'copy' })).toContain('it can be read')
    expect(standingProblem('out', { kind: 'crowded' })).toContain('a prefix of its own')
  })
})

describe('a folder that is looked at', () => {
  const folderOf = async (files: Record<string, string>) => {
    const dir = await tempFolder()
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), text)
    }
    return folderStore(dir)
  }

  it('is judged by what lies in it', async () => {
    const manifest = JSON.stringify({ v: 1, generator: 'pairmill' })
    const standing = async (files: Record<string, string>) =>
      (await standingIn(await folderOf(files), calm)).kind
    expect(await standing({})).toBe('free')
    expect(await standing({ 'notes.txt': 'x' })).toBe('free')
    expect(await standing({ 'pages/readme': 'x' })).toBe('foreign')
    expect(await standing({ 'manifest.json': manifest })).toBe('copy')
    expect(await standing({ 'manifest.json': manifest, '.pairmill/lock': '{}' })).toBe('own')
    for (const other of ['not JSON', '[]', 'null', '{"generator": 7}', '{"generator": "pairmill2"}'])
      expect(await standing({ 'manifest.json': other })).toBe('foreign')
    expect((await standingIn(folderStore('/nowhere/at/all'), calm)).kind).toBe('free')
  })
})

describe('a prefix that is listed', () => {
  /** Pages of 1,000 names each of which `read` is told. */
  const linkOf = (pages: number, names: (page: number) => readonly string[], read: (page: number) => void) =>
    ({
      sdk: {
        ListObjectsV2Command: class {
          constructor(readonly input: object) {}
        },
      },
      location: { bucket: 'bucket', prefix: 'sets/' },
      client: {
        send: async ({ input }: { input: { Delimiter: string; ContinuationToken?: string } }) => {
          expect(input.Delimiter).toBe('/')
          const page = Number(input.ContinuationToken ?? 0)
          read(page)
          return {
            Contents: names(page).map((name) => ({ Key: `sets/${name}` })),
            CommonPrefixes: [{ Prefix: `sets/folder-${page}/` }],
            IsTruncated: page < pages - 1,
            NextContinuationToken: String(page + 1),
          }
        },
      },
      call: async (_: string, send: (signal: AbortSignal) => Promise<unknown>) => send(calm),
    }) as unknown as S3Link

  it('is seen whole where it is small, and asked for five pages at most', async () => {
    for (const pages of [1, 3, 5, 6, 1_000_000]) {
      const read: number[] = []
      const link = linkOf(
        pages,
        (page) => ['', `00${page}.txt`, `0000${page}.tar`],
        (page) => read.push(page),
      )
      const top = await listTop(link, (name) => name.endsWith('.tar') || name.startsWith('folder'), calm)
      const most = Math.min(pages, 5)
      expect(read).toHaveLength(most)
      expect(top.isAll).toBe(pages <= 5)
      expect(top.names).toHaveLength(2 * most)
      expect(top.names).toContain('folder-0')
    }
  })
})
