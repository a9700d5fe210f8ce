import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { progressOf } from '../../../src/cli/progress.js'
import {
  barLines,
  fit,
  leftText,
  type Paper,
  plainLine,
  progressRecord,
} from '../../../src/cli/progress-lines.js'
import { type Seen, watchedAs } from '../../fixtures/cli/watched.js'

const noLimits = { maxPages: null, maxPairs: null, maxTimeMs: null }
const bare: Paper = { columns: 100, color: false, unicode: false }

/** Progress at the last thing that was seen. */
const seen = (...all: readonly Seen[]) => progressOf(watchedAs(...all), noLimits, all.at(-1)?.atMs ?? 0)
const running: Seen = { atMs: 0, snapshot: {} }

describe('the bars', () => {
  it('show what is fetched, judged and written, each on its own line', () => {
    expect(barLines(seen(running), bare)).toEqual([
      'running  1m 14s  3 hosts  clip-vit-base-patch32@fd6e1402/pre1',
      'pages                                              312  0.0/s  5,120 waiting  2.8 MB',
      'images   ##############################  2,003 / 2,003  0.0/s  1,800 fetched  241 MB',
      'judged   ##############################  2,003 / 2,003  0.0/s  1,204 kept, 60.1 %',
      'written  ..............................      0 / 1,204  4 shards',
    ])
  })

  it('move with what is done and not committed yet', () => {
    const done = { pages: 8, images_fetched: 30, images_done: 40, judged: 20, pairs_written: 500 }
    const counters = { pages: 312, candidates: 2003, images_fetched: 1000, kept: 1000, pairs_written: 100 }
    const progress = seen(running, { atMs: 1000, snapshot: { counters }, activity: { done } })
    expect(progress.counts).toMatchObject({
      pages: 320,
      imagesFetched: 1030,
      images: 1040,
      judged: 1020,
      kept: 1000,
      written: 600,
    })
  })

  it('measure against limits where there are some', () => {
    const limits = { maxPages: 624, maxPairs: 2408, maxTimeMs: 7_200_000 }
    const lines = barLines(progressOf(watchedAs(running), limits, 0), bare)
    expect(lines[0]).toContain('1m 14s of 2h')
    expect(lines[1]).toContain('###############...............      312 / 624')
    expect(lines[3]).toContain('1,204 / 2,408 kept')
  })

  it('show rows of lists, or records of archives, where those are read', () => {
    const of = (counters: Record<string, number>) =>
      barLines(seen({ atMs: 0, snapshot: { counters } }), bare)[1]
    expect(of({ rows: 900 })).toMatch(/^rows +#{30} {2}900 {2}0\.0\/s$/)
    const half = seen({ atMs: 0, snapshot: { counters: { rows: 900 } }, activity: { readShare: 0.5 } })
    expect(barLines(half, bare)[1]).toMatch(/^rows +#{15}\.{15} {2}900 /)
    expect(of({ records: 70, pages: 3 })).toMatch(/^records +70 {2}0\.0\/s$/)
  })

  it('are not there while the run starts: then it says what is made ready, and for how long', () => {
    const starting: Seen = {
      atMs: 0,
      snapshot: { state: 'starting', model: null, note: 'loading the model' },
    }
    const later: Seen = { atMs: 5000, activity: {} }
    expect(barLines(seen(starting, later), bare)).toEqual(['starting', 'loading the model (5s)'])
  })

  it('take what has no known whole as whole once the run is done, and nothing as under way', () => {
    const done = seen({ atMs: 0, snapshot: { state: 'done' }, activity: { done: { pages: 9 } } })
    expect(barLines(done, bare)[1]).toBe(
      `pages    ${'#'.repeat(30)}            312  0.0/s  5,120 waiting  2.8 MB`,
    )
  })

  it('colour only where they may', () => {
    const painted = barLines(seen(running), { ...bare, color: true }).join('\n')
    const plain = barLines(seen(running), bare).join('\n')
    expect(painted).toContain('\u001b[32m')
    expect(plain).not.toContain('\u001b')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
    expect(painted.replace(/\u001b\[\d+m/g, '')).toBe(plain)
  })

  it('are never wider than their paper, whoever names the host that is waited for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.boolean(), fc.string(), (columns, unicode, host) => {
        const waits = [{ for: 'robots', host, agoMs: 4000, lengthMs: null } as const]
        const lines = barLines(seen(running, { atMs: 1, activity: { waits } }), { ...bare, columns, unicode })
        expect(lines).toHaveLength(6)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(Math.max(0, columns - 1))
      }),
    )
  })
})

describe('a line that has to fit', () => {
  it('keeps a column free, and knows that some characters take two', () => {
    expect(fit('abcdef', 4)).toBe('abc')
    expect(fit('漢字漢字', 6)).toBe('漢字')
    expect(fit('━━━━', 4)).toBe('━━━')
    expect(fit('a\u001b[2Jb', 80)).toBe('a [2Jb')
  })
})

describe('the time of a run', () => {
  it('is carried on between snapshots, never goes back, and is the run’s own once it has ended', () => {
    const at = (elapsedMs: number, atMs: number): Seen => ({ atMs, snapshot: { elapsedMs } })
    expect(seen(at(10_000, 0), { atMs: 2600, activity: {} }).elapsedMs).toBe(12_600)
    expect(seen(at(10_000, 0), at(11_000, 2600)).elapsedMs).toBe(12_600)
    const ended: Seen = { atMs: 2700, snapshot: { state: 'done', elapsedMs: 11_500 } }
    expect(seen(at(10_000, 0), at(11_000, 2600), ended).elapsedMs).toBe(11_500)
  })
})

