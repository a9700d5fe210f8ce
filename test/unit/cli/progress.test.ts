import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ProgressView, progressRecord, ratesOf, renderProgress } from '../../../src/cli/progress.js'
import { snapshotOf } from '../../fixtures/cli/snapshot.js'

const noLimits = { maxPages: null, maxPairs: null, maxTimeMs: null, shardSize: null }
const rates = { pages: 4.1, images: 22.4, kept: 14 }
const view = (changes: Partial<ProgressView> = {}): ProgressView => ({
  snapshot: snapshotOf(),
  limits: noLimits,
  rates,
  ageMs: 0,
  ...changes,
})
const plain = { columns: 100, color: false, unicode: false }

describe('the progress display', () => {
  it('shows pages, images, kept pairs and shards', () => {
    expect(renderProgress(view(), plain)).toEqual([
      'running  1m 14s  3 hosts  clip-vit-base-patch32@fd6e1402/pre1',
      'pages                                             312  4.1/s  5,120 waiting  2.8 MB',
      'images  ##############################  2,003 / 2,003  22.4/s  1,800 fetched  241 MB',
      'kept                                            1,204  14.0/s  60.1 % of images',
      'shards                                              4  204 pairs to come',
    ])
  })

  it('measures against limits where there are some', () => {
    const limits = { maxPages: 624, maxPairs: 2408, maxTimeMs: 7_200_000, shardSize: 1000 }
    expect(renderProgress(view({ limits }), plain)).toEqual([
      'running  1m 14s of 2h  3 hosts  clip-vit-base-patch32@fd6e1402/pre1',
      'pages   ###############...............      312 / 624  4.1/s  5,120 waiting  2.8 MB',
      'images  ##############################  2,003 / 2,003  22.4/s  1,800 fetched  241 MB',
      'kept    ###############...............  1,204 / 2,408  14.0/s  60.1 % of images',
      'shards  ##############################          4 / 3  204 pairs to come',
    ])
  })

  it('carries the time on between snapshots, but not once the run has ended', () => {
    expect(renderProgress(view({ ageMs: 2600 }), plain)[0]).toContain('1m 16s')
    const ended = snapshotOf({ state: 'done' })
    expect(renderProgress(view({ snapshot: ended, ageMs: 2600 }), plain)[0]).toContain('1m 14s')
  })

  it('takes what has no known whole as whole once the run is done', () => {
    const kept = renderProgress(view({ snapshot: snapshotOf({ state: 'done' }) }), plain)[3]
    expect(kept).toBe(`kept    ${'#'.repeat(30)}          1,204  14.0/s  60.1 % of images`)
  })

  it('adds the note, without what could steer the terminal', () => {
    const snapshot = snapshotOf({ note: 'fetching model\u001b[2J 40 %' })
    expect(renderProgress(view({ snapshot }), plain).at(-1)).toBe('fetching model [2J 40 %')
  })

  it('colours only where it may', () => {
    const painted = renderProgress(view(), { ...plain, color: true }).join('\n')
    const bare = renderProgress(view(), plain).join('\n')
    expect(painted).toContain('\u001b[32m')
    expect(bare).not.toContain('\u001b')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
    expect(painted.replace(/\u001b\[\d+m/g, '')).toBe(bare)
  })

  it('is never wider than its paper and always has a line for each bar', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.boolean(), fc.nat(), (columns, unicode, maxPages) => {
        const limits = { ...noLimits, maxPages }
        const lines = renderProgress(view({ limits }), { columns, color: false, unicode })
        expect(lines).toHaveLength(5)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(0, columns - 1))
      }),
    )
  })
})

describe('rates', () => {
  it('are what was added over the time between the first and the last snapshot', () => {
    const before = snapshotOf({
      elapsedMs: 64_000,
      counters: { pages: 271, images_fetched: 1700, kept: 1200 },
    })
    expect(ratesOf([before, snapshotOf()])).toEqual({ pages: 4.1, images: 10, kept: 0.4 })
  })

  it('do not count what earlier starts of the run had done', () => {
    const opening = snapshotOf({ elapsedMs: 0, counters: {} })
    expect(ratesOf([opening, snapshotOf()])).toEqual({ pages: 0, images: 0, kept: 0 })
  })

  it('are 0 where no time has passed', () => {
    expect(ratesOf([])).toEqual({ pages: 0, images: 0, kept: 0 })
    expect(ratesOf([snapshotOf(), snapshotOf()])).toEqual({ pages: 0, images: 0, kept: 0 })
  })
})

describe('the progress record', () => {
  it('is one flat object', () => {
    expect(progressRecord(snapshotOf(), rates)).toEqual({
      time: '2026-01-02T03:05:19.000Z',
      event: 'progress',
      state: 'running',
      elapsedMs: 74_000,
      pages: 312,
      candidates: 2003,
      judged: 2003,
      imagesFetched: 1800,
      kept: 1204,
      shards: 4,
      pagesPerS: 4.1,
      imagesPerS: 22.4,
      keptPerS: 14,
      urlsWaiting: 5120,
      hosts: 3,
      note: null,
    })
  })
})
