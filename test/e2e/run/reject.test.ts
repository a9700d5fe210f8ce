import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { digestsOfHex, rejectEntries, sha256Of } from '../../../src/records/index.js'
import { encodeRetracted, type Retracted } from '../../../src/shard/index.js'
import { readParquet } from '../../../src/shard/parquet-reader.js'
import {
  attemptsOf,
  countersOf,
  entriesOf,
  newOut,
  pagesOf,
  pairmill,
  pairsOf,
  problemsOf,
  start,
  tempFolder,
} from '../../fixtures/run/pairmill.js'
import { photo, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const names = ['host', 'below.wide', 'url', 'sha', 'md5', 'phash', 'open'] as const
const hex = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex')

/** Where something of the text stands: names of the files below a folder. */
function filesThatHold(folder: string, text: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
  return files
    .map((one) => join(one.parentPath, one.name))
    .filter((path) => readFileSync(path).includes(text))
}

function bury(out: string, lists: Partial<Omit<Retracted, 'v'>>): void {
  const path = join(out, '.pairmill/retracted.json')
  mkdirSync(dirname(path), { recursive: true })
  const of: Partial<Record<string, readonly string[]>> = lists
  writeFileSync(path, encodeRetracted(rejectEntries((kind, width) => digestsOfHex(width, of[kind] ?? []))))
}
const hashOf = (text: string) => sha256Of(text).toString('hex')

describe('what is never to be taken', { timeout: 300_000 }, () => {
  let web: TestWeb
  const bytes = new Map<string, Buffer>()
  let phash = ''
  const seeds = names.map((name) => `http://${name}.test/`)
  const options = ['--model', 'none', '--delay-ms', '5', '--batch-size', '4', '--scope', 'any']
  const run = (out: string, more: readonly string[] = []) =>
    pairmill(['run', ...seeds, '--out', out, ...options, ...more, ...web.words])

  beforeAll(async () => {
    web = await startTestWeb()
    for (const [n, name] of names.entries()) {
      const picture = await photo(7_000 + n)
      bytes.set(name, picture)
      const others = names.map((other) => `http://${other}.test/next`)
      web.page(`${name}.test/`, { links: others, images: [{ src: '/a.jpg', alt: sentence(n) }] })
      web.page(`${name}.test/next`, {})
      web.picture(`${name}.test/a.jpg`, picture)
    }
    const out = newOut()
    expect(await run(out)).toMatchObject({ code: 0 })
    expect(await pairsOf(out)).toHaveLength(names.length)
    for (const { files } of await entriesOf(out))
      for (const { name } of files.filter((file) => file.name.endsWith('.parquet')))
        for await (const row of readParquet(join(out, name), ['url', 'phash']))
          if (row.url === 'http://phash.test/a.jpg') phash = String(row.phash)
    expect(phash).toMatch(/^[0-9a-f]{16}$/)
  }, 300_000)
  afterAll(() => web.close())

  it('is not taken where a list names it, and its row says so', async () => {
    const list = join(tempFolder(), 'never.txt')
    const flipped = (BigInt(`0x${phash}`) ^ 0b1001n).toString(16).padStart(16, '0')
    const lines = [
      '# what was asked to be left alone',
      'host.test',
      '*.wide.test',
      'http://url.test/a.jpg',
      `sha256:${hex('sha256', bytes.get('sha')!)}`,
      hex('md5', bytes.get('md5')!).toUpperCase(),
      flipped,
    ]
    writeFileSync(list, `${lines.join('\n')}\n`)
    const out = newOut()
    const before = web.seenAt('host.test').length + web.seenAt('below.wide.test').length
    expect(await run(out, ['--reject', list])).toMatchObject({ code: 0 })

    expect(await pairsOf(out)).toEqual([`http://open.test/a.jpg ${sentence(names.indexOf('open'))}`])
    const reasons = (await attemptsOf(out)).map(({ url, reason }) => [url, reason])
    expect(Object.fromEntries(reasons)).toEqual({
      'http://url.test/a.jpg': 'listed',
      'http://sha.test/a.jpg': 'listed',
      'http://md5.test/a.jpg': 'listed',
      'http://phash.test/a.jpg': 'listed',
      'http://open.test/a.jpg': null,
    })
    const refused = (await pagesOf(out)).filter(({ reason }) => reason === 'listed')
    expect(refused.map(({ url, outcome }) => [url, outcome]).sort()).toEqual([
      ['http://below.wide.test/', 'refused'],
      ['http://host.test/', 'refused'],
    ])
    expect(await countersOf(out)).toMatchObject({ 'page_skipped:listed': 2, 'rejected:listed': 4 })
    // Not even for its robots.txt.
    expect(web.seenAt('host.test').length + web.seenAt('below.wide.test').length).toBe(before)
    expect(await problemsOf(out)).toEqual([])

    // The list stays with the run, whether a later command names it or not, and another may be added.
    const gone = join(tempFolder(), 'more.txt')
    writeFileSync(gone, 'open.test\n')
    const more = await run(out, ['--reject', gone])
    expect(more).toMatchObject({ code: 0 })
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
    expect(manifest.options.reject).toMatchObject([
      { name: 'never.txt', entries: 6 },
      { name: 'more.txt', entries: 1 },
    ])
  })

  it('is named by no file of the dataset where a tombstone covers it', async () => {
    const out = newOut()
    bury(out, {
      hosts: [hashOf('host.test'), hashOf('*.wide.test')],
      urls: [hashOf('http://url.test/a.jpg')],
      images: [hex('sha256', bytes.get('sha')!)],
      phashes: [phash],
    })
    const ended = await run(out)
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stderr).toContain('2 of the seeds were taken back')
    expect((await attemptsOf(out)).map(({ url, reason }) => [url, reason]).sort()).toEqual([
      ['http://md5.test/a.jpg', null],
      ['http://open.test/a.jpg', null],
    ])
    for (const text of ['host.test', 'wide.test', 'http://url.test/a.jpg'])
      expect(filesThatHold(out, text), text).toEqual([])
    expect(await countersOf(out)).toMatchObject({
      'image_skipped:retracted': 1,
      'rejected:retracted': 2,
    })
    expect(await problemsOf(out)).toEqual([])
  })

  it('is taken no further once a tombstone is written while the run goes on', async () => {
    /** Far more pages than a run gets through before it reads its tombstones again. */
    const pages = 2_000
    for (let page = 0; page < pages; page++) {
      web.page(`long.test/${page === 0 ? '' : page}`, { links: page + 1 < pages ? [`/${page + 1}`] : [] })
    }
    const out = newOut()
    const begun = start([
      ...['run', 'http://long.test/', '--out', out, ...options, '--delay-ms', '50'],
      ...['--min-bytes', '1', ...web.words],
    ])
    await new Promise<void>((seen) => {
      const stop = web.onRequest((host, path) => {
        if (host !== 'long.test' || path !== '/5') return
        stop()
        seen()
      })
    })
    bury(out, { hosts: [hashOf('long.test')] })
    expect(await begun.ended).toMatchObject({ code: 0 })
    expect(web.seenAt('long.test').length).toBeLessThan(pages)
    const { 'page_skipped:retracted': left = 0 } = await countersOf(out)
    expect(left).toBeGreaterThan(0)
  })
})
