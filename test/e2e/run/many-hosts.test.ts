import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalUrl, parseRobots, robotsVerdict } from '../../../src/crawl/index.js'
import { type PageRow, rejectReasons } from '../../../src/records/index.js'
import {
  type Attempt,
  attemptsOf,
  type Ended,
  leftovers,
  newOut,
  pagesOf,
  pairmill,
  problemsOf,
  tally,
} from '../../fixtures/run/pairmill.js'
import { photo, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'
import type { OwnPage } from '../../fixtures/web/mischief.js'

const shared = resolve(import.meta.dirname, '../../../../shared/web')
const here = existsSync(join(shared, 'truth.jsonl'))

/** One `<img>`, as an independent parser found it. */
interface TrueImage {
  readonly site: string
  readonly page: string
  /** The page without its index.html; null = it has none. */
  readonly page_dir: string | null
  readonly kind: string
  readonly url: string
  readonly alt: string | null
  readonly exists: boolean
  readonly reachable: boolean
  readonly srcset: readonly { readonly url: string }[]
  readonly picture_sources: readonly { readonly srcset: readonly { readonly url: string }[] }[]
}

const delayMs = 100
const imageDelayMs = 20

/** Host names, and the real site that each shows. */
const names: Readonly<Record<string, string>> = {
  'wangzhan-1.test': 'wangzhan.test',
  ...Object.fromEntries([1, 2].map((n) => [`manual-${n}.test`, 'nanomanual.test'])),
  ...Object.fromEntries([1, 2, 3, 4].map((n) => [`recipes-${n}.test`, 'recipes.test'])),
}
/** Their robots.txt, where they have one: pictures, pages, and another crawler's matter. */
const robots: Readonly<Record<string, string>> = {
  'recipes-2.test': 'User-agent: *\nDisallow: /static/\n',
  'recipes-3.test': 'User-agent: *\nAllow: /pad-thai/\nDisallow: /pa\n',
  'manual-2.test': 'User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /*.gif$\n',
  'trouble.test': 'User-agent: pairmill\nDisallow: /private/\n',
  'slow.test': 'User-agent: *\nCrawl-delay: 1\n',
  'closed.test': 'User-agent: *\nDisallow: /\n',
}
/** What pages of trouble.test come to, beside those that it may not be asked for. */
const trouble: Readonly<Record<string, string>> = {
  '/drip?bytes=60&everyMs=10': 'read',
  '/flaky/1?status=500': 'read',
  '/too-many/1?retryAfter=1': 'read',
  '/status/404': 'http_4xx',
  '/status/501': 'http_5xx',
  '/wrong-type': 'not_html',
  '/huge?bytes=6000000': 'too_large',
  '/gzip-bomb?megabytes=20': 'too_large',
  '/corrupt-gzip': 'encoding',
  '/cut': 'body_cut',
  '/reset': 'connection',
  '/huge-headers': 'headers',
  '/empty': 'empty',
  '/redirect-chain/8': 'redirected',
  '/redirect-loop': 'redirect_loop',
  '/private/a.html': 'robots',
}

const tidy = (text: string) => text.replace(/\s+/g, ' ').trim().normalize('NFC')

describe.skipIf(!here)(
  'a run over real sites under many names, among hosts that misbehave (skipped where ../shared/web is absent)',
  { timeout: 60_000 },
  () => {
    let web: TestWeb
    let out: string
    let ended: Ended
    let pages: readonly PageRow[]
    let attempts: readonly Attempt[]
    let lateMs = 0

    beforeAll(async () => {
      web = await startTestWeb()
      for (const [name, site] of Object.entries(names)) web.otherwise(name, fileServer(name, site))
      for (const [name, text] of Object.entries(robots)) {
        web.serve(`${name}/robots.txt`, { headers: { 'content-type': 'text/plain' }, body: text })
      }
      web.page('trouble.test/', { links: Object.keys(trouble) })
      web.page('slow.test/', { links: ['/a.html', '/b.html', '/c.html'] })
      for (const page of ['a', 'b', 'c']) web.page(`slow.test/${page}.html`, {})
      web.serve('opted-out.test/', { headers: { 'x-robots-tag': 'noai' }, body: '<a href="/on">on</a>' })
      web.page('maze.test/', { links: ['/maze-session?page=0', '/maze-soft404/'] })
      web.picture('img.test/a.jpg', await photo(8_800))
      web.page('fine.test/', { images: [{ src: 'http://img.test/a.jpg', alt: sentence(2) }] })
      const seeds = [
        ...Object.keys(names),
        ...['trouble', 'slow', 'closed', 'opted-out', 'maze', 'fine', 'inside'].map((name) => `${name}.test`),
      ].map((name) => `http://${name}/`)
      // A host that is dead or broken altogether takes a minute and a half to be given up: doubt.test.ts waits for that.
      const elsewhere = ['--connect-to', 'inside.test::10.0.0.1:80']
      out = newOut()
      const lag = monitorEventLoopDelay({ resolution: 1 })
      lag.enable()
      ended = await pairmill([
        ...['run', ...seeds, '--out', out, '--model', 'none', '--contact', 'ada@example.org'],
        ...['--delay-ms', String(delayMs), '--image-delay-ms', String(imageDelayMs), '--concurrency', '32'],
        // A browser asks for the scripts of a page at once, and lets their host rest afterwards: render.test.ts.
        ...['--batch-size', '64', '--render', 'never'],
        ...['--max-pages-per-host', '400', ...elsewhere, ...web.words],
      ])
      // The delay lies between departures; the log has arrivals, each as late as the way and this process made it.
      lateMs = lag.max / 1e6 + 100
      pages = await pagesOf(out)
      attempts = await attemptsOf(out)
    }, 300_000)
    afterAll(() => web.close())

    it('ends by itself, and its dataset verifies', async () => {
      expect(ended.code, ended.stderr).toBe(0)
      expect(await problemsOf(out)).toEqual([])
      expect(leftovers(out)).toEqual([])
    })

    it('says of every page what became of it, once', () => {
      expect(new Set(pages.map(({ url }) => url)).size).toBe(pages.length)
      const fateOf = new Map(pages.map((row) => [row.url, row.reason ?? row.outcome]))
      const fates = Object.keys(trouble).map((path) => [path, fateOf.get(`http://trouble.test${path}`)])
      expect(Object.fromEntries(fates)).toEqual(trouble)
      expect(fateOf.get('http://closed.test/')).toBe('robots')
      expect(fateOf.get('http://opted-out.test/')).toBe('opt_out')
      expect(fateOf.get('http://inside.test/')).toBe('address_refused')
      expect(fateOf.get('http://slow.test/c.html')).toBe('read')
    })

    it('accounts for every pair of the truth file under every name: kept, or left out with a reason', () => {
      const fateOf = new Map(pages.map((row) => [row.url, row]))
      const byPair = new Map<string, Attempt>()
      for (const attempt of attempts) {
        for (const { source, text } of attempt.captions) {
          if (source === 'alt') byPair.set(`${attempt.url} ${text}`, attempt)
        }
      }
      const truth = readFileSync(join(shared, 'truth.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as TrueImage)
        .filter(
          ({ reachable, exists, kind, alt }) => reachable && exists && kind === 'http' && tidy(alt ?? ''),
        )
      const known = new Set<string>(['kept', 'page: robots', ...Object.values(rejectReasons).flat()])
      const fates: string[] = []
      const missed: string[] = []
      for (const [name, site] of Object.entries(names)) {
        const here_ = (url: string) => canonicalUrl(url.replace(`//${site}/`, `//${name}/`)) ?? ''
        for (const image of truth.filter((one) => one.site === site)) {
          const sets = [image.srcset, ...image.picture_sources.map(({ srcset }) => srcset)].flat()
          // A candidate goes by the source that gave its image, which may be another than src.
          const found = [image.url, ...sets.map(({ url }) => url)]
            .map((url) => byPair.get(`${here_(url)} ${tidy(image.alt ?? '')}`))
            .find((attempt) => attempt !== undefined)
          const page = fateOf.get(here_(image.page_dir ?? image.page)) ?? fateOf.get(here_(image.page))
          if (found !== undefined) fates.push(found.reason ?? 'kept')
          else if (page?.outcome === 'refused') fates.push(`page: ${page.reason}`)
          else missed.push(`${name} ${image.url} ${image.alt}`)
        }
      }
      console.info(`real sites under many names: ${fates.length} images accounted for:`, tally(fates))
      expect(missed).toEqual([])
      expect(fates.filter((fate) => !known.has(fate))).toEqual([])
      expect(fates.length).toBe(120 + 2 * 53 + 4 * 81)
      // Each kind of no was met.
      expect(tally(fates)).toMatchObject({ robots: expect.any(Number), 'page: robots': expect.any(Number) })
    })

    it('has fetched no URL that a robots.txt forbids, by the log of the web', () => {
      const forbidden = web.seen.filter(({ host, path }) => {
        const text = robots[host]
        if (text === undefined) return false
        const record = {
          kind: 'rules',
          body: text,
          fetchedAtMs: 0,
          expiresAtMs: 0,
          status: 200,
          detail: '',
        } as const
        return !robotsVerdict(record, parseRobots(text, 'pairmill'), `http://${host}${path}`).allowed
      })
      expect(forbidden).toEqual([])
      expect(web.seenAt('closed.test').map(({ path }) => path)).toEqual(['/robots.txt'])
      expect(web.seenAt('opted-out.test').map(({ path }) => path)).not.toContain('/on')
      const refused = pages.filter(({ reason }) => reason === 'robots')
      expect(refused.length).toBeGreaterThan(3)
    })

    it('has asked each host for its robots.txt before anything else, and once', () => {
      for (const name of Object.keys(names)) {
        const paths = web.seenAt(name).map(({ path }) => path)
        expect(paths[0], name).toBe('/robots.txt')
        expect(
          paths.filter((path) => path === '/robots.txt'),
          name,
        ).toHaveLength(1)
      }
    })

    it('has never fetched from a host faster than its delay, by the log of the web', () => {
      for (const name of [...Object.keys(names), 'trouble.test', 'slow.test', 'maze.test']) {
        const seen = web.seenAt(name).map(({ path, timeMs }) => ({ timeMs, isImage: isPicture(path) }))
        const least = (i: number) =>
          name === 'slow.test' ? 1_000 : seen[i]!.isImage || seen[i - 1]!.isImage ? imageDelayMs : delayMs
        // Between any two requests at least the delays of all between them: lateness does not add up.
        let sum = 0
        let best = seen[0]!.timeMs
        const early: number[] = []
        for (let i = 1; i < seen.length; i++) {
          sum += i === 1 && name === 'slow.test' ? 0 : least(i)
          early.push(seen[i]!.timeMs - sum - best)
          best = Math.max(best, seen[i]!.timeMs - sum)
        }
        expect(seen.length, name).toBeGreaterThan(3)
        expect(Math.min(...early), name).toBeGreaterThanOrEqual(-lateMs)
      }
    })
  },
)

const isPicture = (path: string) => /\.(?:jpe?g|png|gif|webp|bmp|svg|ico)(?:$|\?)/i.test(path)

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  htm: 'text/html',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  svg: 'image/svg+xml',
  xml: 'application/xml',
}

/** Serves the files of a site under another name, which takes the place of its own in its pages. */
function fileServer(name: string, site: string): (path: string) => OwnPage {
  return (path) => {
    const file = join(shared, site, decodeURIComponent(path.split('?', 1)[0] ?? '/'))
    if (!existsSync(file)) return { status: 404 }
    if (statSync(file).isDirectory()) {
      if (!path.endsWith('/')) return { status: 301, headers: { location: `${path}/` } }
      const index = ['index.html', 'index.htm'].map((one) => join(file, one)).find((one) => existsSync(one))
      return index === undefined ? { status: 404 } : answer(index)
    }
    return answer(file)
  }

  function answer(file: string): OwnPage {
    const type = types[file.split('.').at(-1)?.toLowerCase() ?? ''] ?? 'application/octet-stream'
    const bytes = readFileSync(file)
    const text = type === 'text/html' || type === 'application/xml'
    const body = text
      ? Buffer.from(bytes.toString('latin1').replaceAll(`//${site}/`, `//${name}/`), 'latin1')
      : bytes
    return { headers: { 'content-type': type }, body }
  }
}
