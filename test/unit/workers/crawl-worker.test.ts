import { afterEach, describe, expect, it, vi } from 'vitest'
import type {
  Backend,
  Found,
  HostLease,
  SessionCommit,
  SessionCommitted,
} from '../../../src/backend/backend.js'
import type { WorkKind, WorkQueue } from '../../../src/backend/work-queue.js'
import { defaultVisitOptions, noEvidence, type RenderEvidence, type Turn } from '../../../src/crawl/index.js'
import type { Fetch } from '../../../src/net/index.js'
import type { LeasedUrl } from '../../../src/records/index.js'
import { sleep } from '../../../src/timing/sleep.js'
import { crawlHost } from '../../../src/workers/crawl-worker.js'
import type { CrawlSettings } from '../../../src/workers/host-session.js'
import { createLruMap } from '../../../src/workers/hosts/lru-map.js'
import type { Permit, Permitted } from '../../../src/workers/hosts/permission.js'
import type { Soft404s } from '../../../src/workers/hosts/soft-404.js'
import { createTraps } from '../../../src/workers/hosts/traps.js'
import { nothingRejected, type Rejects } from '../../../src/workers/index.js'
import { createKnown } from '../../../src/workers/known.js'
import type { PageSeen, Rendering } from '../../../src/workers/rendering.js'
import { UnderWay } from '../../../src/workers/under-way.js'
import { defaultFilterOptions } from '../../fixtures/filter/options.js'
import { imageUrlOf } from '../../fixtures/workers/found.js'

const never = new AbortController().signal
const permission = { rule: 'robots:none', checkedAt: '2026-01-02T03:04:05.000Z' }
const allowed: Permitted = { kind: 'allowed', permission, crawlDelayMs: 0 }

const settings: CrawlSettings = {
  run: 'r',
  scope: { scope: 'host', maxDepth: null, include: [], exclude: ['*/out/*'] },
  visit: { ...defaultVisitOptions, productToken: 'pairmill' },
  delayMs: 0,
  requestDelayMs: 0,
  hostConcurrency: 4,
  batch: { batchSize: 256, batchAgeMs: 30_000, perHost: 32 },
  texts: defaultFilterOptions,
  failing: { maxFailures: 5, maxFailingMs: 900_000, firstPauseMs: 2_000 },
  sitemaps: false,
}

const leased = (count: number, over: Partial<LeasedUrl> = {}): LeasedUrl[] =>
  Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    url: `http://a.test/${i + 1}`,
    depth: 0,
    anchor: 'a.test',
    redirects: 0,
    attempts: 0,
    ...over,
  }))

const html =
  '<title>t</title><a href="/next">next</a><img src="/cat.jpg" alt="a cat on a mat" width="400" height="400">'

interface Scene {
  readonly rejects?: Rejects
  lease: HostLease
  committed?: SessionCommitted
  /** What a commit comes to, where that depends on it. */
  answer?: (commit: SessionCommit) => SessionCommitted
  release?: () => Promise<void>
  fetch?: Fetch
  permit?: Permit
  soft404s?: Soft404s
  rendering?: Rendering
  turn?: Turn
}

function desk(scene: Scene, wanted = settings) {
  const commits: SessionCommit[] = []
  const notified: [WorkKind, readonly string[]][] = []
  const fetched: string[] = []
  const released: Parameters<Backend['releaseHost']>[0][] = []
  const backend: Pick<Backend, 'leaseHost' | 'commitSession' | 'releaseHost'> = {
    leaseHost: async () => scene.lease,
    commitSession: async (commit) => {
      commits.push(commit)
      if (scene.answer !== undefined) return scene.answer(commit)
      return (
        scene.committed ?? { kind: 'committed', hosts: [], batches: [], moreInMs: null, crawlWaits: false }
      )
    },
    releaseHost: async (wish) => {
      released.push(wish)
      await scene.release?.()
    },
  }
  const notify: WorkQueue['notify'] = async (kind, _, keys) =>
    void (keys.length > 0 && notified.push([kind, keys]))
  const queue: Pick<WorkQueue, 'notify' | 'hint'> = { notify, hint: notify }
  const fetch: Fetch = async (request, signal) => {
    fetched.push(request.url)
    if (scene.fetch !== undefined) return scene.fetch(request, signal)
    const head = { status: 200, headers: { 'content-type': 'text/html' } }
    request.onHead?.(head)
    return { kind: 'response', head, body: Buffer.from(html), stopped: false }
  }
  const known = createKnown(1_000)
  const underWay = new UnderWay(Date.now)
  const visit = (drain = never, abort = never) =>
    crawlHost(
      {
        backend: backend as Backend,
        queue: queue as WorkQueue,
        fetch,
        permit: scene.permit ?? (async () => allowed),
        known,
        rejects: scene.rejects ?? nothingRejected,
        traps: createTraps(1_000, Date.now),
        cookies: createLruMap(1_000),
        soft404s: scene.soft404s ?? {
          absentPage: async () => ({ kind: 'known', shape: null }),
          isAbsent: () => false,
        },
        rendering: scene.rendering ?? null,
        ...(scene.turn === undefined ? {} : { turn: scene.turn }),
        groupsOf: async () => [],
        underWay,
        now: Date.now,
        random: () => 0,
      },
      wanted,
      'a.test',
      drain,
      abort,
    )
  return { visit, commits, notified, fetched, released, underWay }
}

