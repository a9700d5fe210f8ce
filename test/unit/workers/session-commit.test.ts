import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { atOnce, type Page, type ScopeRules } from '../../../src/crawl/index.js'
import type { TextJudge } from '../../../src/filter/index.js'
import {
  type Candidate,
  candidateKey,
  type LeasedUrl,
  noRefusals,
  type Refusals,
  type RefusedBy,
} from '../../../src/records/index.js'
import { failurePauseMs } from '../../../src/workers/hosts/host-backoff.js'
import { sessionCommitOf } from '../../../src/workers/session-commit.js'
import { maxTries, type UrlOutcome, type UrlVisited } from '../../../src/workers/url-outcome.js'
import { takesAll } from '../../fixtures/workers/found.js'

const noTrap = () => null
const rules: ScopeRules = { scope: 'host', maxDepth: 2, include: [], exclude: ['*/private/*'] }

const leased = (path: string, over: Partial<LeasedUrl> = {}): LeasedUrl => ({
  id: 1,
  url: `http://a.test/${path}`,
  depth: 0,
  anchor: 'a.test',
  redirects: 0,
  attempts: 0,
  ...over,
})

const candidate = (over: Partial<Candidate> = {}): Candidate => ({
  imageUrl: 'http://img.test/1.jpg',
  fallbackUrls: [],
  captions: [
    { source: 'alt', text: 'a cat' },
    { source: 'title', text: 'a cat' },
    { source: 'heading', text: 'Cats' },
  ],
  pageUrl: 'http://a.test/',
  pageLanguage: null,
  licenceUrl: null,
  ...over,
})

const page = (over: Partial<Page> = {}): UrlOutcome => ({
  kind: 'page',
  page: {
    url: 'http://a.test/',
    status: 200,
    bytes: 900,
    digest: '',
    title: null,
    language: null,
    links: [],
    linksClosed: 0,
    candidates: [],
    imagesSkipped: {},
    imagesSeen: 0,
    refusal: null,
    ...over,
  },
})

/** Settles what is a logo. */
const judge: TextJudge = {
  ...takesAll,
  settled: ({ captions: [first] }) => (first?.text === 'logo' ? 'caption_placeholder' : null),
}
const commitOf = (outcomes: readonly UrlVisited[], refusals = noRefusals) =>
  atOnce(sessionCommitOf(outcomes, rules, noTrap, judge, refusals))
/** Refuses one URL. */
const refusing = (by: RefusedBy, url: string): Refusals => ({
  ...noRefusals,
  ofUrls: (urls) => (urls.includes(url) ? by : null),
})
const atMs = Date.UTC(2026, 0, 2, 3, 4, 5)
const commitOfOne = (outcome: UrlOutcome, url: LeasedUrl = leased('')) => commitOf([{ url, outcome, atMs }])
const retry = (reason: 'timeout' | 'http_429' | 'body_cut' = 'timeout') =>
  ({ kind: 'retry', reason, delayMs: 700, detail: '' }) as const

