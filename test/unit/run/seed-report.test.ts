import { describe, expect, it } from 'vitest'
import type { PageRow } from '../../../src/records/index.js'
import { isNothingRead, reportSeeds } from '../../../src/run/seed-report.js'
import { decidedPage } from '../../contracts/backend/desk.js'

const row = (url: string, over: Partial<PageRow> = {}): PageRow => ({
  ...decidedPage({ id: 1, url, depth: 0, anchor: '', redirects: 0, attempts: 0 }, new URL(url).host),
  outcome: 'skipped',
  reason: 'http_4xx',
  httpStatus: 404,
  decidedAt: '2026-01-02T03:04:05.678Z',
  ...over,
})
const leads = (url: string, to: string) =>
  row(url, { outcome: 'redirected', reason: null, httpStatus: 301, redirectTo: to })
async function* ledger(rows: readonly PageRow[], read: string[] = []): AsyncGenerator<PageRow> {
  for (const one of rows) {
    read.push(one.url)
    yield one
  }
}
const [a, b, c, d] = ['http://a.test/', 'http://b.test/', 'http://c.test/', 'http://d.test/'] as const

describe('what became of the seeds', () => {
  it('is the last row on the way that each of them led', async () => {
    const rows = [
      leads(a, 'https://a.test/'),
      row(c),
      leads('https://a.test/', b),
      row(b),
      leads(d, 'http://d.test/x'),
    ]
    const { answers, moved } = await reportSeeds([a, c, d], ledger(rows), null)
    expect(answers).toEqual({
      first: [
        { seed: a, ledTo: b, row: row(b) },
        { seed: c, ledTo: c, row: row(c) },
        { seed: d, ledTo: 'http://d.test/x', row: null },
      ],
      more: 0,
    })
    expect(moved).toEqual({ first: [{ seed: a, ledTo: b, row: row(b) }], more: 0 })
  })

  it('names ten of many, and counts the others', async () => {
    const seeds = Array.from({ length: 25 }, (_, n) => `http://${n}.test/`)
    const { answers, moved } = await reportSeeds(seeds, ledger(seeds.map((seed) => leads(seed, a))), null)
    expect([answers.first.length, answers.more]).toEqual([10, 15])
    expect(moved.first.map(({ seed }) => seed)).toEqual(seeds.slice(0, 10))
    expect(moved.more).toBe(15)
  })

  it('is read no further than to the last seed that moved, where those alone are wanted', async () => {
    const read: string[] = []
    const rows = [row(c), leads(a, b), row(b), leads(d, c), row('http://x.test/')]
    const { moved } = await reportSeeds([a, c, d], ledger(rows, read), 2)
    expect(moved.first.map(({ seed, ledTo }) => [seed, ledTo])).toEqual([
      [a, b],
      [d, c],
    ])
    expect(read).toEqual([c, a, b, d])
  })

  it('comes to an end where redirects go round', async () => {
    const { answers } = await reportSeeds([a], ledger([leads(a, b), leads(b, a)]), null)
    expect(answers.first).toHaveLength(1)
  })
})

describe('nothing was read', () => {
  it.each([
    { 'page_skipped:http_4xx': 3 },
    { redirects: 1, 'link_skipped:excluded': 1 },
    { rows: 4, 'row_skipped:malformed': 4 },
    { 'record_skipped:absent': 2, 'record_skipped:bad_path': 1 },
    { records: 2, 'record_skipped:gzip': 1, 'record_skipped:cut': 1 },
  ])('by a run that counted %o', (counters) => {
    expect(isNothingRead(counters)).toBe(true)
  })

  it.each([
    {},
    { pages: 1, 'page_skipped:http_4xx': 3 },
    { rows: 4, 'row_skipped:malformed': 3, 'row_skipped:no_caption': 1 },
    { rows: 1, 'row_skipped:bad_url': 1 },
    { records: 1, 'record_skipped:http_4xx': 1, 'record_skipped:absent': 9 },
    { records: 2, 'record_skipped:gzip': 1, archive_pages: 1 },
  ])('but something by one that counted %o', (counters) => {
    expect(isNothingRead(counters)).toBe(false)
  })
})
