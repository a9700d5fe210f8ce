import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { captionSources, type Permission, type Row, uidOf } from '../../../src/records/index.js'
import { ParquetFile } from '../../../src/shard/parquet.js'
import { readParquet } from '../../../src/shard/parquet-reader.js'
import { recordColumns, rowOf } from '../../../src/shard/record-row.js'
import { sampleRecord, sampleTable, wellFormed } from '../../../src/shard/sample-record.js'
import { runs } from '../../fixtures/runs.js'
import { keptRow, rejectedRow, tempFolder } from '../../fixtures/shard/dataset-fixture.js'

const text = fc.string({ unit: 'binary', minLength: 1 }).map(wellFormed)
const maybe = <T>(of: fc.Arbitrary<T>) => fc.option(of)
const time = fc
  .date({ min: new Date(0), max: new Date('2099-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString())
/** JSON knows no negative zero. */
const score = fc.double({ min: -1, max: 1, noNaN: true }).map((one) => one + 0)
const permission: fc.Arbitrary<Permission> = fc.record({
  rule: text,
  value: maybe(text),
  source: fc.constantFrom('robots.txt', 'header'),
  checkedAt: time,
})

/** What a crawl may say of a candidate. */
const row: fc.Arbitrary<Row> = fc
  .record({
    caption: text,
    url: fc.webUrl(),
    detail: maybe(text),
    originalWidth: maybe(fc.nat()),
    exif: maybe(fc.json()),
    pageUrl: maybe(fc.webUrl()),
    captions: fc.array(
      fc.record({
        source: fc.constantFrom(...captionSources),
        text,
        score: maybe(score),
      }),
    ),
    clipScore: maybe(score),
    phash: maybe(fc.stringMatching(/^[0-9a-f]{16}$/)),
    language: maybe(fc.constantFrom('en', 'und')),
    licenceUrl: maybe(fc.webUrl()),
    credit: maybe(text),
    fetchedAt: maybe(time),
    permission: maybe(permission),
    pagePermission: maybe(permission),
    tags: fc.array(text),
    isKept: fc.boolean(),
  })
  .map(({ isKept, ...changes }) => {
    const { row } = isKept ? keptRow(1, Buffer.from('image')) : rejectedRow(1, 'score_low')
    const { embeddings: _, ...plain } = row
    return { ...plain, ...changes }
  })

const jsonRead = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('a row that is read again', () => {
  it('is the one that was written, from KEY.json', () => {
    fc.assert(
      fc.property(row, (written) => {
        const record = sampleRecord(written, '000000', 5)
        const read = rowOf(jsonRead(record), 'content')
        expect(sampleRecord(read, '000000', 5)).toEqual(record)
        expect(read).toEqual(written)
      }),
      { numRuns: runs.text },
    )
  })

  it('is the one that was written, from parquet', async () => {
    const dir = await tempFolder()
    let file = 0
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 5 }), async (written) => {
        const path = join(dir, `${file++}.parquet`)
        const parquet = await ParquetFile.create(path, sampleTable)
        for (const one of written) await parquet.append(sampleRecord(one, null, null))
        await parquet.finish()
        const read: Row[] = []
        for await (const record of readParquet(path, recordColumns)) read.push(rowOf(record, 'content'))
        expect(read).toEqual(written)
      }),
      { numRuns: runs.file },
    )
  })

  it('is read from version 1, which held texts, knew fewer fields, and had no uid', () => {
    const { row } = keptRow(7, Buffer.from('image'))
    const { uid: _, page_permission: __, credit: ___, ...record } = sampleRecord(row, '000000', null)
    const old = {
      ...record,
      captions: JSON.stringify(record.captions),
      tags: JSON.stringify(record.tags),
      permission: JSON.stringify(row.permission),
    }
    const { embeddings: ____, ...rest } = row
    const plain = { ...rest, credit: null, pagePermission: null }
    expect(rowOf(old, 'content')).toEqual(plain)
    const candidate = { imageUrl: row.url, captions: row.captions }
    expect(rowOf(old, 'pair').uid).toBe(uidOf('pair', row.sha256 ?? '', candidate))
  })

  it('is none of ours where a field holds something else', () => {
    const record = sampleRecord(keptRow(7, Buffer.from('image')).row, '000000', null)
    for (const wrong of [
      { captions: 'no json' },
      { width: 'wide' },
      { error_message: 'unheard_of' },
      { permission: 3 },
    ])
      expect(() => rowOf({ ...record, ...wrong }, 'content')).toThrow()
  })
})
