import { describe, expect, it } from 'vitest'
import type { Backend } from '../../../src/backend/backend.js'
import { readPage } from '../../../src/crawl/extract/index.js'
import {
  type Ask,
  allOptOuts,
  defaultVisitOptions,
  noEvidence,
  type Page,
  type PageSource,
  type Renderer,
  type RenderMode,
  type RenderOutcome,
} from '../../../src/crawl/index.js'
import type { LeasedUrl } from '../../../src/records/index.js'
import type { Permit, Permitted } from '../../../src/workers/hosts/permission.js'
import { createRendering } from '../../../src/workers/rendering.js'

const never = new AbortController().signal
const url: LeasedUrl = {
  id: 1,
  url: 'http://a.test/p',
  depth: 2,
  anchor: 'a.test',
  redirects: 0,
  attempts: 0,
}
const visit = { ...defaultVisitOptions, productToken: 'pairmill', obeyed: allOptOuts }
const shell = '<div id="root"></div><img src="/static.jpg" alt="A static cat"><script src="/app.js"></script>'
const permission = { rule: 'robots:allow', checkedAt: '2026-01-02T03:04:05.000Z' }
const allowed: Permitted = { kind: 'allowed', permission, crawlDelayMs: 0 }

interface Scene {
  readonly mode?: RenderMode
  readonly html?: string
  /** What the browser makes of it, after asking for these. */
  readonly built?: string
  readonly asks?: readonly string[]
  readonly outcome?: Partial<RenderOutcome>
  readonly permit?: Permit
  /** Slots that a host has within the minute. */
  readonly granted?: (host: string) => number
  readonly untilMs?: number
}

function desk(scene: Scene = {}) {
  const { html = shell, built = html, asks = [] } = scene
  const answers: Record<string, Awaited<ReturnType<Ask>>> = {}
  const reserved: Record<string, number> = {}
  const waits: number[] = []
  const renderer: Pick<Renderer, 'render'> = {
    render: async (_, { ask }, waitMs) => {
      waits.push(waitMs)
      const requests = new Map<string, number>()
      for (const asked of asks) {
        const answer = await ask(asked)
        answers[asked] = answer
        const { host } = new URL(asked)
        if (answer === 'allowed') requests.set(host, (requests.get(host) ?? 0) + 1)
      }
      const report = { requests, bytes: 7, refused: {} }
      const snapshot = { html: built, isCut: false, base: url.url }
      const page = { url: url.url, snapshot, headers: {} }
      return { kind: 'rendered', page, frames: [], movedTo: null, report, ...scene.outcome } as RenderOutcome
    },
  }
  const backend: Pick<Backend, 'reserve'> = {
    reserve: async ({ slots }) =>
      slots.map(({ host, want }) => {
        const granted = Math.min(scene.granted?.(host) ?? want, want)
        reserved[host] = (reserved[host] ?? 0) + granted
        return { host, granted, inMs: 0, delayMs: 0, failures: 0 }
      }),
  }
  const { page: extracted, signs } = readPage(html, url.url, {
    ...visit,
    contentLanguage: null,
    xRobotsTag: null,
  })
  const page: Page = { url: url.url, status: 200, bytes: html.length, digest: 'static', ...extracted }
  const source: PageSource = { html, headers: {}, signs }
  const rendering = createRendering(
    {
      backend,
      renderer: renderer as Renderer,
      permit: scene.permit ?? (async () => allowed),
      dial: async () => {
        throw new Error('nobody dials here')
      },
      groupsOf: async () => [],
      now: () => 1_000,
      random: () => 0.999,
    },
    {
      mode: scene.mode ?? 'auto',
      scope: { scope: 'host', maxDepth: null, include: [], exclude: [] },
      visit,
      userAgent: 'pairmill/0',
      requestDelayMs: 200,
    },
  )
  const see = () => rendering(url, page, source, noEvidence, scene.untilMs ?? 100_000, never)
  return { see, page, answers, reserved, waits }
}

const more = `${shell}<img src="/late.jpg" alt="A late cat">`
const alts = (page: Page) => page.candidates.map(({ captions }) => captions[0]?.text)

