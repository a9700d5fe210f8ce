import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Progress } from '../../../src/backend/backend.js'
import { pagesWithinBudget, phaseOf } from '../../../src/run/phase.js'
import { noProgress } from '../../fixtures/workers/no-progress.js'

const none = { maxPages: null, maxPairs: null, maxPagesPerHost: null }
const tenPages = { ...none, maxPages: 10 }
const fivePairs = { ...none, maxPairs: 5 }

describe('where a run stands', () => {
  it.each<
    [
      string,
      Partial<Progress>,
      typeof none | typeof tenPages | typeof fivePairs,
      boolean,
      string,
      string | null,
    ]
  >([
    ['nothing is left', {}, none, false, 'done', null],
    ['URLs wait', { urls: 1 }, none, false, 'crawl', null],
    ['a source is not read to its end', { sourcesOpen: 1 }, none, false, 'crawl', null],
    ['a session is under way', { urls: 1, pagesLeased: 1 }, none, false, 'crawl', null],
    ['candidates are buffered', { buffered: 1 }, none, false, 'crawl', null],
    ['a batch is open', { batchesOpen: 1 }, none, false, 'crawl', null],
    ['rows wait for a plan', { unplannedRows: 1, plansOpen: 1 }, none, false, 'plan', null],
    ['rows were all rejected', { unplannedRows: 3, unplannedKept: 0 }, none, false, 'plan', null],
    ['a plan is open', { plansOpen: 1 }, none, false, 'shard', null],
    ['rows of the page ledger are left', { pageRows: 1 }, none, false, 'pages', null],
    [
      'rows of the page ledger are left beside a plan',
      { pageRows: 1, plansOpen: 1 },
      none,
      false,
      'shard',
      null,
    ],
    ['pages may still come', { pageRows: 1, urls: 1 }, none, false, 'crawl', null],
    ['time is over, and rows are left', { pageRows: 1, urls: 1 }, none, true, 'pages', 'max-time'],
    ['work waits beside a plan', { plansOpen: 1, batchesOpen: 1 }, none, false, 'crawl', null],

    ['the pages are spent', { urls: 5, pages: 10 }, tenPages, false, 'done', 'max-pages'],
    ['the last page was the last URL', { urls: 0, pages: 10 }, tenPages, false, 'done', null],
    ['the last pages are under way', { urls: 5, pages: 8, pagesLeased: 2 }, tenPages, false, 'crawl', null],
    [
      'the pages are spent, their images not',
      { urls: 5, pages: 10, buffered: 3 },
      tenPages,
      false,
      'crawl',
      'max-pages',
    ],
    [
      'the pages are spent, rows wait',
      { urls: 5, pages: 10, unplannedRows: 3 },
      tenPages,
      false,
      'plan',
      'max-pages',
    ],

    [
      'the pairs are there',
      { urls: 5, buffered: 9, batchesOpen: 2, kept: 5 },
      fivePairs,
      false,
      'done',
      'max-pairs',
    ],
    [
      'the pairs are there, a batch is at work',
      { batchesOpen: 1, batchesLeased: 1, kept: 5 },
      fivePairs,
      false,
      'crawl',
      'max-pairs',
    ],
    [
      'the pairs are there, a session is at work',
      { urls: 1, pagesLeased: 1, kept: 5 },
      fivePairs,
      false,
      'crawl',
      'max-pairs',
    ],
    [
      'the pairs are there, unplanned',
      { kept: 5, unplannedRows: 7, batchesOpen: 1 },
      fivePairs,
      false,
      'plan',
      'max-pairs',
    ],
    ['the pairs are there, in plans', { kept: 5, plansOpen: 1 }, fivePairs, false, 'shard', 'max-pairs'],

    ['time is over, URLs wait', { urls: 5, buffered: 1, batchesOpen: 1 }, none, true, 'done', 'max-time'],
    ['time is over, a session ends', { urls: 5, pagesLeased: 2 }, none, true, 'crawl', 'max-time'],
    ['time is over, a batch ends', { batchesOpen: 1, batchesLeased: 1 }, none, true, 'crawl', 'max-time'],
    ['time is over, rows wait', { urls: 5, unplannedRows: 1 }, none, true, 'plan', 'max-time'],
    ['time is over just when all was done', {}, none, true, 'done', null],
  ])('%s', (_, progress, limits, closing, kind, limit) => {
    expect(phaseOf({ ...noProgress, ...progress }, limits, closing)).toEqual({ kind, limit })
  })

  it('is done only where nothing within the limits is left, and never with work under way', () => {
    const count = fc.nat({ max: 2 })
    const limit = fc.option(fc.nat({ max: 3 }))
    fc.assert(
      fc.property(
        fc.record({
          urls: count,
          pages: count,
          pagesLeased: count,
          buffered: count,
          batchesOpen: count,
          batchesLeased: count,
          kept: count,
          unplannedRows: count,
          plansOpen: count,
        }),
        fc.record({ maxPages: limit, maxPairs: limit, maxPagesPerHost: fc.constant(null) }),
        fc.boolean(),
        (parts, limits, closing) => {
          const p = { ...noProgress, ...parts }
          const phase = phaseOf(p, limits, closing)
          const atWork = p.pagesLeased + p.batchesLeased > 0
          if (atWork) expect(phase.kind).toBe('crawl')
          if (phase.kind === 'done') expect([atWork, p.unplannedRows, p.plansOpen]).toEqual([false, 0, 0])
          if (phase.kind === 'done' && phase.limit === null) {
            const pagesSpent = limits.maxPages !== null && p.pages >= limits.maxPages
            expect([p.buffered, p.batchesOpen, pagesSpent ? 0 : p.urls]).toEqual([0, 0, 0])
          }
        },
      ),
    )
  })
})

it.each<[string, Partial<Progress>, typeof none | typeof tenPages | typeof fivePairs, boolean]>([
  ['URLs wait', { urls: 5, pages: 9 }, tenPages, true],
  ['the last page is being fetched', { urls: 1, pages: 9, pagesLeased: 1 }, tenPages, true],
  ['no URL is left', { batchesOpen: 3 }, none, false],
  ['all pages are fetched, and their images wait', { urls: 5, pages: 10, batchesOpen: 3 }, tenPages, false],
  ['the pairs are there', { urls: 5, kept: 5 }, fivePairs, false],
  ['the run is paused', { urls: 5, standing: 'paused' }, none, false],
  ['the run failed', { urls: 5, standing: 'failed' }, none, false],
  ['the crawl waits for filters', { urls: 5, crawlWaits: true }, none, false],
])('pages are within budget or not where %s', (_, progress, limits, within) => {
  expect(pagesWithinBudget({ ...noProgress, ...progress }, limits)).toBe(within)
})
