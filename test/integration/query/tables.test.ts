import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openTables, type Row, SqlError, type Tables } from '../../../src/query/index.js'
import {
  compileDataset,
  folderStore,
  type Store,
  UnreadableDataset,
  writePageFile,
} from '../../../src/shard/index.js'
import { datasetOf, writeOldShard } from '../../fixtures/query/datasets.js'
import { calm, datasetInfo, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

async function tablesOf(stores: readonly Store[], signal = calm): Promise<Tables> {
  const tables = await openTables(stores, { scratch: await tempFolder() }, signal)
  if ('kind' in tables) throw new Error(tables.message)
  onTestFinished(tables.close)
  return tables
}

async function all(tables: Tables, sql: string, params?: Parameters<Tables['rows']>[1]): Promise<Row[]> {
  const rows: Row[] = []
  for await (const chunk of tables.rows(sql, params)) rows.push(...chunk)
  return rows
}

const checkedAt = '2024-05-01T00:00:00.000Z'

describe('the tables of a dataset', { timeout: 60_000 }, () => {
  it('take lists of texts, empty ones too', async () => {
    const { store } = await datasetOf({ kept: 3, rejected: 0 })
    const tables = await tablesOf([store])
    const count = async (keys: readonly string[]) => {
      const [row] = await all(tables, 'select count(*) as n from pairs where list_contains(?, key)', [keys])
      return row?.n
    }
    expect(await count([])).toBe(0)
    expect(await count(['000000', '000002'])).toBe(2)
  })

  it('have the kept rows, the rejected ones, and those of the page ledger', async () => {
    const { store } = await datasetOf({ kept: 12, rejected: 7 })
    await writePageFile(
      store,
      {
        ...{ run: 'run-1', file: 0, createdAt: checkedAt },
        rows: [
          {
            ...{ url: 'http://a.test/', host: 'a.test', outcome: 'read', reason: null, detail: null },
            ...{ httpStatus: 200, depth: 0, tries: 1, redirectTo: null, candidates: 3, decidedAt: checkedAt },
            ...{ permission: { rule: 'robots:none', checkedAt }, imagesRefusal: null },
          },
        ],
      },
      calm,
    )
    const tables = await tablesOf([store])
    expect(
      await all(
        tables,
        'select (select count(*) from pairs) as pairs, (select count(*) from rejected) as rejected, (select count(*) from candidates) as candidates',
      ),
    ).toEqual([{ pairs: 12, rejected: 7, candidates: 19 }])
    expect(await all(tables, 'select distinct source, shard from pairs order by all')).toEqual([
      { source: 0, shard: 0 },
      { source: 0, shard: 1 },
    ])
    expect(
      await all(
        tables,
        'select captions, permission, tags, fetched_at, width from pairs where key is not null limit 1',
      ),
    ).toEqual([
      {
        captions: [{ source: 'alt', text: expect.stringContaining('写真'), score: 0.3 }],
        permission: { rule: 'robots:none', value: null, source: null, checked_at: checkedAt },
        ...{ tags: [], fetched_at: '2024-05-01T10:00:00.000Z', width: expect.any(Number) },
      },
    ])
    expect(await all(tables, 'select dataset, file, host, candidates, source from pages')).toEqual([
      { dataset: 0, file: 0, host: 'a.test', candidates: 3, source: null },
    ])
  })

  it('have the same columns and types where nothing is committed', async () => {
    const full = await tablesOf([(await datasetOf({ kept: 3, rejected: 1 })).store])
    const empty = await tablesOf([folderStore(await tempFolder())])
    for (const view of ['pairs', 'rejected', 'candidates', 'pages']) {
      const types = `select column_name, data_type from duckdb_columns() where table_name = '${view}'`
      expect(await all(empty, types)).toEqual(await all(full, types))
      expect(await all(empty, `select count(*) as n from ${view}`)).toEqual([{ n: 0 }])
    }
  })

  it('read version 1 beside version 2, as the same types, and what it had not as null', async () => {
    const old = await tempFolder()
    await writeOldShard(old, 0, [
      {
        ...{ caption: 'c', url: 'http://a.test/1.jpg', key: '000000', status: 'success', width: 7 },
        ...{
          captions: [
            { source: 'alt', text: 'c', score: 0.5 },
            { source: 'title', text: 't', score: null },
          ],
        },
        ...{ clip_score: 0.5, permission: { rule: 'tdm', value: 'v', checkedAt }, tags: ['cat'] },
      },
      {
        ...{
          caption: 'd',
          url: 'http://a.test/2.jpg',
          key: null,
          status: 'rejected',
          error_message: 'score_low',
        },
        ...{ captions: [], permission: null, tags: null },
      },
    ])
    const tables = await tablesOf([(await datasetOf({ kept: 3, rejected: 0 })).store, folderStore(old)])
    expect(
      await all(
        tables,
        'select url, uid, captions, permission, tags, page_host, caption_alt from candidates where source = 1 order by url',
      ),
    ).toEqual([
      {
        ...{ url: 'http://a.test/1.jpg', uid: null, page_host: null, caption_alt: null, tags: ['cat'] },
        captions: [
          { source: 'alt', text: 'c', score: 0.5 },
          { source: 'title', text: 't', score: null },
        ],
        permission: { rule: 'tdm', value: 'v', source: null, checked_at: checkedAt },
      },
      {
        ...{ url: 'http://a.test/2.jpg', uid: null, page_host: null, caption_alt: null, tags: [] },
        ...{ captions: [], permission: null },
      },
    ])
    expect(await all(tables, 'select count(*) as n, count(uid) as uids from pairs')).toEqual([
      { n: 4, uids: 3 },
    ])
  })

  it('read a copy without .pairmill by its manifest', async () => {
    const { dir, store } = await datasetOf({ kept: 5, rejected: 2 })
    await compileDataset(store, datasetInfo, calm)
    await rm(join(dir, '.pairmill'), { recursive: true })
    expect(await all(await tablesOf([store]), 'select count(*) as n from candidates')).toEqual([{ n: 7 }])
  })

  it('do not read a file that no entry names, nor take a name for a pattern', async () => {
    const { dir } = await datasetOf({ kept: 3, rejected: 1 })
    await copyFile(join(dir, '00000.parquet'), join(dir, '00001.parquet'))
    const odd = join(await tempFolder(), "a=1 [0-9] * it's")
    await mkdir(odd)
    await rename(dir, join(odd, 'd'))
    const tables = await tablesOf([folderStore(join(odd, 'd'))])
    expect(await all(tables, 'select count(*) as n from candidates')).toEqual([{ n: 4 }])
    expect(await all(tables, "select count(*) as n from duckdb_columns() where column_name = 'a'")).toEqual([
      { n: 0 },
    ])
  })

  it('name a file that is missing, and one that is no parquet', async () => {
    const { dir, store } = await datasetOf({ kept: 3, rejected: 1 })
    const open = async () => openTables([store], { scratch: await tempFolder() }, calm)
    await writeFile(join(dir, '00000.parquet'), 'no parquet')
    await expect(open()).rejects.toThrow(UnreadableDataset)
    await expect(open()).rejects.toThrow(/00000\.parquet/)
    await rm(join(dir, '00000.parquet'))
    await expect(open()).rejects.toThrow(/00000\.parquet is missing/)
  })

  it('say which package to install where DuckDB is missing', async () => {
    const load = () => Promise.reject(Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' }))
    const opened = await openTables([], { scratch: await tempFolder(), load }, calm)
    expect(opened).toEqual({
      kind: 'missing-duckdb',
      message: expect.stringMatching(/is not installed; install it with: npm install .*@duckdb\/node-api@\d/),
    })
  })

  it('leave nothing in the scratch folder', async () => {
    const scratch = await tempFolder()
    const { store } = await datasetOf({ kept: 3, rejected: 0 })
    const tables = await openTables([store], { scratch }, calm)
    if ('kind' in tables) throw new Error(tables.message)
    await all(tables, 'select * from pairs')
    await tables.close()
    expect(await readdir(scratch)).toEqual([])
  })
})

describe('a statement', { timeout: 60_000 }, () => {
  const refused = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/etc/passwd')",
    "select * from glob('/etc/*')",
    "select * from '/etc/passwd'",
    "select * from sniff_csv('/etc/passwd')",
    "select * from read_json('/etc/passwd')",
    "select * from parquet_schema('OTHER')",
    'call pragma_version()',
    'checkpoint',
    'vacuum',
    "select * from read_parquet('OTHER')",
    "select * from read_parquet('http://127.0.0.1:9/x.parquet')",
    "copy pairs to 'OTHER.csv'",
    "copy (select 1) to 'OWN'",
    "explain analyze copy (select 1) to 'OWN'",
    "attach 'OTHER.db'",
    'install httpfs',
    'load httpfs',
    'set threads = 1',
    "set memory_limit = '8GB'",
    'reset memory_limit',
    'pragma threads = 1',
    'create table t as select 1',
    'create or replace view pairs as select 1',
    'drop view pairs',
    "export database 'OTHER'",
    'select 1; select 2',
    '',
    'selec 1',
    'select nothing from pairs',
    "select error('on the way') from pairs",
    "select 'x'::integer from pairs",
  ]

  it('that is no select, reads or writes other files, or is wrong, is refused with a reason', async () => {
    const { dir, store } = await datasetOf({ kept: 3, rejected: 0 })
    const other = await datasetOf({ kept: 3, rejected: 0 })
    const tables = await tablesOf([store])
    const own = join(dir, '00000.parquet')
    const names = async () => (await readdir(dir)).sort()
    const before = await names()
    for (const text of refused) {
      const sql = text.replace('OWN', own).replace('OTHER', join(other.dir, '00000.parquet'))
      await expect(all(tables, sql), sql).rejects.toThrow(SqlError)
    }
    expect(await names()).toEqual(before)
    expect(await all(tables, 'select count(*) as n from pairs')).toEqual([{ n: 3 }])
  })

  it('takes values for its parameters', async () => {
    const tables = await tablesOf([folderStore(await tempFolder())])
    expect(
      await all(tables, "select ? as a, ? + 1 as b, ?::boolean as c, 'y' = any(?) as d", [
        "it's",
        2,
        true,
        ['x', 'y'],
      ]),
    ).toEqual([{ a: "it's", b: 3, c: true, d: true }])
  })

  it('answers in chunks, several at a time, and may be left in the middle', async () => {
    const tables = await tablesOf([folderStore(await tempFolder())])
    const first = tables.rows('select range as n from range(1000000)')
    const second = tables.rows('select -range as n from range(1000000)')
    const chunks = [(await first.next()).value, (await second.next()).value] as const
    expect(chunks.map((chunk) => chunk[1])).toEqual([{ n: 1 }, { n: -1 }])
    expect(chunks[0].length).toBeLessThan(10_000)
    await first.return(undefined)
    let rows: number = chunks[1].length
    for await (const chunk of second) rows += chunk.length
    expect(rows).toBe(1_000_000)
  })

  it('gives whole numbers, times and other types as what JSON has', async () => {
    const tables = await tablesOf([folderStore(await tempFolder())])
    const sql = `select 1::bigint as a, 9007199254740993 as b, 1.5 as c, timestamp '2024-05-01 10:00:00.123' as d,
      {'x': [1::bigint], 'y': null} as e, interval 2 days as f, 1 as a, '\\x41'::blob as g, 'infinity'::timestamp as h`
    const tablesAnswer = await tables.select(sql)
    expect(tablesAnswer.columns.slice(0, 4)).toEqual([
      { name: 'a', type: 'BIGINT' },
      { name: 'b', type: 'BIGINT' },
      { name: 'c', type: 'DECIMAL(2,1)' },
      { name: 'd', type: 'TIMESTAMP' },
    ])
    for await (const rows of tablesAnswer.rows()) {
      expect(rows).toEqual([
        {
          ...{ a: 1, b: 9007199254740993n, c: 1.5, d: '2024-05-01T10:00:00.123Z', e: { x: [1], y: null } },
          ...{ f: '2 days', 'a:1': 1, g: expect.any(String), h: expect.any(String) },
        },
      ])
    }
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    const tables = await tablesOf([folderStore(await tempFolder())], stop.signal)
    const endless = all(tables, 'select sum(a.range * b.range) from range(1000000) a, range(1000000) b')
    const why = new Error('stop')
    setImmediate(() => stop.abort(why))
    await expect(endless).rejects.toBe(why)
  })

  it('spills what does not fit into memory', async () => {
    const scratch = await tempFolder()
    const tables = await openTables([], { scratch, memoryLimitMb: 128, threads: 2 }, calm)
    if ('kind' in tables) throw new Error(tables.message)
    onTestFinished(tables.close)
    const sorted = tables.rows(
      'select range as n, repeat(md5(range::varchar), 8) as t from range(1000000) order by t',
    )
    await sorted.next()
    const spilled = await readdir(scratch, { recursive: true })
    await sorted.return(undefined)
    expect(spilled.length).toBeGreaterThan(1)
  })
})

describe('a condition', { timeout: 60_000 }, () => {
  it.each([
    'clip_score > 0.3',
    "language = 'en' and width >= 256",
    'uid in (select uid from pairs where clip_score > 0.3)',
    'clip_score > 0.3 -- good ones',
    "list_contains(tags, 'cat') or caption ilike '%;%'",
  ])('is one: %s', async (expression) => {
    const tables = await tablesOf([folderStore(await tempFolder())])
    expect(await tables.whereProblem(expression)).toBeNull()
  })

  it.each([
    '',
    'nothing > 0.3',
    'clip_score >',
    'true); drop view pairs; select (1',
    'true) union all select 1 from rejected where (true',
    'true) order by (1',
    'true then 1 end from pairs union all select case when true',
    'true /*',
    'count(*) > 1',
    'clip_score, width',
    'clip_score > ?',
    'clip_score > $1',
    "read_text('/etc/passwd') = ''",
    "exists (select * from read_csv('/etc/passwd'))",
  ])('is none: %s', async (expression) => {
    const tables = await tablesOf([folderStore(await tempFolder())])
    expect(await tables.whereProblem(expression)).toEqual(expect.any(String))
  })
})