describe('a page that was fetched', () => {
  it('is joined with what a browser makes of it', async () => {
    const { see } = desk({ built: more })
    const seen = await see()
    expect(alts(seen.page)).toEqual(['A static cat', 'A late cat'])
    expect(seen.page.digest).not.toBe('static')
    expect(seen.learned).toEqual({ of: 'signed', paid: true })
    expect(seen.counters).toEqual({
      pages_rendered: 1,
      'rendered:signed': 1,
      renders_paid: 1,
      render_candidates: 1,
      render_bytes: 7,
    })
  })

  it('teaches that it was not worth it where nothing came of it', async () => {
    const { see, page } = desk()
    const seen = await see()
    expect(alts(seen.page)).toEqual(alts(page))
    expect(seen.learned).toEqual({ of: 'signed', paid: false })
    expect(seen.counters.renders_paid).toBeUndefined()
  })

  it('is left as it is where the decision is no', async () => {
    const plain = `<p>${'word '.repeat(100)}</p><script src="/a.js"></script>`
    for (const scene of [{ mode: 'never' as const }, { html: plain }]) {
      const { see, page, waits } = desk(scene)
      expect(await see()).toEqual({
        page,
        movedTo: null,
        counters: {},
        learned: null,
        mayBeSeenLater: false,
        ownRequests: 0,
      })
      expect(waits).toEqual([])
    }
  })

  it('is not rendered where it forbids its images: no pair could come of it', async () => {
    const { see, waits } = desk({ mode: 'always', html: `<meta name="robots" content="noimageai">${shell}` })
    await see()
    expect(waits).toEqual([])
  })

  it.each([
    ['crash', { of: 'signed', paid: false }],
    ['timeout', { of: 'signed', paid: false }],
    ['too_large', { of: 'signed', paid: false }],
    ['launch', null],
    ['browser', null],
    ['memory', null],
    ['busy', null],
    ['cancelled', null],
  ] as const)('loses nothing by a render that fails with %s, and learns %o', async (reason, learned) => {
    const { see, page } = desk({ built: more, outcome: { kind: 'failed', reason, detail: '' } })
    const seen = await see()
    expect(seen.page).toBe(page)
    expect(seen.learned).toEqual(learned)
    expect(seen.counters).toEqual({ [`render_failed:${reason}`]: 1, render_bytes: 7 })
    expect(seen.mayBeSeenLater).toBe(reason === 'busy' || reason === 'browser')
  })

  it('goes where its scripts would have gone', async () => {
    const { see } = desk({ outcome: { movedTo: 'http://a.test/there' } })
    expect(await see()).toMatchObject({ movedTo: 'http://a.test/there', learned: { paid: true } })
  })

  it('waits for a browser as long as its session lasts, and no longer', async () => {
    const soon = desk({ untilMs: 1_000 + 20_000 + 3_000 })
    await soon.see()
    expect(soon.waits).toEqual([3_000])
    const late = desk()
    await late.see()
    expect(late.waits).toEqual([20_000])
  })
})

describe('a request of a rendered page', () => {
  const forbidden = (rule: string): Permitted => ({
    kind: 'forbidden',
    permission: { ...permission, rule },
    crawlDelayMs: 0,
  })
  it.each<[string, Permitted, string]>([
    ['is allowed where its site allows it', allowed, 'allowed'],
    ['is not made where robots.txt forbids it', forbidden('robots:disallow'), 'robots'],
    ['is not made where its site opts out', forbidden('tdm'), 'opt_out'],
    ['is not made where nobody knows', { kind: 'unreachable', permission, inMs: 5 }, 'unreachable'],
    [
      'is not made to a host that is not there',
      { kind: 'hopeless', permission, reason: 'dns', detail: '' },
      'unreachable',
    ],
  ])('%s', async (_, permitted, answer) => {
    const { see, answers } = desk({ asks: ['http://cdn.test/a.js'], permit: async () => permitted })
    await see()
    expect(answers).toEqual({ 'http://cdn.test/a.js': answer })
  })

  it('waits for who is asking about its site', async () => {
    let asked = 0
    const permit: Permit = async () => (++asked < 3 ? { kind: 'busy', inMs: 10 } : allowed)
    const { see, answers } = desk({ asks: ['http://cdn.test/a.js'], permit })
    await see()
    expect(answers).toEqual({ 'http://cdn.test/a.js': 'allowed' })
  })

  it('moves the next slot of its host out, each as an image does', async () => {
    const cdn = ['a', 'b', 'c'].map((name) => `http://cdn.test/${name}.js`)
    const { see, reserved } = desk({ asks: [...cdn, 'http://a.test/app.js', 'http://a.test/data.json'] })
    const seen = await see()
    expect(reserved).toEqual({ 'cdn.test': 3 })
    // The page's own host is the session's to pay.
    expect(seen.ownRequests).toBe(2)
  })

  it('is not made to a host that is put off', async () => {
    const { see, answers } = desk({
      asks: ['http://cdn.test/a.js', 'http://a.test/app.js'],
      granted: () => 0,
    })
    await see()
    expect(answers).toEqual({ 'http://cdn.test/a.js': 'put_off', 'http://a.test/app.js': 'allowed' })
  })
})