describe('the commit of a session', () => {
  it('of a page: its links one deeper, its candidates by the hosts of their images', () => {
    const image = candidate()
    const outcome = page({
      links: ['http://a.test/x', 'http://other.test/', 'http://a.test/private/x'],
      candidates: [image],
      linksClosed: 2,
      imagesSeen: 4,
      imagesSkipped: { svg: 2, data_url: 1 },
    })
    expect(commitOfOne(outcome, leased('', { id: 7, depth: 1, redirects: 3 }))).toEqual({
      done: [7],
      retry: [],
      back: [],
      pages: 1,
      offers: [{ url: 'http://a.test/x', host: 'a.test', depth: 2, anchor: 'a.test', redirects: 0 }],
      candidates: [{ key: candidateKey(image), host: 'img.test', texts: ['a cat', 'cats'], body: image }],
      decided: [expect.objectContaining({ outcome: 'read', candidates: 1, httpStatus: 200 })],
      counters: {
        pages: 1,
        page_bytes: 900,
        links: 3,
        images_seen: 4,
        candidates_seen: 1,
        'image_skipped:svg': 2,
        'image_skipped:data_url': 1,
        'link_skipped:nofollow': 2,
        'link_skipped:out_of_scope': 1,
        'link_skipped:excluded': 1,
      },
      health: 'ok',
    })
  })

  it('of a page on a list: done, with a row that says so, and nothing of what it links to there', () => {
    const refusals = refusing('listed', 'http://a.test/x')
    const url = leased('x', { id: 7 })
    const commit = commitOf([{ url, outcome: { kind: 'refused', by: 'listed' }, atMs }], refusals)
    expect(commit).toMatchObject({ done: [7], health: 'none', counters: { 'page_skipped:listed': 1 } })
    expect(commit.decided).toEqual([expect.objectContaining({ outcome: 'refused', reason: 'listed' })])
    const linking = page({ links: ['http://a.test/x', 'http://a.test/y'] })
    const { offers, counters } = commitOf([{ url: leased(''), outcome: linking, atMs }], refusals)
    expect(offers.map((offer) => offer.url)).toEqual(['http://a.test/y'])
    expect(counters).toMatchObject({ 'link_skipped:listed': 1 })
  })

  it('names nothing that was taken back: no link, no image by any of its URLs, no licence', () => {
    const gone = 'http://a.test/gone'
    const outcome = page({
      links: [gone],
      candidates: [
        candidate({ imageUrl: gone }),
        candidate({ fallbackUrls: [gone] }),
        candidate({ pageUrl: gone }),
        candidate({ licenceUrl: gone }),
      ],
      imagesSeen: 4,
    })
    const commit = commitOf([{ url: leased(''), outcome, atMs }], refusing('retracted', gone))
    expect(JSON.stringify(commit)).not.toContain(gone)
    expect(commit.candidates).toHaveLength(1)
    expect(commit.counters).toMatchObject({
      candidates_seen: 1,
      'image_skipped:retracted': 3,
      'link_skipped:retracted': 1,
    })
  })

  it.each<[string, UrlOutcome]>([
    ['was read before', page()],
    ['leads there', { kind: 'redirect', to: 'http://a.test/gone', status: 301 }],
    ['was left out', { kind: 'out', verdict: 'excluded' }],
  ])('has no row for what was taken back and %s', (_, outcome) => {
    const url = leased('', { id: 7 })
    const refusals = refusing('retracted', outcome.kind === 'redirect' ? 'http://a.test/gone' : url.url)
    const commit = commitOf([{ url, outcome, atMs }], refusals)
    expect(commit).toMatchObject({ done: [7], decided: [], pages: 0, offers: [], candidates: [] })
    expect(commit.counters).toEqual({ 'page_skipped:retracted': 1 })
  })

  it('has no more of what its texts reject than its row says, with the word on which its page was read', () => {
    const permission = { rule: 'robots:none', checkedAt: '2026-01-02T03:04:05.000Z' }
    const pagePermission = { ...permission, rule: 'robots:allow /frame' }
    const captions = [{ source: 'alt' as const, text: 'logo' }]
    const over = { captions, licenceUrl: 'http://a.test/licence', fallbackUrls: ['http://img.test/2.jpg'] }
    const [logo, framed] = [candidate(over), candidate({ ...over, pagePermission })]
    const outcome = { ...page({ candidates: [logo, candidate(), framed] }), permission }
    const [first, second, third] = commitOfOne(outcome).candidates
    expect(first).toEqual({
      key: candidateKey(logo),
      texts: ['logo'],
      reject: {
        imageUrl: logo.imageUrl,
        captions,
        pageUrl: 'http://a.test/',
        licenceUrl: 'http://a.test/licence',
        reason: 'caption_placeholder',
        pagePermission: permission,
      },
    })
    expect(second).toMatchObject({ host: 'img.test', body: { pagePermission: permission } })
    expect(third).toMatchObject({ reject: { pagePermission } })
  })

  it('goes no deeper than the scope', () => {
    const { offers, counters } = commitOfOne(page({ links: ['http://a.test/x'] }), leased('', { depth: 2 }))
    expect(offers).toEqual([])
    expect(counters).toMatchObject({ 'link_skipped:too_deep': 1 })
  })

  it('lets a redirect go on at the same depth, through the frontier', () => {
    const { offers, done, pages } = commitOfOne(
      { kind: 'redirect', to: 'http://a.test/new', status: 301 },
      leased('old', { depth: 1, redirects: 2 }),
    )
    expect(offers).toEqual([
      { url: 'http://a.test/new', host: 'a.test', depth: 1, anchor: 'a.test', redirects: 3 },
    ])
    expect([done, pages]).toEqual([[1], 0])
  })

  it('moves the scope with the redirect of a seed, and of nothing else', () => {
    const away: UrlOutcome = { kind: 'redirect', to: 'http://www.a.test/', status: 301 }
    expect(commitOfOne(away).offers).toMatchObject([{ url: 'http://www.a.test/', anchor: 'www.a.test' }])
    expect(commitOfOne(away).counters).toEqual({ redirects: 1, seeds_moved: 1 })
    const deeper = commitOfOne(away, leased('x', { depth: 1 }))
    expect(deeper.offers).toEqual([])
    expect(deeper.counters).toMatchObject({ redirects: 1, 'link_skipped:out_of_scope': 1 })
  })

  it('ends a chain of more than five redirects', () => {
    const on: UrlOutcome = { kind: 'redirect', to: 'http://a.test/on', status: 301 }
    expect(commitOfOne(on, leased('', { redirects: 4 })).offers).toHaveLength(1)
    const last = commitOfOne(on, leased('', { redirects: 5 }))
    expect(last).toMatchObject({
      done: [1],
      offers: [],
      counters: { redirects: 1, 'page_skipped:redirects': 1 },
    })
  })

  it('tries again until the tries are used up', () => {
    const tried = (attempts: number) => commitOfOne(retry(), leased('', { attempts }))
    expect(tried(0)).toMatchObject({
      done: [],
      retry: [{ id: 1, delayMs: 700 }],
      counters: { page_retries: 1 },
    })
    expect(tried(maxTries - 2)).toMatchObject({ done: [], retry: [{ id: 1 }] })
    expect(tried(maxTries - 1)).toMatchObject({
      done: [1],
      retry: [],
      counters: { 'page_skipped:timeout': 1 },
    })
  })

  it.each<[UrlOutcome, string]>([
    [{ kind: 'skipped', reason: 'not_html', detail: '' }, 'page_skipped:not_html'],
    [{ kind: 'forbidden' }, 'page_skipped:robots'],
    [{ kind: 'loop', to: 'http://a.test/', status: 302 }, 'page_skipped:redirect_loop'],
    [{ kind: 'out', verdict: 'excluded' }, 'page_skipped:excluded'],
  ])('of %o: done with, and counted', (outcome, counter) => {
    expect(commitOfOne(outcome)).toMatchObject({ done: [1], pages: 0, counters: { [counter]: 1 } })
  })

  it('gives back what was not tried as it was', () => {
    expect(commitOfOne({ kind: 'back' })).toMatchObject({
      done: [],
      retry: [],
      back: [1],
      counters: {},
      health: 'none',
    })
  })

  it.each<[string, UrlOutcome[], 'ok' | 'bad' | 'none']>([
    ['a page', [page()], 'ok'],
    ['a page among failures', [retry(), page(), retry()], 'ok'],
    ['a no', [{ kind: 'skipped', reason: 'http_4xx', detail: '' }], 'ok'],
    ['a redirect', [{ kind: 'redirect', to: 'http://a.test/x', status: 301 }], 'ok'],
    ['robots.txt that forbids', [{ kind: 'forbidden' }], 'ok'],
    ['a body that was cut', [retry('body_cut')], 'ok'],
    ['no answer', [retry('timeout')], 'bad'],
    ['a host that is overloaded', [retry('http_429')], 'bad'],
    ['a name that is gone', [{ kind: 'skipped', reason: 'dns', detail: '' }], 'bad'],
    ['no answer, then stopped', [retry(), { kind: 'back' }], 'bad'],
    ['what never left the frontier', [{ kind: 'out', verdict: 'too_deep' }], 'none'],
    ['nothing', [], 'none'],
  ])('says of a host that gave %s: %s', (_, outcomes, health) => {
    const all = outcomes.map((outcome, id) => ({ url: leased(`${id}`, { id }), outcome, atMs }))
    expect(commitOf(all).health).toBe(health)
  })

  it('names every URL once, whatever became of it', () => {
    const outcome = fc.oneof(
      fc.constant(page({ links: ['http://a.test/y'] })),
      fc.constant<UrlOutcome>({ kind: 'redirect', to: 'http://a.test/z', status: 301 }),
      fc.constantFrom<UrlOutcome>(retry('timeout'), retry('http_429')),
      fc.constant<UrlOutcome>({ kind: 'skipped', reason: 'empty', detail: '' }),
      fc.constantFrom<UrlOutcome>(
        { kind: 'back' },
        { kind: 'forbidden' },
        { kind: 'out', verdict: 'excluded' },
      ),
    )
    const attempts = fc.nat({ max: 4 })
    const depth = fc.nat({ max: 3 })
    fc.assert(
      fc.property(fc.array(fc.tuple(outcome, attempts, depth)), (tried) => {
        const all = tried.map(([outcome_, attempts_, depth_], id) => ({
          url: leased(`${id}`, { id, attempts: attempts_, depth: depth_ }),
          outcome: outcome_,
          atMs,
        }))
        const { done, decided, retry: again, back, pages } = commitOf(all)
        // The ledger has a row of what is done, and of nothing else.
        const urlOf = new Map(all.map(({ url }) => [url.id, url.url]))
        expect(decided.map(({ url }) => url)).toEqual(done.map((id) => urlOf.get(id)))
        const named = [...done, ...again.map(({ id }) => id), ...back]
        expect(named.toSorted((a, b) => a - b)).toEqual(all.map(({ url }) => url.id))
        expect(pages).toBe(tried.filter(([outcome_]) => outcome_.kind === 'page').length)
      }),
    )
  })
})

describe('the pause after a failure', () => {
  it('is three times as long each time, up to a minute', () => {
    expect([0, 1, 2, 3, 4, 50].map((failures) => failurePauseMs(failures, 2_000))).toEqual([
      2_000, 6_000, 18_000, 54_000, 60_000, 60_000,
    ])
  })
})
