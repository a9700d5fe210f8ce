import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultVisitOptions, fetchRobots, visit } from '../../../src/crawl/index.js'
import {
  createNet,
  type Fetch,
  type FetchFailure,
  type FetchOutcome,
  type Net,
} from '../../../src/net/index.js'
import { type Mischief, type OwnPage, startMischief } from '../../fixtures/web/mischief.js'

const page = '<title>T</title><a href="/next">n</a><img src="/a.jpg" alt="A cat">'
const jpeg = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46])
const plain = { 'content-type': 'text/plain' }
const bytes = { 'content-type': 'application/octet-stream' }
const pages: Record<string, OwnPage> = {
  '/fine': { headers: { 'content-language': 'en-GB', 'content-encoding': 'gzip' }, body: gzipSync(page) },
  '/says-no': { headers: { 'x-robots-tag': 'noindex, nofollow' }, body: page },
  '/says-nofollow': { headers: { 'x-robots-tag': 'nofollow' }, body: page },
  '/untyped': { headers: { 'content-type': '' }, body: page },
  '/untyped-text': { headers: { 'content-type': '' }, body: 'just text' },
  '/untyped-image': { headers: { 'content-type': '' }, body: jpeg },
  '/image-as-html': { body: jpeg },
  '/xhtml': { headers: { 'content-type': 'application/xhtml+xml' }, body: page },
  '/picture': { headers: { 'content-type': 'image/jpeg' }, body: jpeg },
  '/windows': {
    headers: { 'content-type': 'text/html; charset=windows-1252' },
    body: Uint8Array.from([0x3c, 0x74, 0x69, 0x74, 0x6c, 0x65, 0x3e, 0x80, 0xe9]),
  },
  '/sitemap-as-page': {
    body: `\ufeff\n<?xml version="1.0"?><!-- pages --><s:urlset><s:url><s:loc>/one</s:loc></s:url></s:urlset>`,
  },
  '/sitemap-as-text': { headers: plain, body: '<urlset><url><loc>/one</loc></url></urlset>' },
  '/sitemap-as-file': { headers: bytes, body: gzipSync('<urlset><url><loc>/one</loc></url></urlset>') },
  '/sitemap-of-lines': { headers: plain, body: 'http://h.test/one\r\nhttp://h.test/two\r\n' },
  '/sitemap-of-nothing': { headers: { 'content-type': 'text/xml' }, body: '<urlset></urlset>' },
  '/text': { headers: plain, body: 'Just a text.' },
  '/file': { headers: bytes, body: Uint8Array.from([1, 2, 3, 4, 0, 0, 0, 5]) },
  '/xhtml-as-xml': {
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0"?><!DOCTYPE html [<!ENTITY x "y">]><html xmlns="http://www.w3.org/1999/xhtml">${page}</html>`,
  },
  '/other-xml': { headers: { 'content-type': 'text/xml' }, body: '<catalogue><title>T</title></catalogue>' },
  '/untyped-comment': { headers: { 'content-type': '' }, body: `<!-- ${'x'.repeat(3_000)} -->${page}` },
  '/refreshes': { headers: { refresh: '0; url=/there' }, body: page },
  '/refreshes-itself': { headers: { refresh: '60' }, body: page },
  '/refreshes-and-closes': { headers: { refresh: '0;/there', 'x-robots-tag': 'nofollow' }, body: page },
  '/moved': { status: 301, headers: { location: '/fine?a=%7e#x' } },
  '/moved-away': { status: 302, headers: { location: 'ftp://h.test/' } },
  '/slow-down': { status: 429, headers: { 'retry-after': '120' } },
  '/gone': { status: 410 },
  '/down': { status: 503 },
}

let web: Mischief
let net: Net
let robots: (path: string) => OwnPage | undefined = () => undefined

beforeAll(async () => {
  web = await startMischief({ pages: (_, path) => robots(path) ?? pages[path] })
  net = createNet({ userAgent: 'pairmill/0 (test)', connectTo: [], allowPrivate: ['127.0.0.0/8'] })
})
afterAll(async () => {
  await net.close()
  await web.close()
})

