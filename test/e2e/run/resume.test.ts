import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  countersOf,
  entriesOf,
  leftovers,
  newOut,
  pairmill,
  pairsOf,
  problemsOf,
  start,
  statusOf,
} from '../../fixtures/run/pairmill.js'
import { takesSmall } from '../../fixtures/run/pictures.js'
import { serveTree } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const host = 'site.test'
const pages = 31
let web: TestWeb
let wanted: string[]

beforeAll(async () => {
  web = await startTestWeb()
  wanted = await serveTree(web, host, pages, 0)
}, 60_000)
afterAll(() => web.close())

/** The command for a folder; `more` comes last. */
const words = (out: string, ...more: string[]): string[] => [
  ...['run', `http://${host}/`, '--out', out, '--model', 'none', '--dedupe', 'off'],
  ...['--batch-size', '4', '--shard-size', '10', '--delay-ms', '10'],
  ...takesSmall,
  ...web.words,
  ...more,
]

/** What of a summary does not depend on time. */
const funnel = (stdout: string): string => stdout.slice(stdout.indexOf('\n'))

describe('a run that is done', { timeout: 300_000 }, () => {
  it('is left as it is by the same command, which prints the same summary and fetches nothing', async () => {
    const out = newOut()
    const first = await pairmill(words(out))
    expect(first.code).toBe(0)
    expect(await pairsOf(out)).toEqual(wanted)
    const files = filesOf(out)
    const requests = web.seen.length

    const second = await pairmill(words(out, '--concurrency', '3', '--delay-ms', '20'))
    expect(second.code).toBe(0)
    expect(funnel(second.stdout)).toBe(funnel(first.stdout))
    expect(web.seen.length).toBe(requests)
    expect(filesOf(out)).toEqual(files)
  })

  it('goes on under a raised --max-pages, and never beyond it', async () => {
    const out = newOut()
    for (const most of [6, 15]) {
      const { code, stdout } = await pairmill(words(out, '--max-pages', String(most)))
      expect(code).toBe(0)
      expect(stdout).toMatch(/^Stopped at the limit --max-pages after /)
      expect(await countersOf(out)).toMatchObject({ pages: most, kept: 2 * most })
      expect(await problemsOf(out)).toEqual([])
    }
    const { stdout } = await pairmill(words(out))
    expect(stdout).toMatch(/^Done after /)
    expect(await pairsOf(out)).toEqual(wanted)
    expect(await problemsOf(out)).toEqual([])
  })

  it('refuses other options with the difference, lowered limits among them, and changes nothing', async () => {
    const out = newOut()
    expect((await pairmill(words(out, '--max-pages', '6'))).code).toBe(0)
    const files = filesOf(out)
    const changed = ['--max-pages', '5', '--min-side', '150', '--exclude', '*.php', '--dedupe', 'near']
    const { code, stdout, stderr } = await pairmill(words(out, ...changed))
    expect(code).toBe(4)
    expect(stdout).toBe('')
    const said = stderr.split('\n').filter((line) => line.startsWith('  --'))
    expect(said.sort()).toEqual([
      '  --dedupe: the run has "off", this command says "near"',
      '  --exclude: the run has [], this command says ["*.php"]',
      '  --max-pages: the run has 6, this command says 5',
      '  --min-side: the run has 64, this command says 150',
    ])
    expect(stderr).toContain(`${out} holds a run that was started with other options`)
    expect(filesOf(out)).toEqual(files)
    expect((await pairmill(words(out, '--max-pages', '6'))).code).toBe(0)
  })

  it('takes up seeds that are added to it', async () => {
    const out = newOut()
    const more = await serveTree(web, 'second.test', 3, 500)
    expect((await pairmill(words(out, '--max-depth', '1'))).code).toBe(0)
    const first = await pairsOf(out)
    const { code } = await pairmill(words(out, '--max-depth', '1', 'http://second.test/'))
    expect(code).toBe(0)
    expect(await pairsOf(out)).toEqual([...first, ...more].sort())
  })
})

