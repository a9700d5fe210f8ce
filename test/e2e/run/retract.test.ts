import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderStore, readDecisions, readRetracted } from '../../../src/shard/index.js'
import { filesWith } from '../../fixtures/retract/hosts-dataset.js'
import { atChange, killAt } from '../../fixtures/run/moments.js'
import {
  newOut,
  pagesOf,
  pairmill,
  pairsOf,
  problemsOf,
  start,
  tempFolder,
} from '../../fixtures/run/pairmill.js'
import { takesSmall } from '../../fixtures/run/pictures.js'
import { serveTree } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'
import { s3Variables } from '../../fixtures/s3/s3-server.js'
import { s3Bench } from '../../fixtures/s3/s3-stores.js'
import { calm } from '../../fixtures/shard/dataset-fixture.js'

const good = 'good.test'
const bad = 'bad.test'
const s3 = await s3Bench()
let web: TestWeb
let wanted: string[]
/** Datasets that the tests copy: of a run that came to its end, and of one at its limit, which has pages left. */
let whole: string
let begun: string

beforeAll(async () => {
  web = await startTestWeb()
  wanted = await serveTree(web, good, 15, 0)
  await serveTree(web, bad, 15, 100)
  ;[whole, begun] = [newOut(), newOut()]
  expect((await pairmill(run(whole))).code).toBe(0)
  expect((await pairmill(run(begun, '--max-pages', '8'))).code).toBe(0)
}, 300_000)
afterAll(async () => {
  await web.close()
  await s3.close()
})

const run = (out: string, ...more: string[]): string[] => runOf([good, bad], out, ...more)
const runOf = (hosts: readonly string[], out: string, ...more: string[]): string[] => [
  ...['run', ...hosts.map((host) => `http://${host}/`), '--out', out, '--model', 'none', '--dedupe', 'off'],
  ...['--batch-size', '4', '--shard-size', '10', '--delay-ms', '10', ...takesSmall, ...web.words, ...more],
]
/** A dataset of its own, alike to another one. */
function copyOf(dataset: string): string {
  const out = newOut()
  cpSync(dataset, out, { recursive: true })
  return out
}
const takeBack = (out: string, ...more: string[]): string[] => [
  'retract',
  out,
  '--reason',
  'asked to',
  ...more,
]

/** Names of files that hold a text, byte for byte or in a parquet; the log of the database aside. */
async function filesHolding(out: string, text: string, log = '.pairmill/db/pg_wal/'): Promise<string[]> {
  const isLog = (name: string) => name.startsWith(log)
  const plain = (readdirSync(out, { recursive: true }) as string[])
    .filter((name) => !isLog(name) && statSync(join(out, name)).isFile())
    .filter((name) => readFileSync(join(out, name)).includes(text))
  return [...new Set([...plain, ...(await filesWith(out, text, isLog))])].sort()
}

describe('a host taken back from a run', { timeout: 300_000 }, () => {
  it('is in no file of the folder any more, and the dataset of the other one is whole', async () => {
    const out = copyOf(whole)
    expect(await filesHolding(out, bad)).not.toEqual([])
    const dry = await pairmill(takeBack(out, '--host', bad, '--dry-run', '--json'))
    expect(dry.code).toBe(0)
    const told = JSON.parse(dry.stdout)
    expect(told).toMatchObject({ isDryRun: true, generation: null, counts: { samples: 30 } })

    const { code, stdout } = await pairmill(takeBack(out, '--host', bad))
    expect(code).toBe(0)
    expect(stdout).toContain('30 pairs, 0 rejected rows, 15 pages are taken back')
    expect(await filesHolding(out, bad)).toEqual([])
    expect(await pairsOf(out)).toEqual(wanted)
    expect((await pagesOf(out)).map(({ host }) => host)).toEqual(Array(15).fill(good))
    expect(await problemsOf(out)).toEqual([])
    expect((await readRetracted(folderStore(out), calm)).hosts.size).toBe(1)

    const again = await pairmill(takeBack(out, '--host', bad))
    expect(again).toMatchObject({ code: 0 })
    expect(again.stdout).toContain('nothing of it is in the dataset')
  })

  it('leaves a run at its limit without its waiting pages, and is not brought back by that', async () => {
    const out = copyOf(begun)
    expect((await pairmill(takeBack(out, '--host', bad))).code).toBe(0)
    expect(await filesHolding(out, bad)).toEqual([])
    expect(await problemsOf(out)).toEqual([])
    // Both seeds are given again.
    expect((await pairmill(run(out))).code).toBe(0)
    expect(await pairsOf(out)).toEqual(wanted)
    expect((await pagesOf(out)).filter(({ host }) => host === bad)).toEqual([])
    expect(await filesHolding(out, `//${bad}`)).toEqual([])
    expect(await problemsOf(out)).toEqual([])
  })

  it('may be all that a run has, of which empty shards are left then', async () => {
    const out = newOut()
    expect((await pairmill(runOf([bad], out, '--max-pages', '8'))).code).toBe(0)
    expect((await pairmill(takeBack(out, '--host', bad))).code).toBe(0)
    expect(await filesHolding(out, bad)).toEqual([])
    expect(await problemsOf(out)).toEqual([])
    expect((await pairmill(run(out))).code).toBe(0)
    expect(await pairsOf(out)).toEqual(wanted)
    expect(await problemsOf(out)).toEqual([])
  })

  it('is refused while the run goes on, and while it has something left to write', async () => {
    const out = copyOf(begun)
    const running = start(run(out, '--progress', 'plain', '--delay-ms', '100'))
    await running.said('pages')
    const refused = await pairmill(takeBack(out, '--host', bad))
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('is in use by')
    running.child.kill('SIGKILL')
    await running.ended
    // Whatever it had begun, this ends it.
    expect(await pairmill(run(out, '--max-time', '1s', '--delay-ms', '10'))).toMatchObject({ code: 0 })
    expect((await pairmill(takeBack(out, '--host', bad))).code).toBe(0)
    expect(await filesHolding(out, bad)).toEqual([])
    expect(await problemsOf(out)).toEqual([])
  })
})

