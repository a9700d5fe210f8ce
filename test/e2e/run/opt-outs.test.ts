import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  attemptsOf,
  countersOf,
  type Ended,
  newOut,
  pagesOf,
  pairmill,
  pairsOf,
} from '../../fixtures/run/pairmill.js'
import { photo, sentence } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

/** What a host serves beside its page `/`, the picture on it, and a page `/next` that `/` links to. */
const hosts: Record<string, (web: TestWeb, picture: Uint8Array) => void> = {
  'open.test': () => {},
  'signal.test': (web) =>
    web.serve('signal.test/robots.txt', 'User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /\n'),
  'usage.test': (web) =>
    web.serve('usage.test/robots.txt', 'User-agent: *\nContent-Usage: /a.jpg train-ai=n\n'),
  'tdm.test': (web) =>
    web.serve('tdm.test/.well-known/tdmrep.json', {
      headers: { 'content-type': 'application/json' },
      body: '[{"location": "/*.jpg", "tdm-reservation": 1}]',
    }),
  'ai-txt.test': (web) => web.serve('ai-txt.test/ai.txt', 'User-Agent: *\nDisallow: *.jpg\nAllow: /\n'),
  'meta.test': (web) =>
    web.page('meta.test/', {
      links: ['/next'],
      images: [{ src: '/a.jpg', alt: sentence(5) }],
      head: '<meta name="robots" content="noai">',
    }),
  'head.test': (web) =>
    web.serve('head.test/', { headers: { 'x-robots-tag': 'noimageai' }, body: '<a href="/next">on</a>' }),
  'image.test': (web, body) =>
    web.serve('image.test/a.jpg', {
      headers: { 'content-type': 'image/jpeg', 'tdm-reservation': '1' },
      body: Buffer.from(body),
    }),
}
const names = Object.keys(hosts)

describe('a run among sites that opt out', { timeout: 300_000 }, () => {
  let web: TestWeb
  let out: string
  let ended: Ended
  const crawl = (to: string, more: readonly string[] = []) => {
    const seeds = names.map((name) => `http://${name}/`)
    const options = ['--model', 'none', '--dedupe', 'off', '--delay-ms', '5', '--batch-size', '4', ...more]
    return pairmill(['run', ...seeds, '--out', to, ...options, ...web.words])
  }

  beforeAll(async () => {
    web = await startTestWeb()
    for (const [n, name] of names.entries()) {
      const bytes = await photo(6000 + n)
      web.page(`${name}/`, { links: ['/next'], images: [{ src: '/a.jpg', alt: sentence(n) }] })
      web.page(`${name}/next`, {})
      web.picture(`${name}/a.jpg`, bytes)
      hosts[name]?.(web, bytes)
    }
    out = newOut()
    ended = await crawl(out)
  }, 300_000)
  afterAll(() => web.close())

  it('keeps nothing against their word, and says by which', async () => {
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(await pairsOf(out)).toEqual([`http://open.test/a.jpg ${sentence(0)}`])
    const reasons = (await attemptsOf(out)).map(({ url, reason }) => [url, reason])
    expect(Object.fromEntries(reasons)).toEqual({
      'http://open.test/a.jpg': null,
      'http://usage.test/a.jpg': 'opt_out',
      'http://tdm.test/a.jpg': 'opt_out',
      'http://ai-txt.test/a.jpg': 'opt_out',
      'http://image.test/a.jpg': 'opt_out',
    })
    expect(await countersOf(out)).toMatchObject({
      'page_skipped:opt_out': 2,
      'page_opted_out:content-signal': 1,
      'page_opted_out:x-robots-tag': 1,
      'images_opted_out:meta-robots': 1,
    })
  })

  it('asks for no picture that a file of the site reserves, nor for anything where all is', () => {
    const asked = (host: string) => new Set(web.seenAt(host).map(({ path }) => path))
    const files = ['/robots.txt', '/.well-known/tdmrep.json', '/ai.txt']
    for (const host of ['usage.test', 'tdm.test', 'ai-txt.test', 'meta.test'])
      expect(asked(host)).toEqual(new Set([...files, '/', '/next']))
    expect(asked('signal.test')).toEqual(new Set(['/robots.txt']))
    expect(asked('head.test')).toEqual(new Set([...files, '/']))
    for (const host of names)
      expect(web.seenAt(host).filter(({ path }) => path === '/robots.txt')).toHaveLength(1)
  })

  it('can be asked for every decision', async () => {
    const { code, stdout, stderr } = await pairmill(['permissions', out, '--refused', '--json'])
    expect(code).toBe(0)
    const refused = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(refused.map(({ url, rule, value, source }) => [url, rule, value, source]).sort()).toEqual([
      ['http://ai-txt.test/a.jpg', 'ai-txt', 'Disallow: *.jpg', 'ai.txt'],
      ['http://head.test/', 'x-robots-tag', 'noimageai', 'header'],
      ['http://image.test/a.jpg', 'tdm', '1', 'header'],
      ['http://meta.test/', 'meta-robots', 'noai', 'meta'],
      ['http://signal.test/', 'content-signal', 'search=yes, ai-train=no', 'robots.txt'],
      ['http://tdm.test/a.jpg', 'tdm', 'location /*.jpg', 'tdmrep.json'],
      ['http://usage.test/a.jpg', 'aipref', 'train-ai=n', 'robots.txt'],
    ])
    for (const { checkedAt } of refused) expect(new Date(String(checkedAt)).toISOString()).toBe(checkedAt)
    expect(stderr).toContain('2 pages listed, 2 refused')
    expect(stderr).toContain('1 page read whose images were left alone by their own word')
    const pages = await pairmill(['permissions', out, '--host', 'open.test'])
    expect(pages.stdout).toMatch(/^allowed {2}page .* robots:absent +http:\/\/open\.test\/$/m)
  })

  it('has every page in its ledger once, also those that were not read and those that gave nothing', async () => {
    const pages = (await pagesOf(out)).map(({ url, outcome, reason, httpStatus, candidates }) => [
      url,
      [outcome, reason, httpStatus, candidates],
    ])
    const read = names.filter((name) => !['signal.test', 'head.test'].includes(name))
    expect(pages).toHaveLength(new Set(pages.map(([url]) => url)).size)
    expect(Object.fromEntries(pages)).toEqual({
      ...Object.fromEntries(
        read.flatMap((name) => [
          [`http://${name}/`, ['read', null, 200, name === 'meta.test' ? 0 : 1]],
          [`http://${name}/next`, ['read', null, 200, 0]],
        ]),
      ),
      'http://signal.test/': ['refused', 'opt_out', null, null],
      'http://head.test/': ['refused', 'opt_out', 200, null],
    })
  })

  it('takes what a named opt-out protects where it is told to ignore that, and nothing else', async () => {
    const other = newOut()
    const ignoring = ['--ignore-opt-out', 'tdm', '--ignore-opt-out', 'content-signal']
    expect(await crawl(other, ignoring)).toMatchObject({ code: 0 })
    const kept = (await pairsOf(other)).map((pair) => new URL(pair.split(' ', 1)[0]!).host)
    expect(kept.sort()).toEqual(['image.test', 'open.test', 'signal.test', 'tdm.test'])
    const differing = await crawl(out, ignoring)
    expect(differing).toMatchObject({ code: 4, stderr: expect.stringContaining('--ignore-opt-out') })
  })
})
