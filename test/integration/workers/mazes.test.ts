import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { atOnce, defaultVisitOptions, type ScopeRules, visit } from '../../../src/crawl/index.js'
import { createNet, type Net } from '../../../src/net/index.js'
import type { LeasedUrl } from '../../../src/records/index.js'
import { noRefusals } from '../../../src/records/index.js'
import { createTraps } from '../../../src/workers/hosts/traps.js'
import { sessionCommitOf } from '../../../src/workers/session-commit.js'
import type { UrlOutcome } from '../../../src/workers/url-outcome.js'
import { type Mischief, startMischief } from '../../fixtures/web/mischief.js'
import { takesAll } from '../../fixtures/workers/found.js'

const rules: ScopeRules = { scope: 'host', maxDepth: null, include: [], exclude: [] }
let web: Mischief
let net: Net
beforeAll(async () => {
  web = await startMischief()
  net = createNet({ userAgent: 'test', connectTo: [], allowPrivate: ['127.0.0.0/8'] })
})
afterAll(async () => {
  await net.close()
  await web.close()
})

/** Crawls as the workers do, breadth first, until nothing is left or so many pages were fetched. */
async function crawl(start: string, most: number) {
  const traps = createTraps(10_000, () => Date.UTC(2026, 0, 15))
  const anchor = new URL(web.origin).host
  const queue: LeasedUrl[] = [{ id: 0, url: web.origin + start, depth: 0, anchor, redirects: 0, attempts: 0 }]
  const known = new Set(queue.map(({ url }) => url))
  const counters: Record<string, number> = {}
  let fetched = 0
  for (let url = queue.shift(); url !== undefined && fetched < most; url = queue.shift()) {
    fetched++
    const visited = await visit(
      { fetch: net.fetch, now: Date.now, random: Math.random },
      url,
      { ...defaultVisitOptions, productToken: 'pairmill' },
      new AbortController().signal,
    )
    const isCopy = visited.kind === 'page' && traps.isCopy(url.url, visited.page.digest)
    const outcome: UrlOutcome = isCopy ? { kind: 'skipped', reason: 'copy', detail: '' } : visited
    const committed = atOnce(
      sessionCommitOf([{ url, outcome, atMs: 0 }], rules, traps.linkVerdict, takesAll, noRefusals),
    )
    for (const [name, n] of Object.entries(committed.counters)) counters[name] = (counters[name] ?? 0) + n
    for (const offer of committed.offers) {
      if (known.has(offer.url)) continue
      known.add(offer.url)
      queue.push({ ...offer, id: known.size, attempts: 0 })
    }
  }
  return { fetched, left: queue.length, counters, urls: [...known] }
}

describe('a site without an end comes to one', () => {
  it.each([
    ['/maze-relative/', 600, 'link_skipped:trap_path'],
    ['/maze-month/2026/01', 60, 'link_skipped:trap_calendar'],
    ['/maze-month/2028/11', 60, 'link_skipped:trap_calendar'],
    ['/maze-month/2444/05', 60, 'link_skipped:trap_calendar'],
    ['/maze-month-query?y=2026&m=1', 60, 'link_skipped:trap_calendar'],
    ['/maze-month-query?y=2031&m=5', 60, 'link_skipped:trap_calendar'],
    ['/maze-day/2026-01-15', 1_200, 'link_skipped:trap_calendar'],
    ['/maze-day/1800-01-02', 1_200, 'link_skipped:trap_calendar'],
    ['/maze-session?page=0', 10, 'link_skipped:trap_session'],
    ['/maze-soft404/', 60, 'page_skipped:copy'],
  ])('%s within %i pages: %s', async (start, most, counter) => {
    const { fetched, left, counters } = await crawl(start, 5_000)
    expect(left).toBe(0)
    expect(fetched).toBeLessThanOrEqual(most)
    expect(counters[counter]).toBeGreaterThan(0)
  })

  it.each([
    ['/maze-month/2028/11', /2029/],
    ['/maze-month/1800/02', /1799/],
    ['/maze-month-query?y=2028&m=11', /y=2029/],
    ['/maze-day/2028-12-30', /2029/],
  ])('and a calendar where its years do: none of %s leads out of them', async (start, beyond) => {
    const { urls } = await crawl(start, 5_000)
    expect(urls.filter((url) => beyond.test(url))).toEqual([])
    expect(urls.length).toBeGreaterThan(20)
  })

  it('only by its budget where each page is truly another: numbers that count on', async () => {
    expect(await crawl('/maze-refresh', 50)).toMatchObject({ fetched: 50, counters: { pages: 50 } })
  })

  it('after the filters that a shop may have', async () => {
    const { left, counters } = await crawl('/maze-filters', 1_200)
    expect(left).toBe(0)
    expect(counters['link_skipped:trap_query']).toBeGreaterThan(0)
  })
})