const never = new AbortController().signal
const go = (
  path: string,
  changed: {
    attempts?: number
    maxBytes?: number
    deadlineMs?: number
    digest?: boolean
    isNamed?: boolean
    signal?: AbortSignal
  } = {},
) =>
  visit(
    { fetch: net.fetch, now: () => 0, random: () => 0 },
    {
      id: 1,
      url: `${web.origin}${path}`,
      depth: 0,
      anchor: '',
      redirects: 0,
      attempts: changed.attempts ?? 0,
    },
    { ...defaultVisitOptions, productToken: 'pairmill', ...changed },
    changed.signal ?? never,
  )

describe('a visit', () => {
  it('gives a page with its links and candidates', async () => {
    expect(await go('/fine')).toEqual({
      kind: 'page',
      page: {
        url: `${web.origin}/fine`,
        status: 200,
        bytes: page.length,
        digest: expect.stringMatching(/^.{28}$/),
        title: 'T',
        language: 'en-gb',
        links: [`${web.origin}/next`],
        linksClosed: 0,
        candidates: [
          {
            imageUrl: `${web.origin}/a.jpg`,
            fallbackUrls: [],
            captions: [{ source: 'alt', text: 'A cat' }],
            pageUrl: `${web.origin}/fine`,
            pageLanguage: 'en-gb',
            licenceUrl: null,
          },
        ],
        imagesSkipped: {},
        imagesSeen: 1,
        refusal: null,
      },
    })
  })

  it('gives no digest where none is asked for, and everything else', async () => {
    const whole = await go('/fine')
    const { digest, ...rest } = 'page' in whole ? whole.page : expect.fail('no page')
    expect(digest).toBeDefined()
    expect(await go('/fine', { digest: false })).toStrictEqual({ kind: 'page', page: rest })
  })

  it('does not read the body of a page whose head says no', async () => {
    expect(await go('/says-no')).toEqual({
      kind: 'skipped',
      reason: 'opt_out',
      detail: 'x-robots-tag: noindex (header)',
      status: 200,
      refusal: { rule: 'x-robots-tag', value: 'noindex', source: 'header' },
    })
    expect(await go('/says-nofollow')).toMatchObject({
      kind: 'page',
      page: { links: [], candidates: [{}], refusal: null },
    })
  })

  it('reads XHTML, and what has no type but looks like HTML', async () => {
    expect(await go('/xhtml')).toMatchObject({ kind: 'page' })
    expect(await go('/untyped')).toMatchObject({ kind: 'page', page: { title: 'T' } })
  })

  it('decodes by the declared charset', async () => {
    expect(await go('/windows')).toMatchObject({ page: { title: '\u20ac\u00e9' } })
  })

  it('gives a redirect back as a canonical URL, and goes no further', async () => {
    expect(await go('/moved')).toEqual({ kind: 'redirect', to: `${web.origin}/fine?a=~`, status: 301 })
    expect(await go('/moved-away')).toMatchObject({ kind: 'skipped' })
  })

  it.each([
    ['/picture', 'not_html'],
    ['/untyped-text', 'not_html'],
    ['/untyped-image', 'not_html'],
    ['/image-as-html', 'not_html'],
    ['/empty', 'empty'],
    ['/gone', 'http_4xx'],
    ['/nowhere', 'http_4xx'],
    ['/corrupt-gzip', 'encoding'],
    ['/gzip-bomb', 'too_large'],
    ['/huge', 'too_large'],
  ])('skips %s for good: %s', async (path, reason) => {
    expect(await go(path, { maxBytes: 100_000 })).toMatchObject({ kind: 'skipped', reason })
  })

  it.each([
    ['/down', 'http_5xx'],
    ['/cut', 'body_cut'],
    ['/reset', 'connection'],
    ['/hang', 'timeout'],
  ])('will try %s again: %s', async (path, reason) => {
    const first = await go(path, { deadlineMs: 500 })
    expect(first).toMatchObject({ kind: 'retry', reason })
    const third = await go(path, { deadlineMs: 500, attempts: 2 })
    const delays = [first, third].map((outcome) => (outcome.kind === 'retry' ? outcome.delayMs : 0))
    expect(delays[1]).toBeGreaterThan(delays[0] ?? 0)
    expect(await go(path, { deadlineMs: 500, attempts: 99 })).toMatchObject({ kind: 'skipped', reason })
  })

  it('waits as long as Retry-After asks', async () => {
    const outcome = await go('/slow-down')
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'http_429' })
    expect(outcome.kind === 'retry' && outcome.delayMs).toBeGreaterThanOrEqual(120_000)
  })

  it('that is cancelled leaves the URL to be tried again at once', async () => {
    expect(await go('/fine', { signal: AbortSignal.abort() })).toMatchObject({
      kind: 'retry',
      reason: 'cancelled',
      delayMs: 0,
    })
  })
})

