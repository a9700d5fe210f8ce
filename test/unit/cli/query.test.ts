import { describe, expect, it } from 'vitest'
import { queryCommand, type TablesDeps } from '../../../src/cli/query.js'
import { type Row, SqlError, type Tables } from '../../../src/query/index.js'
import { UnreadableDataset } from '../../../src/shard/index.js'
import { paper } from '../../fixtures/cli/output.js'

/** Tables that answer every statement alike; `fails`: behind the first row. */
function tablesOf(
  rows: readonly Row[],
  fails: Error | null = null,
): Tables & { readonly closed: () => boolean } {
  let isClosed = false
  const answer = async function* () {
    for (const row of rows) yield [row]
    if (fails !== null) throw fails
  }
  return {
    committed: [{ entries: [], pages: [{ file: 0, name: 'pages/00000.parquet', size: 1 }] }],
    select: async () => ({ columns: [{ name: 'n', type: 'INTEGER' }], rows: answer, close: () => {} }),
    rows: answer,
    whereProblem: async () => null,
    async close() {
      isClosed = true
    },
    closed: () => isClosed,
  }
}

async function query(
  open: TablesDeps['open'],
  style: 'table' | 'csv' = 'table',
  stdout: ReturnType<typeof paper> = paper(),
) {
  const stderr = paper()
  const call = { dir: '/d', sql: 'select 1', style, progress: null }
  const clock = { now: () => 0, every: () => () => {} }
  const deps = { open, isPlace: () => true, stdout, stderr, redraw: true, clock }
  return { code: await queryCommand(call, deps), stdout: stdout.text(), stderr: stderr.text() }
}

describe('query', () => {
  it('prints the rows, says how many, and closes what it opened', async () => {
    const tables = tablesOf([{ n: 1 }, { n: 2 }])
    expect(await query(async () => tables)).toEqual({ code: 0, stdout: 'n\n-\n1\n2\n', stderr: '2 rows\n' })
    expect(tables.closed()).toBe(true)
    expect(await query(async () => tablesOf([]), 'csv')).toEqual({ code: 0, stdout: 'n\n', stderr: '' })
  })

  it('asks for no more rows where its reader has gone', async () => {
    const unread = new Error('rows that nobody reads')
    const tables = tablesOf([{ n: 1 }], unread)
    const read = paper(false, 80, 2)
    expect(await query(async () => tables, 'csv', read)).toEqual({ code: 0, stdout: 'n\n1\n', stderr: '' })
    expect(tables.closed()).toBe(true)
  })

  it('says what is wrong with a statement, in lines that steer no terminal', async () => {
    const tables = tablesOf(
      [{ n: 1 }],
      new SqlError('Binder Error: no \u001b[31mcolumn\n\nLINE 1: select x\n               ^'),
    )
    const { code, stderr } = await query(async () => tables)
    expect(code).toBe(2)
    expect(stderr).toBe('pairmill: Binder Error: no  [31mcolumn\n\nLINE 1: select x\n               ^\n')
    expect(tables.closed()).toBe(true)
  })

  it('ends with 1 where it is not the statement that is to blame', async () => {
    const full = new SqlError('Out of Memory Error: failed to offload data block')
    expect(await query(async () => tablesOf([], full))).toMatchObject({
      code: 1,
      stderr: `pairmill: ${full.message}\n`,
    })
  })

  it('says why a dataset cannot be asked, and lets a bug through', async () => {
    expect(await query(async () => ({ kind: 'missing-duckdb', message: 'install it' }))).toEqual({
      ...{ code: 1, stdout: '', stderr: 'pairmill: install it\n' },
    })
    expect(await query(async () => ({ ...tablesOf([]), committed: [{ entries: [], pages: [] }] }))).toEqual({
      ...{ code: 1, stdout: '', stderr: 'pairmill: nothing is committed in /d yet\n' },
    })
    expect(await query(() => Promise.reject(new UnreadableDataset('it is missing')))).toEqual({
      ...{ code: 1, stdout: '', stderr: 'pairmill: it is missing\n' },
    })
    await expect(query(() => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug')
  })
})