describe('rates', () => {
  it('are those of the last ten seconds', () => {
    const at = (atMs: number, pages: number): Seen => ({ atMs, snapshot: { counters: { pages } } })
    expect(seen(at(0, 0), at(20_000, 100), at(30_000, 150)).rates.pages).toBe(5)
  })

  it('do not count what earlier starts of the run had done', () => {
    const counters = { pages: 312 }
    const opening: Seen = { atMs: 0, snapshot: { state: 'starting', counters } }
    expect(seen(opening, { atMs: 4000, snapshot: { counters } }).rates.pages).toBe(0)
  })

  it('are 0 where less than a second has passed', () => {
    const at = (atMs: number, pages: number): Seen => ({ atMs, snapshot: { counters: { pages } } })
    expect(seen(at(0, 0), at(900, 100)).rates.pages).toBe(0)
  })
})

describe('the time that is left', () => {
  const queues = { urls: 0, hosts: 0, buffered: 0, batches: 3, unplanned: 0, plans: 0 }
  const at = (atMs: number, judged: number, more: Partial<Seen> = {}): Seen => ({
    atMs,
    snapshot: { queues, counters: { candidates: 1000, kept: judged }, ...more.snapshot },
    ...(more.activity === undefined ? {} : { activity: more.activity }),
  })

  it('follows from the rate, once nothing more is found', () => {
    expect(seen(at(0, 0), at(10_000, 200)).leftMs).toBe(40_000)
  })

  it('counts images that came as half of the way', () => {
    expect(seen(at(0, 0), at(10_000, 0, { activity: { done: { images_done: 400 } } })).leftMs).toBe(40_000)
  })

  it('does not take the time before anything was judged for a slow rate', () => {
    expect(seen(at(0, 0), at(9_000, 0), at(19_000, 200)).leftMs).toBe(40_000)
  })

  it('is not told in the first seconds, nor where nothing moves', () => {
    expect(seen(at(0, 0), at(4_000, 200)).leftMs).toBeNull()
    expect(seen(at(0, 100), at(10_000, 100)).leftMs).toBeNull()
  })

  it('is not told while URLs wait, when the run drains, nor at its end', () => {
    const urls = { queues: { ...queues, urls: 1 } }
    expect(seen(at(0, 0), at(10_000, 200, { snapshot: urls })).leftMs).toBeNull()
    expect(seen(at(0, 0), at(10_000, 200, { snapshot: { state: 'draining' } })).leftMs).toBeNull()
    expect(seen(at(0, 0), at(10_000, 1000)).leftMs).toBeNull()
  })

  it('is that of the whole list while one is read, and not told before some of it was, nor of archives', () => {
    const reading = (readShare: number | null) => at(10_000, 200, { activity: { readShare } })
    expect(seen(at(0, 0), reading(0.25)).leftMs).toBe(190_000)
    expect(seen(at(0, 0), reading(0.005)).leftMs).toBeNull()
    expect(seen(at(0, 0), reading(null)).leftMs).toBeNull()
  })

  it('is told no finer than it is known', () => {
    const texts = [4_000, 23_000, 58_000, 119_000, 3_700_000].map(leftText)
    expect(texts).toEqual([
      'some seconds left',
      'about 25s left',
      'about 1m left',
      'about 2m left',
      'about 1h 2m left',
    ])
  })
})

describe('the line for people who pipe', () => {
  it('says the same in words', () => {
    const waits = [{ for: 'robots', host: 'a.test\u001b[2J', agoMs: 2000, lengthMs: null } as const]
    expect(plainLine(seen(running, { atMs: 1, activity: { waits } }))).toBe(
      'running 1m 14s; 312 pages (0.0/s); 1,800 images (0.0/s); 2,003 of 2,003 judged; 1,204 kept, 60.1 %; 0 written; waits for robots.txt of a.test [2J',
    )
    const starting: Seen = { atMs: 0, snapshot: { state: 'starting', note: 'opening the database' } }
    expect(plainLine(seen(starting))).toBe('starting; opening the database')
  })
})

describe('the progress record', () => {
  it('is one flat object', () => {
    const waits = [{ for: 'robots', host: 'a.test', agoMs: 2000, lengthMs: null } as const]
    const progress = seen(running, { atMs: 1000, activity: { waits } })
    expect(progressRecord(progress, Date.parse('2026-01-02T03:05:19Z'))).toEqual({
      time: '2026-01-02T03:05:19.000Z',
      event: 'progress',
      state: 'running',
      elapsedMs: 75_000,
      leftMs: null,
      pages: 312,
      rows: 0,
      records: 0,
      candidates: 2003,
      imagesFetched: 1800,
      judged: 2003,
      kept: 1204,
      written: 0,
      shards: 4,
      pagesPerS: 0,
      imagesPerS: 0,
      judgedPerS: 0,
      keptPerS: 0,
      urlsWaiting: 5120,
      hosts: 3,
      waitingFor: 'robots',
      waiting: 'robots.txt of a.test',
      note: null,
    })
  })
})