describe.skipIf(s3.why !== '')(`a host taken back from a run on S3${s3.why}`, { timeout: 300_000 }, () => {
  it('leaves the prefix, and the state of the run on this machine', async () => {
    const place = `s3://${await s3.server.bucket('honouring')}/sets/one`
    const state = newOut()
    const variables = { ...s3Variables, AWS_ENDPOINT_URL_S3: s3.server.endpoint }
    const backend = ['--backend', `pglite:${state}`]
    expect((await pairmill(run(place, ...backend), variables)).code).toBe(0)
    const unnamed = await pairmill(takeBack(place, '--host', bad), variables)
    expect(unnamed).toMatchObject({ code: 1 })
    expect(unnamed.stderr).toContain('name that state with --backend')

    const page = join(tempFolder(), 'page.html')
    expect((await pairmill(['report', place, '--out', page], variables)).code).toBe(0)
    const writing = await s3.store({ url: place })
    await writing.putBytes('report.html', readFileSync(page), { ifAbsent: false }, calm)
    const { code, stdout, stderr } = await pairmill(takeBack(place, '--host', bad, ...backend), variables)
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('report.html is written anew')
    const store = await s3.store({ url: place, access: 'read' })
    const anew = Buffer.from((await store.read('report.html', calm)) ?? [])
    expect([anew.includes(good), anew.includes(bad)]).toEqual([true, false])
    expect(await problemsOf(store)).toEqual([])
    const told: string[] = []
    for await (const { url, pageUrl } of readDecisions(store, calm)) told.push(url, pageUrl ?? '')
    expect(told.filter((url) => url.includes(bad))).toEqual([])
    expect(told).toHaveLength(60)
    for (const name of ['manifest.json', '.pairmill/status.json'])
      expect(Buffer.from((await store.read(name, calm)) ?? []).includes(bad)).toBe(false)
    expect(await filesHolding(state, bad)).toEqual([])
  })
})

/** Contents of a file, or of the files of a folder. */
const textsIn = (path: string): string[] =>
  statSync(path).isFile()
    ? [readFileSync(path, 'utf8')]
    : readdirSync(path)
        .sort()
        .flatMap((name) => textsIn(join(path, name)))

describe('a process that is killed while it takes back', { timeout: 300_000 }, () => {
  /** A file, or one in a folder, that is there, or is another than before, once the work has come so far. */
  const moments = [
    ['its tombstones are written', '.pairmill/retracted.json'],
    ['the change has its record', '.pairmill/generations/NEXT.json'],
    ['the first entry is replaced', '.pairmill/entries'],
    ['the files that describe it are replaced', 'README.md'],
  ] as const

  it.each(moments)('when %s leaves what verifies, and the same command ends it', async (_, name) => {
    const out = copyOf(whole)
    const next = String(readdirSync(join(out, '.pairmill/generations')).length + 1).padStart(6, '0')
    const path = join(out, name.replace('NEXT', next))
    const bytes = () => (existsSync(path) ? textsIn(path).join('\n') : '')
    const before = bytes()
    const folder = existsSync(path) && statSync(path).isDirectory() ? path : dirname(path)
    await killAt(start(takeBack(out, '--host', bad)), () =>
      atChange(name, [folder], () => bytes() !== before),
    )
    expect(bytes(), 'it ended before it came so far').not.toBe(before)
    expect(await problemsOf(out)).toEqual([])
    expect((await pairmill(takeBack(out, '--host', bad))).code).toBe(0)
    expect(await filesHolding(out, bad)).toEqual([])
    expect(await pairsOf(out)).toEqual(wanted)
    expect(await problemsOf(out)).toEqual([])
  })
})

describe('a wrong call', { timeout: 60_000 }, () => {
  it('names every problem and ends with 2', async () => {
    const list = join(tempFolder(), 'list.txt')
    writeFileSync(list, `# hosts\nbad.test\nhttp://\n${'ab'.repeat(16)}\n`)
    const call = takeBack('nowhere', '--host', 'http://x.test/', '--sha256', 'ab', '--file', list)
    const { code, stderr } = await pairmill(call)
    expect(code).toBe(2)
    expect(stderr.split('\n')).toEqual([
      expect.stringContaining('--host: http://x.test/ is no host'),
      expect.stringContaining('--sha256: ab is no sha256: 64 hex digits are expected'),
      expect.stringContaining('line 3: http:// is no http or https URL'),
      expect.stringContaining('line 4: '),
      '',
    ])
  })

  it('ends with 1 where there is no dataset', async () => {
    const { code, stderr } = await pairmill(takeBack(tempFolder(), '--host', bad))
    expect(code).toBe(1)
    expect(stderr).toContain("holds no dataset of pairmill's")
  })
})