const urls = (
  list: readonly LeasedUrl[],
  over: Partial<Extract<HostLease, { kind: 'urls' }>> = {},
): HostLease => ({
  kind: 'urls',
  urls: list,
  delayMs: 0,
  failures: 0,
  reservedMs: 4_711,
  rendered: noEvidence,
  ...over,
})

afterEach(() => void vi.useRealTimers())

describe('a session on a host', () => {
  it('has its pages counted as they come, and hands them to its commit', async () => {
    const seen: unknown[] = []
    const { visit, underWay } = desk({
      lease: urls(leased(3)),
      fetch: async (request) => {
        seen.push(underWay.look().done.pages ?? 0)
        const head = { status: 200, headers: { 'content-type': 'text/html' } }
        request.onHead?.(head)
        return { kind: 'response', head, body: Buffer.from('<p>'), stopped: false }
      },
    })
    await visit()
    expect(seen[1]).toBe(1)
    expect(underWay.look().done.pages).toBe(3)
    await underWay.reading(async () => ({}))
    underWay.settle()
    expect(underWay.look()).toEqual({ done: { pages: 0 }, waits: [] })
  })

  it('fetches what it leased, commits once, and notified for what came of it', async () => {
    const { visit, commits, notified, fetched } = desk({
      lease: urls(leased(3)),
      committed: {
        kind: 'committed',
        hosts: ['a.test', 'b.test'],
        batches: ['4', '5'],
        moreInMs: 250,
        crawlWaits: false,
      },
    })
    expect(await visit()).toEqual({ kind: 'again', inMs: 250 })
    expect(fetched.toSorted()).toEqual(['http://a.test/1', 'http://a.test/2', 'http://a.test/3'])
    expect(commits).toHaveLength(1)
    expect(commits[0]).toMatchObject({
      run: 'r',
      host: 'a.test',
      pages: 3,
      retry: [],
      back: [],
      health: 'ok',
      reservedMs: 4_711,
      pauseMs: 0,
      ...settings.batch,
    })
    expect(commits[0]!.done.toSorted()).toEqual([1, 2, 3])
    expect(commits[0]!.lastFetchAgoMs).toBeGreaterThanOrEqual(0)
    expect(commits[0]!.offers[0]).toMatchObject({ url: 'http://a.test/next', depth: 1 })
    expect(commits[0]!.candidates[0]).toMatchObject({
      host: 'a.test',
      body: { imageUrl: 'http://a.test/cat.jpg' },
    })
    // This host goes on by its own visit.
    expect(notified).toEqual([
      ['session', ['b.test']],
      ['batch', ['0']],
    ])
  })

  it.each<[HostLease, Awaited<ReturnType<typeof crawlHost>>]>([
    [{ kind: 'none' }, { kind: 'done' }],
    [
      { kind: 'busy', inMs: 70 },
      { kind: 'again', inMs: 70 },
    ],
    [
      { kind: 'not_yet', inMs: 80 },
      { kind: 'again', inMs: 80 },
    ],
  ])('answered %o comes to %o', async (lease, visited) => {
    const { visit, commits } = desk({ lease })
    expect(await visit()).toEqual(visited)
    expect(commits).toEqual([])
  })

  it('is done when the host has nothing more, and comes back at once when its lease was lost', async () => {
    expect(await desk({ lease: urls(leased(1)) }).visit()).toEqual({ kind: 'done' })
    const { visit, notified } = desk({ lease: urls(leased(1)), committed: { kind: 'lost' } })
    expect(await visit()).toEqual({ kind: 'again', inMs: 0 })
    expect(notified).toEqual([])
  })

  it('fetches nothing that is out of scope now or forbidden, and is done with it', async () => {
    const [inside, forbidden] = leased(2)
    const outside = { ...leased(1)[0]!, id: 3, url: 'http://a.test/out/3' }
    const { visit, commits, fetched } = desk({
      lease: urls([inside!, forbidden!, outside]),
      permit: async (url) => (url.endsWith('/2') ? { ...allowed, kind: 'forbidden' } : allowed),
    })
    await visit()
    expect(fetched).toEqual(['http://a.test/1'])
    expect(commits[0]!.done.toSorted()).toEqual([1, 2, 3])
    expect(commits[0]!.counters).toMatchObject({
      'page_skipped:robots': 1,
      'page_skipped:excluded': 1,
      pages: 1,
    })
  })

  it('gives everything back where robots.txt cannot be read, and leaves the host alone for longer each time', async () => {
    const scene = (failures: number) =>
      desk({
        lease: urls(leased(3), { failures }),
        permit: async () => ({ kind: 'unreachable', permission, inMs: 500 }),
      })
    for (const [failures, pauseMs] of [
      [0, 2_000],
      [1, 6_000],
      [9, 60_000],
    ] as const) {
      const { visit, commits, fetched } = scene(failures)
      await visit()
      expect(fetched).toEqual([])
      expect(commits[0]).toMatchObject({ done: [], pages: 0, health: 'bad', pauseMs, lastFetchAgoMs: null })
      expect(commits[0]!.back.toSorted()).toEqual([1, 2, 3])
    }
  })

  it.each([
    ['robots:unreachable', 'host_stalled'],
    ['tdm:unreachable', 'tdm_unreachable'],
    ['ai-txt:unreachable', 'ai_txt_unreachable'],
  ])('names what could not be read, should the host be drained for it: %s', async (rule, drainedAs) => {
    const unreachable = { ...permission, rule }
    const { visit, commits } = desk({
      lease: urls(leased(1)),
      permit: async () => ({ kind: 'unreachable', permission: unreachable, inMs: 500 }),
    })
    await visit()
    expect(commits[0]).toMatchObject({ unreachable, drainedAs })
  })

  it('leaves out the pages of a host that cannot be reached, with the reason', async () => {
    const { visit, commits, fetched } = desk({
      lease: urls(leased(3)),
      permit: async () => ({ kind: 'hopeless', permission, reason: 'address_refused', detail: '10.0.0.1' }),
    })
    await visit()
    expect(fetched).toEqual([])
    expect(commits[0]).toMatchObject({
      back: [],
      retry: [],
      counters: { 'page_skipped:address_refused': 3 },
    })
    expect(commits[0]!.done.toSorted()).toEqual([1, 2, 3])
  })

  it('gives everything back where somebody else asks for robots.txt, with nothing said against the host', async () => {
    const { visit, commits } = desk({
      lease: urls(leased(2)),
      permit: async () => ({ kind: 'busy', inMs: 90 }),
    })
    await visit()
    expect(commits[0]).toMatchObject({ done: [], health: 'none', pauseMs: 90 })
    expect(commits[0]!.back.toSorted()).toEqual([1, 2])
  })

  it('pauses a host that did not answer, and tries its URLs again', async () => {
    const { visit, commits } = desk({
      lease: urls(leased(2), { failures: 1 }),
      fetch: async () => ({ kind: 'failed', reason: 'timeout', detail: '' }),
    })
    await visit()
    expect(commits[0]).toMatchObject({ done: [], health: 'bad', pauseMs: 6_000, pages: 0 })
    expect(commits[0]!.retry.map(({ id }) => id).toSorted()).toEqual([1, 2])
  })

  const overloaded = (headers: Record<string, string> = {}): Fetch => {
    return async (request) => {
      const head = { status: 429, headers }
      request.onHead?.(head)
      return { kind: 'response', head, body: new Uint8Array(), stopped: true }
    }
  }

  it('fetches nothing more of a host that asks for a pause, and has all workers leave it alone', async () => {
    const { visit, commits, fetched } = desk({
      lease: urls(leased(4)),
      fetch: overloaded({ 'retry-after': '120' }),
    })
    await visit()
    expect(fetched).toHaveLength(1)
    expect(commits[0]!.back).toHaveLength(3)
    expect(commits[0]).toMatchObject({ pauseMs: 120_000, throttleMs: 250 })
  })

  it('keeps to the pause that the host asked for, whoever else finds its robots.txt busy then', async () => {
    let asked = 0
    let tell = () => {}
    const paused = new Promise<void>((resolve) => {
      tell = resolve
    })
    const { visit, commits } = desk({
      lease: urls(leased(3)),
      // The first URL goes alone; of the other two one is told to pause, and then one finds robots.txt busy.
      permit: async () => {
        if (++asked < 3) return allowed
        await paused
        return { kind: 'busy', inMs: 90 }
      },
      fetch: async (request, signal) => {
        if (asked === 1) return { kind: 'failed', reason: 'headers', detail: '' }
        setImmediate(tell)
        return overloaded({ 'retry-after': '120' })(request, signal)
      },
    })
    await visit()
    expect(commits[0]!.back).toHaveLength(1)
    expect(commits[0]).toMatchObject({ pauseMs: 120_000, throttleMs: 250 })
  })

  it('does not wait longer for a whole host than five minutes', async () => {
    const { visit, commits } = desk({ lease: urls(leased(1)), fetch: overloaded({ 'retry-after': '36000' }) })
    await visit()
    expect(commits[0]).toMatchObject({ pauseMs: 300_000, retry: [{ delayMs: 36_000_000 }] })
  })

  it('doubles its delay with every answer that says that it is too much', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const { visit, commits } = desk({
      lease: urls(leased(4), { delayMs: 1_000, reservedMs: 5_000 }),
      fetch: overloaded(),
    })
    const done = visit()
    await vi.advanceTimersByTimeAsync(60_000)
    await done
    const [commit] = commits
    const tries = commit!.retry.length
    expect(tries).toBeGreaterThan(1)
    expect(commit!.throttleMs).toBe(1_000 * 2 ** tries)
    expect(commit!.delayMs).toBe(commit!.throttleMs)
  })

  it('asks for a delay as long as the host takes to answer, where one was asked for at all', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const slow: Fetch = async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 2_500))
      const head = { status: 200, headers: { 'content-type': 'text/html' } }
      request.onHead?.(head)
      return { kind: 'response', head, body: Buffer.from(html), stopped: false }
    }
    for (const [delayMs, throttleMs] of [
      [1_000, 2_500],
      [0, 0],
    ] as const) {
      const scene = { lease: urls(leased(2), { delayMs, reservedMs: 5_000 }), fetch: slow }
      const { visit, commits } = desk(scene, { ...settings, delayMs })
      const done = visit()
      await vi.advanceTimersByTimeAsync(60_000)
      await done
      expect(commits[0]).toMatchObject({ throttleMs })
    }
  })

  it('keeps the delay between its fetches, also one that it only learns of, within the time that it reserved', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const starts: number[] = []
    let underWay = 0
    const { visit, commits } = desk({
      lease: urls(leased(10), { delayMs: 1_000 }),
      permit: async () => ({ ...allowed, crawlDelayMs: 2_500 }),
      fetch: async () => {
        starts.push(Date.now() - 1_000_000)
        expect(++underWay).toBe(1)
        await sleep(starts.length === 2 ? 3_000 : 400, never)
        underWay--
        return { kind: 'failed', reason: 'headers', detail: '' }
      },
    })
    const visited = visit()
    await vi.runAllTimersAsync()
    await visited
    // The second fetch took longer than the delay; what would come after the tenth second is not begun.
    expect(starts).toEqual([0, 2_500, 5_500, 8_000])
    expect(commits[0]).toMatchObject({ delayMs: 2_500 })
    expect([commits[0]!.done.length, commits[0]!.back.length]).toEqual([4, 6])
  })

  it('counts the fetch of robots.txt among its slots', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const { visit, commits, fetched } = desk({
      lease: urls(leased(3), { delayMs: 1_000 }),
      permit: async (_, takeSlot) => ((await takeSlot('a.test')) ? allowed : { kind: 'busy', inMs: 1 }),
    })
    const visited = visit()
    await vi.runAllTimersAsync()
    await visited
    expect(fetched).toEqual(['http://a.test/1', 'http://a.test/2'])
    expect([commits[0]!.done, commits[0]!.back]).toEqual([[1, 2], [3]])
  })

  it.each([
    ['as many fetches under way as it is told', { hostConcurrency: 1 }, 0, 1],
    ['as many fetches under way as it is told', { hostConcurrency: 7 }, 0, 7],
    ['one where robots.txt asks for a delay', { hostConcurrency: 7 }, 5, 1],
  ])('has %s: %o, a Crawl-delay of %i ms', async (_, over, crawlDelayMs, expected) => {
    vi.useFakeTimers({ now: 1_000_000 })
    let underWay = 0
    let most = 0
    const fetch: Fetch = async () => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setTimeout(resolve, 5))
      underWay--
      return { kind: 'failed', reason: 'headers', detail: '' }
    }
    const permit: Permit = async () => ({ ...allowed, crawlDelayMs })
    const visited = desk({ lease: urls(leased(12)), fetch, permit }, { ...settings, ...over }).visit()
    await vi.runAllTimersAsync()
    await visited
    expect(most).toBe(expected)
  })

  it('that is told to drain gives back what it has not begun, and commits the rest', async () => {
    const drain = new AbortController()
    const { visit, commits, fetched } = desk({
      lease: urls(leased(9)),
      committed: { kind: 'committed', hosts: ['b.test'], batches: [], moreInMs: 0, crawlWaits: false },
      fetch: async () => {
        drain.abort()
        return { kind: 'failed', reason: 'headers', detail: '' }
      },
    })
    expect(await visit(drain.signal)).toEqual({ kind: 'done' })
    expect(fetched).toHaveLength(1)
    expect(commits[0]!.done).toEqual([1])
    expect(commits[0]!.back).toHaveLength(8)
    expect(await visit(drain.signal)).toEqual({ kind: 'done' })
    expect(commits).toHaveLength(1)
  })

  it('gives back what it has not begun once a commit says that the crawl waits', async () => {
    const { visit, commits } = desk({
      lease: urls(leased(200)),
      committed: { kind: 'committed', hosts: [], batches: [], moreInMs: 0, crawlWaits: true },
      fetch: async () => ({ kind: 'failed', reason: 'headers', detail: '' }),
    })
    await visit()
    const [first, ...others] = commits
    expect(first).toMatchObject({ partial: true, done: { length: 50 } })
    expect(others.at(-1)).toMatchObject({ partial: false })
    const back = commits.flatMap((commit) => commit.back)
    expect(back.length).toBeGreaterThan(0)
    expect([...commits.flatMap(({ done }) => done), ...back].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, i) => i + 1),
    )
  })

  it('asks for a delay as long as this process works on a page, where that is more than is asked for', async () => {
    // The clock of the work stands still, but for what the browser's side says.
    vi.useFakeTimers({ now: 1_000_000 })
    for (const [delayMs, workMs, throttleMs] of [
      [1_000, 2_500, 2_500],
      [3_000, 2_500, 0],
      [0, 1_900, 0],
    ] as const) {
      const { visit, commits } = desk(
        {
          lease: urls(leased(1), { delayMs, reservedMs: 5_000 }),
          rendering: async (_, page, _source, _evidence, _untilMs, _signal, worked) => {
            worked?.(workMs)
            return {
              page,
              movedTo: null,
              mayBeSeenLater: false,
              learned: null,
              ownRequests: 0,
              counters: {},
            }
          },
        },
        { ...settings, delayMs, visit: { ...settings.visit, withSource: true } },
      )
      const done = visit()
      await vi.advanceTimersByTimeAsync(60_000)
      await done
      expect(commits[0]).toMatchObject({ pages: 1, throttleMs })
    }
  })

  /** A page that is worked on in many slices, and so are its links when they are committed. */
  const dear: Fetch = async (request) => {
    const head = { status: 200, headers: { 'content-type': 'text/html' } }
    request.onHead?.(head)
    const links = Array.from({ length: 50_000 }, (_, i) => `<a href="/d${i}/?a=${i}">x</a>`)
    return { kind: 'response', head, body: Buffer.from(links.join('')), stopped: false }
  }

  it.each(['read', 'committed'])(
    'that is aborted while a page is %s works on no further slice of it',
    async (when) => {
      const abort = new AbortController()
      let isRead = false
      let turnsAfter = 0
      const { visit, commits, released } = desk({
        lease: urls(leased(2)),
        fetch: dear,
        soft404s: {
          absentPage: async () => ({ kind: 'known', shape: null }),
          isAbsent: () => {
            isRead = true
            return false
          },
        },
        turn: async () => {
          if (abort.signal.aborted) turnsAfter++
          else if (when === 'read' || isRead) abort.abort()
        },
      })
      expect(await visit(never, abort.signal)).toEqual({ kind: 'done' })
      expect([abort.signal.aborted, turnsAfter, commits, released]).toEqual([true, 0, [], []])
    },
  )

  it('that is aborted while a browser’s page is joined commits nothing', async () => {
    const abort = new AbortController()
    const { visit, commits, released } = desk(
      {
        lease: urls(leased(2)),
        rendering: async (_, _page, _source, _evidence, _untilMs, signal) => {
          abort.abort()
          signal.throwIfAborted()
          throw new Error('it was aborted')
        },
      },
      { ...settings, visit: { ...settings.visit, withSource: true } },
    )
    expect(await visit(never, abort.signal)).toEqual({ kind: 'done' })
    expect([commits, released]).toEqual([[], []])
  })

  it('that is aborted commits nothing: its lease frees its URLs', async () => {
    const abort = new AbortController()
    const { visit, commits } = desk({
      lease: urls(leased(2)),
      fetch: async () => {
        abort.abort()
        return { kind: 'failed', reason: 'cancelled', detail: '' }
      },
    })
    expect(await visit(never, abort.signal)).toEqual({ kind: 'done' })
    expect(commits).toEqual([])
  })
})

