import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { parquetWriteFile } from 'hyparquet-writer'
import { afterAll, describe, expect, it } from 'vitest'
import { CsvParser } from '../../../../src/crawl/sources/csv.js'
import { fileDigest } from '../../../../src/crawl/sources/file-digest.js'
import {
  type ListFormat,
  type ListRow,
  type ListSource,
  listProblem,
  readList,
} from '../../../../src/crawl/sources/index.js'
import { createLineParser } from '../../../../src/crawl/sources/lines.js'
import {
  endlessParquet,
  nestedParquet,
  packedParquet,
} from '../../../fixtures/crawl/sources/parquet-files.js'
import { runs } from '../../../fixtures/runs.js'

const folder = mkdtempSync(join(tmpdir(), 'pairmill-lists-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function listOf(
  content: string | Uint8Array,
  format: ListFormat,
  over: Partial<ListSource> = {},
): ListSource {
  const path = join(folder, `${files++}.${format}`)
  writeFileSync(path, content)
  return {
    kind: 'list',
    path,
    format,
    gzip: false,
    columns: { url: 'url', caption: 'caption', page: null, licence: null },
    ...over,
  }
}

async function rowsOf(source: ListSource, done = 0, answerMs?: number): Promise<ListRow[]> {
  const rows: ListRow[] = []
  for await (const row of readList(source, done, answerMs)) rows.push(row)
  return rows
}

/** `LINE URL | CAPTION` or `LINE REASON`. */
const shown = (rows: readonly ListRow[]) =>
  rows.map((row) =>
    row.kind === 'candidate'
      ? `${row.line} ${row.candidate.imageUrl} | ${row.candidate.captions[0]!.text}`
      : `${row.line} ${row.reason}`,
  )

describe('a list of images', () => {
  it('as csv: quotes, commas and lines within captions, either line end, columns in any order', async () => {
    const text =
      '\ufeffid,caption,url\r\n1,"A cat, on ""the"" mat",http://a.test/1.jpg\r\n2,"two\r\nlines",http://a.test/2.jpg\n\n3,plain,HTTP://A.test:80/3.jpg'
    expect(shown(await rowsOf(listOf(text, 'csv')))).toEqual([
      '2 http://a.test/1.jpg | A cat, on "the" mat',
      '3 http://a.test/2.jpg | two lines',
      '6 http://a.test/3.jpg | plain',
    ])
  })

  it('as tsv and with gzip', async () => {
    const text = 'url\tcaption\nhttp://a.test/1.jpg\tOne, two\n'
    expect(shown(await rowsOf(listOf(text, 'tsv')))).toEqual(['2 http://a.test/1.jpg | One, two'])
    const zipped = listOf(gzipSync(text), 'tsv', { gzip: true })
    expect(shown(await rowsOf(zipped))).toEqual(['2 http://a.test/1.jpg | One, two'])
  })

  it('as txt: the caption stands behind the first blank', async () => {
    const text = 'http://a.test/1.jpg\tA cat on a mat\n\n  http://a.test/2.jpg A dog  \nhttp://a.test/3.jpg\n'
    expect(shown(await rowsOf(listOf(text, 'txt')))).toEqual([
      '1 http://a.test/1.jpg | A cat on a mat',
      '3 http://a.test/2.jpg | A dog',
      '4 no_caption',
    ])
  })

  it('as JSON lines, with the columns by their own names', async () => {
    const lines = [
      '{"URL":"http://a.test/1.jpg","TEXT":"A cat","from":"http://a.test/p","by":"http://l.test/"}',
      '{"URL":"http://a.test/2.jpg","TEXT":7,"from":"no URL"}',
      '["URL"]',
      '{"TEXT":"A dog"}',
      '{"URL":',
      '{"constructor":"x","URL":{"a":1},"TEXT":"A"}',
    ]
    const columns = { url: 'URL', caption: 'TEXT', page: 'from', licence: 'by' }
    const rows = await rowsOf(listOf(lines.join('\n'), 'jsonl', { columns }))
    expect(shown(rows)).toEqual([
      '1 http://a.test/1.jpg | A cat',
      '2 http://a.test/2.jpg | 7',
      '3 malformed',
      '4 no_url',
      '5 malformed',
      '6 no_url',
    ])
    const [first, second] = rows.map((row) => row.kind === 'candidate' && row.candidate)
    expect(first).toMatchObject({ pageUrl: 'http://a.test/p', licenceUrl: 'http://l.test/' })
    expect(second).toMatchObject({ pageUrl: null, licenceUrl: null, pageLanguage: null })
  })

  it.each(['UNCOMPRESSED', 'SNAPPY'] as const)('as parquet, %s, over several row groups', async (codec) => {
    const count = 45_000
    const source = listOf('', 'parquet')
    parquetWriteFile({
      filename: source.path,
      codec,
      rowGroupSize: 30_000,
      columnData: [
        { name: 'score', data: Array.from({ length: count }, (_, i) => i / 2), type: 'DOUBLE' },
        { name: 'caption', data: Array.from({ length: count }, (_, i) => (i === 7 ? null : `Caption ${i}`)) },
        { name: 'url', data: Array.from({ length: count }, (_, i) => `http://a.test/${i}.jpg`) },
      ],
    })
    const rows = await rowsOf(source)
    expect(rows).toHaveLength(count)
    expect(shown([rows[0]!, rows[7]!, rows[29_999]!, rows[30_000]!, rows.at(-1)!])).toEqual([
      '1 http://a.test/0.jpg | Caption 0',
      '8 no_caption',
      '30000 http://a.test/29999.jpg | Caption 29999',
      '30001 http://a.test/30000.jpg | Caption 30000',
      '45000 http://a.test/44999.jpg | Caption 44999',
    ])
    expect(await rowsOf(source, 44_990)).toEqual(rows.slice(44_990))
    expect(await listProblem(source)).toBe(null)
    const other = { ...source, columns: { ...source.columns, url: 'link' } }
    expect(await listProblem(other)).toBe("it has no column 'link'; its columns are: score, caption, url")
  })

  it.each(Object.entries(packedParquet))('as parquet, %s, with lists of captions', async (_, bytes) => {
    const source = listOf(Buffer.from(bytes, 'base64'), 'parquet')
    expect(await listProblem(source)).toBe(null)
    const captions = (await rowsOf(source)).map((row) =>
      row.kind === 'candidate' ? row.candidate.captions.map(({ text }) => text) : row.reason,
    )
    expect(captions).toEqual(
      Array.from({ length: 60 }, (_, n) =>
        n % 2 === 0 ? [`Only boat ${n}`] : [`Boat ${n} in the harbour`, `Harbour with boat ${n}`],
      ),
    )
  })

  it('as parquet, LZ4 in the frames of Hadoop', async () => {
    // Of a block that has nothing but literals.
    const block = (bytes: Uint8Array) => {
      const rest = bytes.length - 15
      const lengths = rest < 0 ? [] : [...new Array(Math.floor(rest / 255)).fill(255), rest % 255]
      return Buffer.concat([Buffer.from([Math.min(bytes.length, 15) << 4, ...lengths]), bytes])
    }
    const framed = (bytes: Uint8Array) => {
      const packed = block(bytes)
      const sizes = Buffer.alloc(8)
      sizes.writeUInt32BE(bytes.length, 0)
      sizes.writeUInt32BE(packed.length, 4)
      return Buffer.concat([sizes, packed])
    }
    const source = listOf('', 'parquet')
    parquetWriteFile({
      filename: source.path,
      codec: 'LZ4',
      compressors: { LZ4: framed },
      columnData: [
        { name: 'url', data: ['http://a.test/1.jpg', 'http://a.test/2.jpg'] },
        { name: 'caption', data: ['A boat', 'A pier'] },
      ],
    })
    expect(await listProblem(source)).toBe(null)
    expect(shown(await rowsOf(source))).toEqual([
      '1 http://a.test/1.jpg | A boat',
      '2 http://a.test/2.jpg | A pier',
    ])
  })

  it('as parquet, with objects where its texts should be, is refused before anything starts', async () => {
    expect(await listProblem(listOf(Buffer.from(nestedParquet, 'base64'), 'parquet'))).toBe(
      "its column 'caption' holds objects (raw, id) where texts are wanted: write one of these as a column of its own",
    )
  })

  it('names bad rows by their line, and goes on behind them', async () => {
    const text = [
      'url,caption',
      'ftp://a.test/1.jpg,A cat',
      'http://a.test/2.jpg,   ',
      ',A dog',
      'http://a.test/3.jpg,A bird,too much',
      'http://user:pass@a.test/4.jpg,A fish',
      'http://a.test/5.jpg,A horse',
    ]
    expect(shown(await rowsOf(listOf(text.join('\n'), 'csv')))).toEqual([
      '2 bad_url',
      '3 no_caption',
      '4 no_url',
      '5 malformed',
      '6 bad_url',
      '7 http://a.test/5.jpg | A horse',
    ])
  })

  it('loses nothing to a quote that is never closed, and no more than its line to an endless one', async () => {
    const good = (n: number) => `http://a.test/${n}.jpg,Caption of ${n}`
    const many = Array.from({ length: 20_000 }, (_, n) => good(n))
    for (const [format, separator] of [
      ['csv', ','],
      ['tsv', '\t'],
    ] as const) {
      const lines = ['url,caption', 'http://a.test/x.jpg,"lost', ...many].map((line) =>
        line.replace(',', separator),
      )
      expect(shown(await rowsOf(listOf(lines.join('\n'), format)))).toEqual([
        '2 http://a.test/x.jpg | "lost',
        ...many.map((_, n) => `${n + 3} http://a.test/${n}.jpg | Caption of ${n}`),
      ])
    }
    const endless = ['url,caption', 'x'.repeat(600_000), good(1)].join('\n')
    expect(shown(await rowsOf(listOf(endless, 'csv')))).toEqual([
      '2 malformed',
      '3 http://a.test/1.jpg | Caption of 1',
    ])
    const txt = `${'x'.repeat(600_000)}\nhttp://a.test/1.jpg A cat`
    expect(shown(await rowsOf(listOf(txt, 'txt')))).toEqual(['1 malformed', '2 http://a.test/1.jpg | A cat'])
  })

  it('keeps what stood before the place where its gzip data breaks', async () => {
    const text = Array.from(
      { length: 5_000 },
      (_, n) => `http://a.test/${n * 7919}.jpg Caption ${n * 104729}`,
    )
    const whole = gzipSync(text.join('\n'))
    const cut = await rowsOf(listOf(whole.subarray(0, whole.length / 2), 'txt', { gzip: true }))
    expect(cut.length).toBeGreaterThan(1_000)
    expect(cut.at(-1)).toMatchObject({ kind: 'skipped', reason: 'malformed' })
    expect(cut.slice(0, -1).every((row) => row.kind === 'candidate')).toBe(true)
  })

  it('is read on from any row', async () => {
    const text = Array.from({ length: 50 }, (_, n) =>
      n % 7 === 0 ? 'bad' : `http://a.test/${n}.jpg Caption ${n}`,
    )
    const source = listOf(text.join('\n'), 'txt')
    const all = await rowsOf(source)
    for (const done of [0, 1, 7, 49, 50, 60]) expect(await rowsOf(source, done)).toEqual(all.slice(done))
  })

  it('is known again by its length, its beginning and its end', async () => {
    const source = listOf(`a${'x'.repeat(200_000)}b`, 'txt')
    const before = await fileDigest(source.path)
    expect(await fileDigest(source.path)).toBe(before)
    writeFileSync(source.path, `a${'x'.repeat(200_000)}c`)
    expect(await fileDigest(source.path)).not.toBe(before)
  })

  it('that cannot be used says why before anything starts', async () => {
    expect(await listProblem(listOf('', 'csv'))).toBe('it is empty')
    expect(await listProblem(listOf('a,b\n', 'csv'))).toBe("it has no column 'url'; its columns are: a, b")
    expect(await listProblem(listOf('not one', 'parquet'))).toMatch(/^it cannot be read as parquet: /)
    expect(await listProblem(listOf('x', 'csv', { gzip: true }))).toMatch(/^it is no gzip file: /)
  })
})

describe('the readers of lists', () => {
  it('read the same whatever the pieces in which a file arrives', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') })
    fc.assert(
      fc.property(field, fc.array(fc.nat(40), { maxLength: 5 }), (text, cuts) => {
        for (const create of [() => new CsvParser(','), createLineParser]) {
          const read = (pieces: readonly string[]): unknown[] => {
            const parser: { push(piece: string): unknown[]; finish(): unknown[] } = create()
            return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.finish()]
          }
          const places = [
            0,
            ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b),
            text.length,
          ]
          const pieces = places.slice(1).map((place, i) => text.slice(places[i], place))
          expect(read(pieces)).toEqual(read([text]))
        }
      }),
      { numRuns: runs.line },
    )
  })

  it('give back what was written as RFC 4180 says', () => {
    const rows = fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 2 }), { maxLength: 8 })
    fc.assert(
      fc.property(rows, fc.constantFrom('\n', '\r\n'), (records, end) => {
        const quoted = records.map((fields) =>
          fields.map((field) => `"${field.replace(/"/g, '""')}"`).join(','),
        )
        const parser = new CsvParser(',')
        const read = [...parser.push(quoted.join(end)), ...parser.finish()]
        expect(read.map((record) => ('fields' in record ? record.fields : null))).toEqual(records)
      }),
      { numRuns: runs.line },
    )
  })

  it('end a parquet file whose damage has its decoder run for ever', async () => {
    const source = listOf(Buffer.from(endlessParquet, 'base64'), 'parquet')
    expect(await listProblem(source)).toBeNull()
    const reading = async () => {
      for await (const row of readList(source, 0, 2_000)) expect(row).toBeNull()
    }
    await expect(reading()).rejects.toThrow(
      `${source.path} cannot be read on behind row 0: its decoder came to no end within 2 s`,
    )
  })

  it('make a candidate or a reason of each of 2,000 broken lists, and nothing else', async () => {
    const formats: readonly ListFormat[] = ['txt', 'csv', 'tsv', 'jsonl', 'parquet']
    const good = {
      txt: 'http://a.test/1.jpg A cat\nhttp://a.test/2.jpg A dog\n',
      csv: 'url,caption\nhttp://a.test/1.jpg,"A cat, a mat"\nhttp://a.test/2.jpg,A dog\n',
      tsv: 'url\tcaption\nhttp://a.test/1.jpg\tA cat\n',
      jsonl: '{"url":"http://a.test/1.jpg","caption":"A cat"}\n{"url":"x","caption":null}\n',
      parquet: '',
    }
    const parquet = listOf('', 'parquet')
    parquetWriteFile({
      filename: parquet.path,
      columnData: [
        { name: 'url', data: ['http://a.test/1.jpg', 'http://a.test/2.jpg'] },
        { name: 'caption', data: ['A cat', 'A dog'] },
      ],
    })
    const { readFileSync } = await import('node:fs')
    const bytesOf = (format: ListFormat) =>
      format === 'parquet' ? readFileSync(parquet.path) : Buffer.from(good[format])
    const damage = fc.array(fc.tuple(fc.nat(1_000), fc.nat(255)), { minLength: 1, maxLength: 6 })
    let rows = 0
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...formats), damage, fc.boolean(), async (format, changes, gzip) => {
        const bytes = Buffer.from(gzip && format !== 'parquet' ? gzipSync(bytesOf(format)) : bytesOf(format))
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        const source = listOf(bytes, format, { gzip: gzip && format !== 'parquet' })
        // A damaged parquet file cannot be read on; it is refused by name, before the start or at the place.
        if (format === 'parquet' && (await listProblem(source, 5_000)) !== null) return
        try {
          for (const row of await rowsOf(source, 0, 5_000)) {
            rows++
            if (row.kind === 'candidate') expect(row.candidate.captions[0]!.text).not.toBe('')
          }
        } catch (error) {
          if (format !== 'parquet') throw error
          expect(error).toBeInstanceOf(Error)
        }
      }),
      { numRuns: runs.line },
    )
    expect(rows).toBeGreaterThan(500)
  }, 300_000)
})