describe('a sitemap or feed', () => {
  const linksOf = async (path: string, isNamed: boolean) => {
    const outcome = await go(path, { isNamed })
    if (outcome.kind === 'page') return outcome.page.links.map((link) => new URL(link).pathname)
    return 'reason' in outcome ? outcome.reason : outcome.kind
  }

  it.each<[string, readonly string[] | string, readonly string[] | string]>([
    ['/sitemap-as-page', ['/one'], ['/one']],
    ['/sitemap-as-text', ['/one'], 'not_html'],
    ['/sitemap-as-file', ['/one'], 'not_html'],
    ['/sitemap-of-lines', ['/one', '/two'], 'not_html'],
    ['/sitemap-of-nothing', 'no_entries', 'no_entries'],
    ['/text', 'not_html', 'not_html'],
    ['/file', 'not_html', 'not_html'],
    ['/picture', 'not_html', 'not_html'],
    ['/fine', ['/next'], ['/next']],
    ['/xhtml-as-xml', ['/next'], ['/next']],
    ['/other-xml', 'not_html', 'not_html'],
  ])(
    'is known by its content: %s gives %j, and %j where nobody said what it is',
    async (path, named, unnamed) => {
      expect(await linksOf(path, true)).toEqual(named)
      expect(await linksOf(path, false)).toEqual(unnamed)
    },
  )
})

describe('a page', () => {
  it('is one by the comment that it begins with', async () => {
    expect(await go('/untyped-comment')).toMatchObject({ kind: 'page', page: { title: 'T' } })
  })

  it.each([
    ['/refreshes', ['/next', '/there']],
    ['/refreshes-itself', ['/next']],
    ['/refreshes-and-closes', []],
  ])('leads on by a Refresh header as by the element: %s', async (path, links) => {
    const outcome = await go(path)
    expect(outcome.kind === 'page' && outcome.page.links.map((link) => new URL(link).pathname)).toEqual(links)
  })
})