describe('a session with a browser', () => {
  const withSource = { ...settings, requestDelayMs: 200, visit: { ...settings.visit, withSource: true } }
  const seenAs =
    (over: Partial<PageSeen>): Rendering =>
    async (_, page) => ({
      page,
      movedTo: null,
      counters: { pages_rendered: 1 },
      learned: null,
      mayBeSeenLater: false,
      ownRequests: 0,
      ...over,
    })

  it('decides by what the host taught so far, this session included, and commits what it taught since', async () => {
    const known: RenderEvidence = { signed: { renders: 7, paid: 1 }, plain: { renders: 0, paid: 0 } }
    const given: RenderEvidence[] = []
    const rendering: Rendering = async (url, page, source, evidence, untilMs, signal) => {
      given.push(evidence)
      const learned = { of: 'signed', paid: given.length === 1 } as const
      return seenAs({ learned })(url, page, source, evidence, untilMs, signal)
    }
    vi.useFakeTimers({ now: 1_000_000 })
    const lease = urls(leased(3), { rendered: known, delayMs: 1_000 })
    const { visit, commits } = desk({ lease, rendering }, { ...withSource, delayMs: 1_000 })
    const visited = visit()
    await vi.runAllTimersAsync()
    await visited
    expect(given.map(({ signed }) => [signed.renders, signed.paid])).toEqual([
      [7, 1],
      [8, 2],
      [9, 2],
    ])
    expect(commits[0]).toMatchObject({
      rendered: { signed: { renders: 3, paid: 1 }, plain: { renders: 0, paid: 0 } },
      counters: { pages: 3, pages_rendered: 3 },
    })
  })

  it('learns nothing from pages that could not be fetched: nobody looks at them', async () => {
    const rendering = vi.fn(seenAs({}))
    const fetch: Fetch = async () => ({ kind: 'failed', reason: 'timeout', detail: '' })
    const { visit, commits } = desk({ lease: urls(leased(3)), rendering, fetch }, withSource)
    await visit()
    expect(rendering).not.toHaveBeenCalled()
    expect(commits[0]).toMatchObject({ rendered: noEvidence })
  })

  it('leaves the host alone for what the browser asked of it, as long as so many images', async () => {
    vi.useFakeTimers({ now: 1_000_000 })
    const starts: number[] = []
    const { visit, commits } = desk(
      {
        lease: urls(leased(9), { delayMs: 1_000 }),
        rendering: async (...wish) => {
          starts.push(Date.now() - 1_000_000)
          await sleep(500, never)
          return seenAs({ ownRequests: starts.length === 1 ? 15 : 500 })(...wish)
        },
      },
      { ...withSource, delayMs: 1_000 },
    )
    const visited = visit()
    await vi.runAllTimersAsync()
    await visited
    // 15 requests are three seconds from the end of the render; 500 are no more than ten pages.
    expect(starts).toEqual([0, 3_500])
    expect(commits[0]).toMatchObject({ lastFetchAgoMs: expect.any(Number) })
    expect(commits[0]!.pauseMs).toBe(10_000)
    expect(commits[0]!.back).toHaveLength(7)
  })

  describe('where an answer waits for its cookie', () => {
    /** /1 leads to `to` and sets a cookie there or here; whoever sends it gets a page. */
    const waiting =
      (to: string): Fetch =>
      async ({ url, cookie, onHead }) => {
        const isThere = cookie === 'seen=1' && url.endsWith('/1')
        if (!isThere) {
          const headers = url.endsWith(to) ? { 'set-cookie': 'seen=1; Path=/' } : {}
          const location = url.endsWith('/1') ? `http://a.test${to}` : 'http://a.test/1'
          return { kind: 'redirect', head: { status: 302, headers }, location }
        }
        const head = { status: 200, headers: { 'content-type': 'text/html' } }
        onHead?.(head)
        return { kind: 'response', head, body: Buffer.from(html), stopped: false }
      }

    it('a redirect to itself gives its page', async () => {
      const { visit, commits, fetched } = desk({ lease: urls(leased(1)), fetch: waiting('/1') })
      await visit()
      expect(fetched).toEqual(['http://a.test/1', 'http://a.test/1'])
      expect(commits[0]).toMatchObject({ pages: 1, counters: { pages: 1 } })
      expect(commits[0]!.decided[0]).toMatchObject({ outcome: 'read', redirectTo: null })
    })

    it('a redirect back from where the cookie is set gives the page that it led from', async () => {
      const two = [...leased(1), { ...leased(1)[0]!, id: 2, url: 'http://a.test/gate', redirects: 1 }]
      const { visit, commits } = desk({ lease: urls(two), fetch: waiting('/gate') })
      await visit()
      expect(commits[0]!.decided).toMatchObject([
        { url: 'http://a.test/1', outcome: 'redirected', redirectTo: 'http://a.test/gate' },
        { url: 'http://a.test/gate', outcome: 'read', redirectTo: 'http://a.test/1' },
      ])
    })

    it('the page that it leads to is sent the cookie, and no other page is', async () => {
      const cookies: [string, string | undefined][] = []
      const fetch: Fetch = async ({ url, cookie, onHead }) => {
        cookies.push([url, cookie])
        const head = { status: 200, headers: { 'content-type': 'text/html' } }
        if (url.endsWith('/1')) {
          const set = { status: 302, headers: { 'set-cookie': 'seen=1' } }
          return { kind: 'redirect', head: set, location: 'http://a.test/2' }
        }
        onHead?.(head)
        return { kind: 'response', head, body: Buffer.from(html), stopped: false }
      }
      await desk({ lease: urls(leased(3)), fetch }).visit()
      expect(cookies).toEqual([
        ['http://a.test/1', undefined],
        ['http://a.test/2', 'seen=1'],
        ['http://a.test/3', undefined],
      ])
    })

    it('one that is never content is a loop, and counted', async () => {
      const fetch: Fetch = async ({ url }) => ({
        kind: 'redirect',
        head: { status: 302, headers: { 'set-cookie': 'a=1' } },
        location: url,
      })
      const { visit, commits, fetched } = desk({ lease: urls(leased(1)), fetch })
      await visit()
      expect(fetched).toHaveLength(2)
      expect(commits[0]).toMatchObject({ counters: { 'page_skipped:redirect_loop': 1 } })
    })
  })

  it('offers where a page would have gone as the redirect that it is', async () => {
    const rendering = seenAs({ movedTo: 'http://a.test/there' })
    const { visit, commits } = desk({ lease: urls(leased(1, { depth: 3 })), rendering }, withSource)
    await visit()
    expect(commits[0]!.offers).toContainEqual(
      expect.objectContaining({ url: 'http://a.test/there', depth: 3, redirects: 1 }),
    )
    expect(commits[0]).toMatchObject({ pages: 1, counters: { redirects: 1 } })
  })

  it('tells copies by what is rendered: applications serve one HTML for all their pages', async () => {
    let n = 0
    const unlike: Rendering = async (url, page, ...rest) =>
      seenAs({ page: { ...page, digest: `${n++}` } })(url, page, ...rest)
    const apart = desk({ lease: urls(leased(9)), rendering: unlike }, withSource)
    await apart.visit()
    expect(apart.commits[0]!.pages).toBe(9)
    const alike = desk({ lease: urls(leased(9)), rendering: seenAs({}) }, withSource)
    await alike.visit()
    expect(alike.commits[0]).toMatchObject({ pages: 3, counters: { 'page_skipped:copy': 6 } })
  })

  it('fetches a page again for which no browser was free, and takes it as it is at the last try', async () => {
    const rendering = seenAs({ mayBeSeenLater: true, counters: { 'render_failed:busy': 1 } })
    const { visit, commits } = desk({ lease: urls(leased(1)), rendering }, withSource)
    await visit()
    expect(commits[0]).toMatchObject({ retry: [{ id: 1 }], pages: 0, health: 'ok' })
    const last = desk({ lease: urls(leased(1, { attempts: 2 })), rendering }, withSource)
    await last.visit()
    expect(last.commits[0]).toMatchObject({ done: [1], pages: 1, counters: { 'render_failed:busy': 1 } })
  })
})

