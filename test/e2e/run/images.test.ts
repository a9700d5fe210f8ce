import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  attemptsOf,
  countersOf,
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

const pictures = 60
const hosts = 6
const urlOf = (n: number) => `http://img${n % hosts}.net/${n}.jpg`
const numbers = Array.from({ length: pictures }, (_, n) => n)
const pairs = numbers.map((n) => `${urlOf(n)} ${sentence(n)}`).sort()

describe('a dataset of lists', { timeout: 300_000 }, () => {
  let web: TestWeb
  beforeAll(async () => {
    web = await startTestWeb()
    const bytes = await photos(0, pictures)
    for (const n of numbers) web.picture(urlOf(n).slice('http://'.length), bytes[n]!)
    web.serve('closed.net/robots.txt', {
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from('User-agent: *\nDisallow: /'),
    })
  }, 60_000)
  afterAll(() => web.close())

  const listed = (name: string, text: string) => {
    const file = join(tempFolder(), name)
    writeFileSync(file, text)
    return file
  }
  const common = () => ['--model', 'none', '--dedupe', 'off', '--image-delay-ms', '5', ...web.words]

  it('holds the pairs of all lists, obeys robots.txt, and names every row that is left out', async () => {
    const half = pictures / 2
    const csv = listed(
      'one.csv',
      [
        'URL,TEXT,page',
        ...numbers.slice(0, half).map((n) => `${urlOf(n)},"${sentence(n)}",http://p.net/${n}`),
      ].join('\n'),
    )
    const rest = numbers.slice(half).map((n) => JSON.stringify({ URL: urlOf(n), TEXT: sentence(n) }))
    const bad = ['{"URL":"ftp://x/","TEXT":"A cat"}', 'nothing', `{"URL":"${urlOf(1)}"}`]
    const closed = JSON.stringify({ URL: 'http://closed.net/1.jpg', TEXT: 'A cat on a mat in a hat' })
    const jsonl = listed('two.jsonl', [...bad, ...rest, closed, ...rest].join('\n'))
    const out = newOut()
    const words = [
      ...['images', csv, jsonl, '--url-col', 'URL', '--caption-col', 'TEXT', '--page-col', 'page'],
      ...['--out', out, ...common()],
    ]
    // The first list alone has that column.
    const refused = await pairmill([
      ...words.slice(0, 2),
      listed('three.csv', 'URL,TEXT\n'),
      ...words.slice(3),
    ])
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain("three.csv: it has no column 'page'; its columns are: URL, TEXT")

    const { code, stderr, stdout } = await pairmill(words)
    expect(stderr).toContain('two.jsonl line 1 is left out: its URL cannot be used (ftp://x/)')
    expect(stderr).toContain('two.jsonl line 3 is left out: it has no caption')
    expect(code).toBe(0)
    expect(stdout).toContain('rows of lists')
    expect(await pairsOf(out)).toEqual(pairs)
    expect(await countersOf(out)).toMatchObject({
      rows: half + 3 + half + 1 + half,
      'row_skipped:bad_url': 1,
      'row_skipped:malformed': 1,
      'row_skipped:no_caption': 1,
      'rejected:robots': 1,
      candidates: pictures + 1,
    })
    const named = readFileSync(join(out, '.pairmill/skipped-rows.jsonl'), 'utf8').trim().split('\n')
    expect(named.map((line) => JSON.parse(line))).toEqual([
      { list: jsonl, line: 1, reason: 'bad_url', detail: 'ftp://x/' },
      { list: jsonl, line: 2, reason: 'malformed', detail: expect.any(String) },
      { list: jsonl, line: 3, reason: 'no_caption', detail: null },
    ])
    expect(leftovers(out)).toEqual(['skipped-rows.jsonl'])
    expect((await attemptsOf(out)).filter(({ reason }) => reason === 'robots')).toHaveLength(1)
    expect(await problemsOf(out)).toEqual([])

    // The same command has nothing left to do; a list that is left out or another one is named.
    const before = web.seen.length
    expect((await pairmill(words)).code).toBe(0)
    expect(web.seen.length).toBe(before)
    const less = await pairmill([...words.slice(0, 2), ...words.slice(3)])
    expect(less.code).toBe(4)
  })

  it('is the same whether or not its process was killed while it read', async () => {
    const rows = numbers.flatMap((n) => [`${urlOf(n)}\t${sentence(n)}`, 'http://a.test/ '])
    const list = listed('list.txt', rows.join('\n'))
    const out = newOut()
    const words = ['images', list, '--out', out, '--batch-size', '5', ...common()]
    const stopAt = (count: number) =>
      new Promise<void>((asked) => {
        let left = count
        const stop = web.onRequest((_, path) => {
          if (!path.endsWith('.jpg') || --left > 0) return
          stop()
          asked()
        })
      })
    for (const count of [3, 20]) {
      const reached = stopAt(count)
      const running = start(words)
      await reached
      running.child.kill('SIGKILL')
      await running.ended
    }
    const last = await pairmill(words)
    expect(last.code).toBe(0)
    expect(await pairsOf(out)).toEqual(pairs)
    const counters = await countersOf(out)
    expect(counters).toMatchObject({ rows: 2 * pictures, candidates: pictures, kept: pictures })
    expect(counters['row_skipped:no_caption']).toBe(pictures)
  })

  it('says what is wrong with its lists, all at once', async () => {
    const folder = tempFolder()
    const { code, stderr } = await pairmill([
      ...['images', 'missing.csv', folder, listed('pairs.xlsx', 'x'), '--out', join(folder, 'out')],
    ])
    expect(code).toBe(2)
    expect(stderr).toContain('missing.csv: it cannot be read: there is no such file')
    expect(stderr).toContain('no file in this folder ends in .txt, .csv')
    expect(stderr).toContain('pairs.xlsx: cannot tell what it is by its name')
    expect(existsSync(join(folder, 'out'))).toBe(false)
  })

  const canMeasure = process.platform === 'linux'
  it.skipIf(!canMeasure)(
    `reads a million rows within 200 MB${canMeasure ? '' : ' (skipped: needs /proc)'}`,
    async () => {
      const list = join(tempFolder(), 'list.csv')
      const file = createWriteStream(list)
      file.write('url,caption\n')
      const some = Array.from({ length: 1_000 }, (_, n) => `http://a.test/${n}.jpg,"Caption, ${n}"\n`).join(
        '',
      )
      for (let n = 0; n < 1_000; n++) if (!file.write(some)) await once(file, 'drain')
      await new Promise((done) => file.end(done))
      const columns = { url: 'url', caption: 'caption', page: null, licence: null }
      const source = { kind: 'list', path: list, format: 'csv', gzip: false, columns }
      const script = `
        import { readList } from ${JSON.stringify(pathToFileURL(resolve('dist/crawl/index.js')).href)}
        import { readFileSync } from 'node:fs'
        let rows = 0
        for await (const row of readList(${JSON.stringify(source)}, 0)) if (row.kind === 'candidate') rows++
        const [, peakKiB] = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
        console.log(JSON.stringify({ rows, peakMiB: peakKiB / 1024 }))`
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script])
      const { rows, peakMiB } = JSON.parse(stdout) as { rows: number; peakMiB: number }
      expect(rows).toBe(1_000_000)
      expect(peakMiB).toBeLessThan(200)
    },
  )
})