describe('the robots.txt of a host', () => {
  const ask = async (answer: (path: string) => OwnPage | undefined) => {
    robots = answer
    const record = await fetchRobots(
      { fetch: net.fetch, now: () => 1000 },
      `127.0.0.1:${web.port}`,
      'http',
      never,
    )
    robots = () => undefined
    return record
  }
  const always = (answer: OwnPage) => (path: string) => (path === '/robots.txt' ? answer : undefined)
  const day = 24 * 3600 * 1000

  it('gives rules for a day where it is there', async () => {
    expect(
      await ask(always({ headers: { 'content-type': 'text/plain' }, body: 'User-agent: *\nDisallow: /a' })),
    ).toEqual({
      kind: 'rules',
      body: 'User-agent: *\nDisallow: /a',
      fetchedAtMs: 1000,
      expiresAtMs: 1000 + day,
      status: 200,
      detail: '',
    })
  })

  it.each([401, 403, 404, 410])('allows all where it answers %i', async (status) => {
    expect(await ask(always({ status }))).toMatchObject({
      kind: 'allow_all',
      status,
      expiresAtMs: 1000 + day,
    })
  })

  it.each([429, 500, 503, 304])('forbids all, for minutes, where it answers %i', async (status) => {
    const record = await ask(always({ status }))
    expect(record).toMatchObject({ kind: 'forbid_all', status, body: null })
    expect(record.expiresAtMs).toBeLessThan(3600 * 1000)
  })

  it('is followed through five redirects, and no more', async () => {
    const chain = (length: number) => (path: string) => {
      const step = path === '/robots.txt' ? 0 : Number(path.slice(2))
      if (step === length) return { body: 'User-agent: *\nDisallow: /end' }
      return { status: 302, headers: { location: `/r${step + 1}` } }
    }
    expect(await ask(chain(5))).toMatchObject({ kind: 'rules', body: 'User-agent: *\nDisallow: /end' })
    expect(await ask(chain(6))).toMatchObject({ kind: 'forbid_all' })
  })

  it('is read as far as 500 KiB and never ends in half a rule', async () => {
    const record = await ask(always({ body: `User-agent: *\n${'Disallow: /abcdefgh\n'.repeat(60_000)}` }))
    expect(record.kind).toBe('rules')
    expect(record.body?.length).toBeLessThanOrEqual(500 * 1024)
    expect(record.body?.length).toBeGreaterThan(500 * 1024 - 30)
    expect(record.body?.endsWith('Disallow: /abcdefgh\n')).toBe(true)
  })

  const file = 'User-agent: *\nDisallow: /private\n'
  it.each([
    ['UTF-8 with its mark', Buffer.from(`\ufeff${file}`)],
    ['UTF-16', Buffer.from(`\ufeff${file}`, 'utf16le')],
    ['UTF-16, the other way round', Buffer.from(`\ufeff${file}`, 'utf16le').swap16()],
    ['UTF-16 without a mark', Buffer.from(file, 'utf16le')],
    ['a gzip file', gzipSync(file)],
    ['a gzip file without its checksum', gzipSync(file).subarray(0, -8)],
    ['a gzip file of UTF-16', gzipSync(Buffer.from(`\ufeff${file}`, 'utf16le'))],
  ])('is read where it is %s', async (_, body) => {
    expect(await ask(always({ body }))).toMatchObject({ kind: 'rules', body: file })
  })

  it.each([
    ['a gzip file that is cut', gzipSync(file).subarray(0, 30)],
    ['a gzip file of zeros that goes beyond its room', gzipSync(Buffer.alloc(64 * 1024 * 1024))],
    ['no text at all', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13, 1, 2, 3])],
  ])('forbids all where it is %s', async (_, body) => {
    expect(await ask(always({ body }))).toMatchObject({ kind: 'forbid_all', status: 200 })
  })

  it('is had behind a wall that wants its cookie', async () => {
    const wall = await ask((path) =>
      path === '/robots.txt'
        ? { status: 302, headers: { location: '/cookie-wall', 'set-cookie': 'wall=seen' } }
        : undefined,
    )
    expect(wall).toMatchObject({ kind: 'rules' })
  })

  it('forbids all where the host does not answer', async () => {
    const fetched = await fetchRobots({ fetch: net.fetch, now: () => 0 }, '127.0.0.1:1', 'http', never)
    expect(fetched).toMatchObject({ kind: 'forbid_all', status: null })
    expect(fetched).not.toHaveProperty('lasting')
  })

  const failing = (reason: FetchFailure, lasting = false): FetchOutcome =>
    lasting ? { kind: 'failed', reason, detail: 'why', lasting } : { kind: 'failed', reason, detail: 'why' }
  const fetchedFrom = async (...outcomes: FetchOutcome[]) => {
    const answers = [...outcomes]
    const fetch: Fetch = async () => answers.shift()!
    return fetchRobots({ fetch, now: () => 1000 }, 'h.test', 'http', never)
  }

  it.each([failing('address_refused'), failing('tls'), failing('dns', true)])(
    'forbids all, and says that the host will not be reached later either: %j',
    async (failure) => {
      const { reason } = failure as { reason: string }
      const record = await fetchedFrom(failure)
      expect(record).toMatchObject({ kind: 'forbid_all', lasting: reason, detail: `${reason}: why` })
    },
  )

  it.each([
    failing('dns'),
    failing('connection'),
    failing('timeout'),
    failing('too_large'),
    failing('encoding'),
  ])('may be had later where it was not now: %j', async (failure) => {
    const record = await fetchedFrom(failure)
    expect(record).toMatchObject({ kind: 'forbid_all' })
    expect(record).not.toHaveProperty('lasting')
  })

  it('says nothing about its own host where it led to one that is refused', async () => {
    const redirect: FetchOutcome = {
      kind: 'redirect',
      head: { status: 302, headers: {} },
      location: 'http://10.0.0.1/robots.txt',
    }
    const record = await fetchedFrom(redirect, failing('address_refused'))
    expect(record).toMatchObject({ kind: 'forbid_all' })
    expect(record).not.toHaveProperty('lasting')
  })
})