describe('what a commit has told', () => {
  const told = (commits: readonly SessionCommit[]) =>
    commits.map(({ offers, candidates, counters }) => [
      offers.length,
      candidates.length,
      counters.candidates_seen,
    ])

  it('is told no more by this process: links and candidates that other pages had are known', async () => {
    const { visit, commits } = desk({ lease: urls(leased(1)) })
    await visit()
    await visit()
    expect(told(commits)).toEqual([
      [1, 1, 1],
      [0, 0, 1],
    ])
  })

  it('is told again where the lease was lost', async () => {
    const { visit, commits } = desk({ lease: urls(leased(1)), committed: { kind: 'lost' } })
    await visit()
    await visit()
    expect(told(commits)).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ])
  })
})

describe('a commit that the backend refuses', () => {
  const done: SessionCommitted = {
    kind: 'committed',
    hosts: [],
    batches: [],
    moreInMs: null,
    crawlWaits: false,
  }
  const isBad = (found: Found) => imageUrlOf(found).endsWith('/bad.jpg')
  /** Page 3 gives something that cannot be stored. */
  const scene = (over: Partial<LeasedUrl> = {}) => {
    const list = leased(5)
    list[2] = { ...list[2]!, ...over }
    return desk({
      lease: urls(list),
      answer: ({ candidates }) =>
        candidates.some(isBad) ? { kind: 'refused', detail: 'out of memory' } : done,
      fetch: async (request) => {
        const head = { status: 200, headers: { 'content-type': 'text/html' } }
        request.onHead?.(head)
        const image = request.url.endsWith('/3') ? 'bad' : `of-${request.url.at(-1)}`
        const body = Buffer.from(`<img src="/${image}.jpg" alt="seen on ${request.url}">`)
        return { kind: 'response', head, body, stopped: false }
      },
    })
  }
  const taken = (commits: readonly SessionCommit[]) => commits.filter((one) => !one.candidates.some(isBad))

  it('is made of its URLs one by one: the guilty one is tried again, and the others lose nothing', async () => {
    const { visit, commits, released } = scene()
    expect(await visit()).toEqual({ kind: 'done' })
    const committed = taken(commits)
    expect(committed.flatMap((one) => one.done).toSorted()).toEqual([1, 2, 4, 5])
    expect(committed.flatMap(({ retry }) => retry)).toEqual([{ id: 3, delayMs: 10_000, refused: true }])
    const images = committed.flatMap(({ candidates }) => candidates.map(imageUrlOf))
    expect(images.toSorted()).toEqual([1, 2, 4, 5].map((n) => `http://a.test/of-${n}.jpg`))
    expect(committed.map(({ partial }) => partial)).toEqual([true, true, true, true, false])
    expect(committed.flatMap(({ decided }) => decided)).toHaveLength(4)
    expect(released).toEqual([])
  })

  it('a second time leaves the page out, with a reason of its own', async () => {
    const { visit, commits } = scene({ refusedCommits: 1, attempts: 1 })
    await visit()
    const committed = taken(commits)
    expect(committed.flatMap((one) => one.done).toSorted()).toEqual([1, 2, 3, 4, 5])
    expect(committed.flatMap(({ retry }) => retry)).toEqual([])
    const [row] = committed.flatMap(({ decided }) => decided).filter(({ url }) => url === 'http://a.test/3')
    expect(row).toMatchObject({
      outcome: 'skipped',
      reason: 'commit_failed',
      detail: 'out of memory',
      httpStatus: 200,
      tries: 2,
      permission,
    })
    const counted = committed.map(({ counters }) => counters['page_skipped:commit_failed'] ?? 0)
    expect(counted.reduce((sum, n) => sum + n, 0)).toBe(1)
  })

  it('tells what browsers learned once', async () => {
    const scene: Scene = {
      lease: urls(leased(3)),
      answer: ({ done: ids }) => (ids.length > 1 ? { kind: 'refused', detail: '' } : done),
      rendering: async (_, page) => ({
        page,
        movedTo: null,
        counters: { renders: 1 },
        learned: { of: 'plain', paid: true },
        mayBeSeenLater: false,
        ownRequests: 0,
      }),
    }
    const { visit, commits } = desk(scene, { ...settings, visit: { ...settings.visit, withSource: true } })
    await visit()
    const committed = commits.filter((one) => one.done.length === 1)
    expect(committed.map(({ rendered }) => rendered.plain.renders)).toEqual([3, 0, 0])
    expect(committed.map(({ counters }) => counters.renders ?? 0)).toEqual([3, 0, 0])
  })

  it('blames nobody where not even the refusal can be stored, and gives the host back', async () => {
    const { visit, commits, released } = desk({
      lease: urls(leased(2)),
      answer: () => ({ kind: 'refused', detail: 'full' }),
    })
    await expect(visit()).rejects.toThrow('full')
    expect(commits.map((one) => one.retry.length)).toEqual([0, 0, 1])
    expect(released).toEqual([{ run: 'r', host: 'a.test', token: commits[0]!.token, pauseMs: 30_000 }])
  })

  it('nor where the backend is away: what it failed with is what is thrown', async () => {
    const away = new Error('away')
    const { visit, released } = desk({
      lease: urls(leased(2)),
      answer: () => {
        throw away
      },
      release: () => Promise.reject(new Error('still away')),
    })
    await expect(visit()).rejects.toBe(away)
    expect(released).toHaveLength(1)
  })
})