describe('a signal', { timeout: 300_000 }, () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)(
    '%s drains the run: what is under way is committed, and the same command goes on',
    async (name, code) => {
      const out = newOut()
      const life = start(words(out))
      await requests(20)
      life.child.kill(name)
      const ended = await life.ended
      expect(ended).toMatchObject({ code, signal: null })
      expect(ended.stdout).toMatch(/^Interrupted after /)
      expect(ended.stdout).toContain('The same command goes on from here.')
      const { counters, queues } = await statusOf(out)
      expect(queues.urls + queues.buffered + queues.batches).toBeGreaterThan(0)
      expect(counters.pages).toBeGreaterThan(0)
      expect(leftovers(out).filter((name) => !name.startsWith('parts/'))).toEqual([])
      await endsWell(out)
    },
  )

  it('leaves a manifest that names every shard, however soon after the last ones it comes', async () => {
    const out = newOut()
    const shards = () => readdirSync(out).filter((name) => name.endsWith('.tar')).length
    const life = start(words(out))
    while (life.child.exitCode === null && !(existsSync(out) && shards() >= 3))
      await new Promise((done) => setTimeout(done, 5))
    life.child.kill('SIGINT')
    expect(await life.ended).toMatchObject({ code: 130 })
    const entries = await entriesOf(out)
    expect(entries.length).toBeGreaterThanOrEqual(3)
    const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8'))
    expect(manifest).toMatchObject({ complete: false, shards: entries.map(({ shard }) => ({ shard })) })
    await endsWell(out)
  })

  it('SIGINT once more stops at once, although a host keeps its answer to itself', async () => {
    web.page('slow.test/', { links: ['/hang'], images: [] })
    const out = newOut()
    const seeds = [`http://slow.test/`]
    const life = start(words(out, ...seeds))
    await new Promise<void>((resolve) => {
      const stop = web.onRequest((_, path) => {
        if (path !== '/hang') return
        stop()
        resolve()
      })
    })
    life.child.kill('SIGINT')
    await life.said('SIGINT: finishing and committing')
    expect(life.child.exitCode).toBe(null)
    life.child.kill('SIGINT')
    const { code, stderr } = await life.ended
    expect(code).toBe(130)
    expect(stderr).toContain('SIGINT: stopping at once')
    web.page('slow.test/hang', {})
    await endsWell(out, ...seeds)
  })

  async function requests(n: number): Promise<void> {
    let left = n
    await new Promise<void>((resolve) => {
      const stop = web.onRequest(() => {
        if (--left > 0) return
        stop()
        resolve()
      })
    })
  }

  async function endsWell(out: string, ...more: string[]): Promise<void> {
    const last = await pairmill(words(out, ...more))
    expect(last.code).toBe(0)
    expect(await pairsOf(out)).toEqual(wanted)
    expect(await problemsOf(out)).toEqual([])
    expect(leftovers(out)).toEqual([])
  }
})

describe('a limit', { timeout: 300_000 }, () => {
  it('--max-pairs is met exactly, and raised exactly', async () => {
    const out = newOut()
    for (const most of [7, 19]) {
      const { code, stdout } = await pairmill(words(out, '--max-pairs', String(most)))
      expect(code).toBe(0)
      expect(stdout).toMatch(/^Stopped at the limit --max-pairs after /)
      expect(await pairsOf(out)).toHaveLength(most)
      expect((await countersOf(out)).kept).toBe(most)
      expect(await problemsOf(out)).toEqual([])
    }
  })

  it('--max-time ends a run with what it has in shards, and without it the run goes on to its end', async () => {
    const out = newOut()
    // A tree of 31 pages needs more than twenty seconds at this pace, and a busy machine has the first of them after ten.
    const slow = ['--delay-ms', '700']
    const { code, stdout } = await pairmill(words(out, '--max-time', '10s', ...slow))
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Stopped at the limit --max-time after /)
    const some = await pairsOf(out)
    expect(some.length).toBeGreaterThan(0)
    expect(some.length).toBeLessThan(wanted.length)
    expect(await problemsOf(out)).toEqual([])
    const spent = (await pairmill(words(out, '--max-time', '10s', ...slow))).stdout
    expect(spent).toMatch(/^Stopped at the limit --max-time after /)
    expect((await pairmill(words(out))).code).toBe(0)
    expect(await pairsOf(out)).toEqual(wanted)
  })
})

/** Every file of the dataset with a digest of its bytes. */
function filesOf(out: string): Record<string, string> {
  const names = readdirSync(out, { withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    names.map(({ name }) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(out, name)))
        .digest('hex'),
    ]),
  )
}
