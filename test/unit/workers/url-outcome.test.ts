import { describe, expect, it } from 'vitest'
import type { Page } from '../../../src/crawl/index.js'
import type { LeasedUrl, PageRow } from '../../../src/records/index.js'
import { maxRedirects } from '../../../src/workers/hosts/traps.js'
import { maxTries, pageRowOf, type UrlOutcome } from '../../../src/workers/url-outcome.js'

const atMs = Date.UTC(2026, 0, 2, 3, 4, 5)
const permission = {
  rule: 'robots:allow /',
  value: 'Allow: /',
  source: 'robots.txt',
  checkedAt: '2026-01-02T03:00:00.000Z',
}
const url: LeasedUrl = {
  id: 1,
  url: 'http://a.test:8080/x',
  depth: 2,
  anchor: 'a.test',
  redirects: 0,
  attempts: 1,
}
const page: Page = {
  url: url.url,
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
}
const tdm = { rule: 'tdm', value: '1', source: 'header' } as const
const saidNow = { ...tdm, checkedAt: '2026-01-02T03:04:05.000Z' }

const rowOf = (outcome: UrlOutcome, over: Partial<LeasedUrl> = {}) =>
  pageRowOf({ url: { ...url, ...over }, outcome, atMs })

describe('the row of the page ledger', () => {
  it('says where the URL stood, and on whose word it was asked for', () => {
    expect(rowOf({ kind: 'page', page, permission })).toEqual({
      url: 'http://a.test:8080/x',
      host: 'a.test:8080',
      outcome: 'read',
      reason: null,
      detail: null,
      httpStatus: 200,
      depth: 2,
      tries: 2,
      redirectTo: null,
      candidates: 0,
      permission,
      imagesRefusal: null,
    })
  })

  it.each<[string, UrlOutcome, Partial<PageRow>]>([
    [
      'a page whose images are not to be taken',
      { kind: 'page', page: { ...page, refusal: tdm }, permission },
      { outcome: 'read', permission, imagesRefusal: saidNow },
    ],
    [
      'a redirect',
      { kind: 'redirect', to: 'http://b.test/', status: 308, permission },
      {
        outcome: 'redirected',
        reason: null,
        httpStatus: 308,
        redirectTo: 'http://b.test/',
        candidates: null,
      },
    ],
    [
      'a redirect to where it came from',
      { kind: 'loop', to: 'http://a.test/', status: 302, permission },
      { outcome: 'skipped', reason: 'redirect_loop', httpStatus: 302, redirectTo: 'http://a.test/' },
    ],
    [
      'a page that is not there',
      { kind: 'skipped', reason: 'http_4xx', detail: 'HTTP 404', status: 404, permission },
      { outcome: 'skipped', reason: 'http_4xx', detail: null, httpStatus: 404, permission },
    ],
    [
      'what is no page, with what it is',
      { kind: 'skipped', reason: 'not_html', detail: 'application/pdf', status: 200, permission },
      { outcome: 'skipped', reason: 'not_html', detail: 'application/pdf', httpStatus: 200 },
    ],
    [
      'an opt-out in the head, which counts for more than robots.txt',
      { kind: 'skipped', reason: 'opt_out', detail: 'tdm: 1', status: 200, refusal: tdm, permission },
      { outcome: 'refused', reason: 'opt_out', detail: null, httpStatus: 200, permission: saidNow },
    ],
    [
      'robots.txt',
      { kind: 'forbidden', permission: { ...permission, rule: 'robots:disallow /' } },
      { outcome: 'refused', reason: 'robots', httpStatus: null, tries: 1 },
    ],
    [
      "another file's no",
      { kind: 'forbidden', optOut: 'ai-txt', permission: { ...permission, rule: 'ai-txt' } },
      { outcome: 'refused', reason: 'opt_out', tries: 1 },
    ],
    [
      'a host that cannot be reached, which was not asked for the page',
      { kind: 'skipped', reason: 'address_refused', detail: '10.0.0.1', permission, unfetched: true },
      { outcome: 'skipped', reason: 'address_refused', detail: '10.0.0.1', httpStatus: null, tries: 1 },
    ],
    [
      'a URL that is out of scope now, about which nobody was asked',
      { kind: 'out', verdict: 'excluded' },
      { outcome: 'left_out', reason: 'excluded', permission: null, tries: 1 },
    ],
  ])('of %s', (_, outcome, row) => {
    expect(rowOf(outcome)).toMatchObject(row)
  })

  it('comes when a URL is given up, not before', () => {
    const retry: UrlOutcome = {
      kind: 'retry',
      reason: 'http_5xx',
      delayMs: 1,
      detail: 'HTTP 503',
      status: 503,
    }
    expect(rowOf(retry, { attempts: maxTries - 2 })).toBeNull()
    expect(rowOf(retry, { attempts: maxTries - 1 })).toMatchObject({
      outcome: 'given_up',
      reason: 'http_5xx',
      httpStatus: 503,
      tries: maxTries,
    })
    expect(rowOf({ kind: 'back' })).toBeNull()
  })

  it('says of the last redirect of a chain that it was one too many', () => {
    const on: UrlOutcome = { kind: 'redirect', to: 'http://a.test/on', status: 302 }
    expect(rowOf(on, { redirects: maxRedirects })).toMatchObject({
      outcome: 'skipped',
      reason: 'redirects',
      redirectTo: 'http://a.test/on',
    })
  })

  it('keeps no more of an explanation than a person reads', () => {
    const outcome: UrlOutcome = { kind: 'skipped', reason: 'tls', detail: 'x'.repeat(5_000) }
    expect(rowOf(outcome)?.detail).toHaveLength(200)
  })
})
