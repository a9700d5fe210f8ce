import { describe, expect, it } from 'vitest'
import { missingText } from '../../../src/query/duckdb.js'
import { globOf, quoted, viewSql } from '../../../src/query/views.js'

const shape = {
  ...{ name: 'things', source: 'source', number: 'shard' },
  fields: [
    ['a', 'string'],
    ['b', { list: 'int' }],
  ],
} as const

describe('the SQL of a view', () => {
  it('names the same columns and types with files and without', () => {
    expect(viewSql(shape, [])).toBe(
      'create view things as\nselect null::varchar as "a", null::integer[] as "b", null::integer as "source", null::integer as "shard" where false',
    )
    const files = [
      { path: "/it's/[1].parquet", source: 0, number: 3 },
      { path: '/b', source: 1, number: null },
    ]
    expect(viewSql(shape, [{ files, columns: new Map([['a', 'text']]) }])).toBe(
      [
        'create view things as',
        'select "a"::varchar as "a", null::integer[] as "b", ([0, 1]::integer[])[file_index::bigint + 1] as "source", ([3, null]::integer[])[file_index::bigint + 1] as "shard"',
        "from read_parquet(['/it''s/[[]1].parquet', '/b'], hive_partitioning = false)",
      ].join('\n'),
    )
  })

  it('quotes texts, and takes no path for a pattern', () => {
    expect(quoted("it's")).toBe("'it''s'")
    expect(globOf('/a*/b?/[c]')).toBe('/a[*]/b[?]/[[]c]')
  })
})

describe('a DuckDB that cannot be loaded', () => {
  it('is missing, or says why, and names the command that installs it', () => {
    const command = 'install it with: npm install --no-save @duckdb/node-api@1.2.3'
    const absent = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' })
    expect(missingText(absent, '1.2.3')).toBe(`this needs DuckDB, which is not installed; ${command}`)
    expect(missingText(new Error('GLIBC_2.99 not found'), '1.2.3')).toBe(
      `this needs DuckDB, which cannot be loaded (GLIBC_2.99 not found); ${command}`,
    )
  })
})