describe('a URL whose workers died', () => {
  it.each([
    [19, ['http://a.test/1'], 0],
    [20, [], 1],
  ])('%i times one after the other: fetched %j, left out %i times', async (deaths, wanted, leftOut) => {
    const { visit, commits, fetched } = desk({ lease: urls(leased(1, { deaths })) })
    await visit()
    expect(fetched).toEqual(wanted)
    expect(commits[0]!.done).toEqual([1])
    expect(commits[0]!.counters['page_skipped:commit_failed'] ?? 0).toBe(leftOut)
    if (leftOut > 0) {
      expect(commits[0]!.decided).toMatchObject([
        {
          outcome: 'skipped',
          reason: 'commit_failed',
          detail: '20 workers died while they held it',
          tries: 0,
        },
      ])
    }
  })
})

it('a session commits early what gives much', async () => {
  // The session's clock stands still: how long this machine works on the pages does not matter.
  vi.useFakeTimers({ toFake: ['Date'] })
  const images = Array.from({ length: 2_000 }, (_, i) => `<img src=/${i} alt="${i} ${'word '.repeat(390)}">`)
  const { visit, commits } = desk({
    lease: urls(leased(6)),
    fetch: async (request) => {
      const head = { status: 200, headers: { 'content-type': 'text/html' } }
      request.onHead?.(head)
      return { kind: 'response', head, body: Buffer.from(images.join('')), stopped: false }
    },
  })
  await visit()
  expect(commits.flatMap(({ done }) => done).toSorted()).toEqual([1, 2, 3, 4, 5, 6])
  for (const { pages } of commits) expect(pages).toBeLessThanOrEqual(2)
})
