import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Field, FieldType } from '../../../src/shard/field.js'
import { folderStore, readDecisions, UnreadableDataset } from '../../../src/shard/index.js'
import { ParquetFile } from '../../../src/shard/parquet.js'
import { calm, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const permission = {
  struct: [
    ['rule', 'string'],
    ['value', 'string'],
    ['source', 'string'],
    ['checked_at', 'time'],
  ],
} as const

const fieldsOf = (type: FieldType): readonly Field[] => [
  ['url', 'string'],
  ['page_url', 'string'],
  ['error_message', 'string'],
  ['permission', type],
  ['page_permission', type],
]

/** A dataset of one shard that somebody else wrote. */
async function datasetOf(rows: readonly Record<string, unknown>[], version: 1 | 2 = 1) {
  const dir = await tempFolder()
  await mkdir(join(dir, '.pairmill/entries'), { recursive: true })
  const parquet = await ParquetFile.create(join(dir, '00000.parquet'), {
    ...{ name: 'samples', version, fields: fieldsOf(version === 1 ? 'string' : permission) },
  })
  for (const { permission: said, ...row } of rows) {
    const cell = said === null || version === 2 ? said : JSON.stringify(said)
    await parquet.append({
      ...{ page_url: null, error_message: null, page_permission: null, permission: cell },
      ...row,
    })
  }
  const sums = await parquet.finish()
  const entry = {
    ...{ v: 1, run: 'r', plan: 0, shard: 0, shardSize: 10, samples: rows.length, rows: rows.length },
    ...{ format: 'jpg', modelId: null, createdAt: '2024-05-01T12:00:00.000Z', reasons: {} },
    scores: { width: 0.01, first: 0, kept: [], rejected: [] },
    files: [{ name: '00000.parquet', ...sums }],
  }
  await writeFile(join(dir, '.pairmill/entries/00000.json'), JSON.stringify(entry))
  const read = async () => {
    const all = []
    for await (const decision of readDecisions(folderStore(dir), calm)) all.push(decision)
    return all
  }
  return { dir, read }
}

const checkedAt = '2024-05-01T00:00:00.000Z'

describe('the decisions in a dataset', () => {
  it('are read as they were written, without what is not known here', async () => {
    const { read } = await datasetOf([
      { url: 'http://a.test/1.jpg', permission: { rule: 'robots:none', checkedAt } },
      { url: 'http://a.test/2.jpg', permission: { rule: 'tdm', value: 'v', source: 's', checkedAt, new: 1 } },
      { url: 'http://a.test/3.jpg', permission: null },
    ])
    expect((await read()).map(({ image }) => image)).toEqual([
      { rule: 'robots:none', checkedAt },
      { rule: 'tdm', value: 'v', source: 's', checkedAt },
      null,
    ])
  })

  it('are read from structs as from the JSON texts of version 1', async () => {
    const { read } = await datasetOf(
      [
        {
          url: 'http://a.test/1.jpg',
          permission: { rule: 'tdm', value: null, source: 's', checked_at: checkedAt },
        },
        { url: 'http://a.test/2.jpg', permission: null },
      ],
      2,
    )
    expect((await read()).map(({ image }) => image)).toEqual([
      { rule: 'tdm', value: null, source: 's', checkedAt },
      null,
    ])
  })

  it.each([
    ['a permission that is a text', { url: 'http://a.test/1.jpg', permission: 'yes' }],
    ['a rule that is an object', { url: 'http://a.test/1.jpg', permission: { rule: {}, checkedAt } }],
    ['a permission without a time', { url: 'http://a.test/1.jpg', permission: { rule: 'robots:none' } }],
    ['a row without a URL', { url: null, permission: null }],
  ])('of which one is %s are refused by the file', async (_, row) => {
    const { dir, read } = await datasetOf([row])
    const error = await read().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UnreadableDataset)
    expect(String(error)).toContain(`${dir}: 00000.parquet cannot be read: `)
  })

  it('in a file that is no parquet are refused by its name', async () => {
    const { dir, read } = await datasetOf([])
    await writeFile(join(dir, '00000.parquet'), 'no parquet')
    await expect(read()).rejects.toThrow(`${dir}: 00000.parquet cannot be read: `)
  })
})
