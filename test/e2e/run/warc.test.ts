import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readParquet } from '../../../src/shard/parquet-reader.js'
import {
  members,
  record,
  requestRecord,
  response,
  wat,
} from '../../fixtures/crawl/sources/archive/warc-writer.js'
import { type ArchiveWeb, startArchiveWeb } from '../../fixtures/run/archive-web.js'
import {
  countersOf,
  entriesOf,
  leftovers,
  newOut,
  pairmill,
  pairsOf,
  problemsOf,
  start,
  tempFolder,
} from '../../fixtures/run/pairmill.js'
import { photos, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const pictures = 48
const hosts = 6
const urlOf = (n: number) => `http://img${n % hosts}.net/${n}.jpg`
const numbers = Array.from({ length: pictures }, (_, n) => n)
const pairsFor = (some: readonly number[]) => some.map((n) => `${urlOf(n)} ${sentence(n)}`).sort()

const pageOf = (n: number) =>
  record({
    url: `http://site.test/${n}.html`,
    block: response(`<!doctype html><img src="${urlOf(n)}" alt="${sentence(n)}">`),
  })
const watOf = (n: number) =>
  wat({
    url: `http://site.test/${n}.html`,
    links: [{ path: 'IMG@/src', url: urlOf(n), alt: sentence(n) }],
  })

describe('a dataset of web archives', { timeout: 300_000 }, () => {
  let web: TestWeb
  let archives: ArchiveWeb
  beforeAll(async () => {
    ;[web, archives] = await Promise.all([startTestWeb(), startArchiveWeb()])
    const bytes = await photos(40_000, pictures)
    for (const n of numbers) web.picture(urlOf(n).slice('http://'.length), bytes[n]!)
  }, 60_000)
  afterAll(() => Promise.all([web.close(), archives.close()]))

  const common = () => [
    ...['--model', 'none', '--dedupe', 'off', '--image-delay-ms', '5'],
    ...archives.words,
    ...web.words,
  ]

  it('holds the pairs of all archives of a folder, obeys what their pages say, and names what is broken', async () => {
    const folder = tempFolder()
    const broken = members(pageOf(47))
    broken[40] = 0xff - broken[40]!
    const refused = record({
      url: 'http://site.test/refused.html',
      block: response(`<img src="${urlOf(46)}" alt="${sentence(46)}">`, { 'X-Robots-Tag': 'noai' }),
    })
    const one = members(...numbers.slice(0, 10).flatMap((n) => [requestRecord(n), pageOf(n)]))
    writeFileSync(join(folder, 'a.warc.gz'), Buffer.concat([one, broken, members(pageOf(10), refused)]))
    writeFileSync(join(folder, 'b.warc'), Buffer.concat(numbers.slice(11, 20).map(pageOf)))
    writeFileSync(join(folder, 'c.warc.wat.gz'), members(...numbers.slice(20, 30).map(watOf)))
    writeFileSync(join(folder, 'd.wat.gz'), gzipSync(Buffer.concat(numbers.slice(30, 40).map(watOf))))
    writeFileSync(join(folder, 'warc.paths'), 'a.warc.gz\n')
    const out = newOut()
    const words = ['warc', folder, '--out', out, ...common()]
    const { code, stdout, stderr } = await pairmill(words)
    expect(stderr).toContain(`a.warc.gz byte ${one.length} is left out: its compressed data are broken (`)
    expect(code).toBe(0)
    expect(stdout).toContain('records of archives')
    expect(stdout).toContain('compressed data are broken')
    expect(await pairsOf(out)).toEqual(pairsFor(numbers.slice(0, 40)))
    expect(await countersOf(out)).toMatchObject({
      records: 52,
      archive_pages: 40,
      'record_skipped:request': 10,
      'record_skipped:gzip': 1,
      'record_skipped:opt_out': 1,
      'page_opted_out:x-robots-tag': 1,
      candidates: 40,
    })
    const listed = readFileSync(join(out, '.pairmill/skipped-rows.jsonl'), 'utf8').trim().split('\n')
    expect(listed.map((line) => JSON.parse(line))).toEqual([
      { archive: join(folder, 'a.warc.gz'), byte: one.length, reason: 'gzip', detail: expect.any(String) },
    ])
    expect(leftovers(out)).toEqual(['skipped-rows.jsonl'])
    expect(await problemsOf(out)).toEqual([])
    for (const { page_url, page_permission } of await rowsOf(out, ['page_url', 'page_permission'])) {
      expect(page_permission).toEqual({
        rule: 'archive:none',
        value: null,
        source: expect.stringMatching(/^[^/]+\.(?:warc|wat)(?:\.gz)?$/),
        checked_at: new Date('2024-02-03T04:05:06.000Z'),
      })
      expect(page_url).toMatch(/^http:\/\/site\.test\//)
    }
    // No page was fetched again, and the same command has nothing left to do.
    expect(web.seenAt('site.test')).toEqual([])
    const before = web.seen.length
    expect((await pairmill(words)).code).toBe(0)
    expect(web.seen.length).toBe(before)
  })

  it('follows a list in the layout of Common Crawl over HTTP, whatever breaks on the way', async () => {
    const tree = '/crawl-data/CC-TEST/segments/1'
    const paths = [
      `${tree}/warc/a.warc.gz`,
      `${tree}/warc/gone.warc.gz`,
      '../../etc/passwd',
      `${tree}/wat/b.warc.wat.gz`,
    ]
    archives.put(
      '/crawl-data/CC-TEST/warc.paths.gz',
      gzipSync(paths.map((path) => path.replace(/^\//, '')).join('\n')),
    )
    const bulk = Buffer.from(Array.from({ length: 90_000 }, (_, i) => (i * 7919) % 251))
    const filler = record({ type: 'response', block: response(bulk, { 'Content-Type': 'image/png' }) })
    archives.put(
      `${tree}/warc/a.warc.gz`,
      members(...numbers.slice(0, 8).flatMap((n) => [filler, pageOf(n)])),
    )
    archives.put(`${tree}/wat/b.warc.wat.gz`, members(...numbers.slice(8, 16).map(watOf)))
    let asked = 0
    archives.before((_, __, answer) => {
      asked++
      if (asked !== 2 && asked !== 4) return false
      answer.writeHead(asked === 2 ? 503 : 429, { 'retry-after': '1' }).end()
      return true
    })
    archives.cutAfter(20_000)
    const out = newOut()
    const list = 'http://archive.test/crawl-data/CC-TEST/warc.paths.gz'
    const { code, stderr } = await pairmill(['warc', list, '--out', out, ...common()])
    archives.cutAfter(Number.POSITIVE_INFINITY)
    archives.before(() => false)
    expect(code).toBe(0)
    expect(stderr).toContain('line 2 is left out: the archive is not there')
    expect(stderr).toContain('line 3 is left out: the path cannot be used (../../etc/passwd)')
    expect(await pairsOf(out)).toEqual(pairsFor(numbers.slice(0, 16)))
    expect(await countersOf(out)).toMatchObject({
      archives: 2,
      archive_pages: 16,
      'record_skipped:not_html': 8,
      'record_skipped:absent': 1,
      'record_skipped:bad_path': 1,
    })
    expect(await problemsOf(out)).toEqual([])
  })

  it('is the same whether or not its process was killed in the middle of a file', async () => {
    const times = 25
    const pages = Array.from({ length: times * pictures }, (_, i) => pageOf(i % pictures))
    for (const [name, bytes] of [
      ['members.warc.gz', members(...pages)],
      ['whole.warc.gz', gzipSync(Buffer.concat(pages), { level: 0 })],
    ] as const) {
      archives.put(`/${name}`, bytes)
      const out = newOut()
      const words = ['warc', `http://archive.test/${name}`, '--out', out, '--batch-size', '5', ...common()]
      for (const share of [0.6, 0.95]) {
        const held = archives.holdFrom(`/${name}`, Math.floor(bytes.length * share))
        const running = start(words)
        await held.reached
        running.child.kill('SIGKILL')
        expect(await running.ended).toMatchObject({ signal: 'SIGKILL' })
        held.release()
      }
      const already = archives.asked.length
      const last = await pairmill(words)
      expect(last.code).toBe(0)
      if (name === 'members.warc.gz') {
        const firsts = archives.asked.slice(already).map(([, first]) => first)
        expect(Math.max(...firsts)).toBeGreaterThan(bytes.length / 4)
      }
      expect(await pairsOf(out)).toEqual(pairsFor(numbers))
      expect(await countersOf(out)).toMatchObject({
        records: times * pictures,
        archive_pages: times * pictures,
        candidates: pictures,
        kept: pictures,
      })
    }
  })

  it('says what is wrong with its archives, and refuses one that is not the one that was begun', async () => {
    const folder = tempFolder()
    const none = await pairmill(['warc', folder, 'ftp://x/y.warc', 's3://x', '--out', join(folder, 'out')])
    expect(none.code).toBe(2)
    expect(none.stderr).toContain('no file in this folder ends in .warc')
    expect(none.stderr).toContain('ftp://x/y.warc: expected a file, a folder, or a URL')
    expect(none.stderr).toContain("s3://x: expected s3://BUCKET/KEY, got 's3://x'")
    const zip = join(folder, 'x.zip')
    writeFileSync(zip, 'PK\u0003\u0004')
    const out = newOut()
    const refused = async (path: string) => {
      const { code, stderr } = await pairmill(['warc', path, '--out', out, ...common()])
      return [code, stderr]
    }
    expect(await refused(zip)).toEqual([2, expect.stringContaining('neither a WARC or WAT file nor a list')])
    expect(await refused('http://archive.test/none')).toEqual([
      2,
      expect.stringContaining('http://archive.test/none cannot be read: HTTP 404'),
    ])
  })
})

async function rowsOf(out: string, columns: readonly string[]): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  for (const { files } of await entriesOf(out)) {
    const parquet = files.find(({ name }) => name.endsWith('.parquet'))
    for await (const row of readParquet(join(out, parquet!.name), [...columns])) rows.push(row)
  }
  return rows
}
