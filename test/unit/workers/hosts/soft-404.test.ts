import { describe, expect, it } from 'vitest'
import { defaultVisitOptions, type Page } from '../../../../src/crawl/index.js'
import type { Fetch } from '../../../../src/net/index.js'
import type { Permitted } from '../../../../src/workers/hosts/permission.js'
import { createSoft404s } from '../../../../src/workers/hosts/soft-404.js'

const never = new AbortController().signal
const checkedAt = '2026-01-02T03:04:05.678Z'
const allowed: Permitted = {
  kind: 'allowed',
  permission: { rule: 'robots:none', checkedAt },
  crawlDelayMs: 0,
}
const options = { ...defaultVisitOptions, productToken: 'pairmill' }
const sorry =
  '<title>Sorry</title><p>What you look for is not here. Perhaps it was moved, or sold, or never was. Go back to the start and try again.'

interface Scene {
  readonly answer?: Awaited<ReturnType<Fetch>>
  readonly permitted?: Permitted
  /** A record that another worker left. */
  readonly record?: unknown
}
const html = (body: string, status = 200): Awaited<ReturnType<Fetch>> => ({
  kind: 'response',
  head: { status, headers: { 'content-type': 'text/html' } },
  body: Buffer.from(body),
  stopped: false,
})

/** Workers that share what a backend keeps. */
function desk(scene: Scene = {}) {
  const records = new Map<string, unknown>()
  const claims = new Set<string>()
  const fetched: string[] = []
  let slots = 100
  const backend = {
    claimSiteRecord: async (key: string) => {
      const record = scene.record ?? records.get(key)
      if (record !== undefined) return { kind: 'known' as const, record }
      if (claims.has(key)) return { kind: 'busy' as const, inMs: 50 }
      claims.add(key)
      return { kind: 'fetch' as const }
    },
    putSiteRecord: async ({ key, record }: { key: string; record: unknown }) => {
      claims.delete(key)
      records.set(key, record)
    },
    releaseSiteRecord: async (key: string) => void claims.delete(key),
  }
  const fetch: Fetch = async (request) => {
    fetched.push(request.url)
    const answer = scene.answer ?? html(sorry)
    if (answer.kind === 'response') request.onHead?.(answer.head)
    return answer
  }
  const worker = () => {
    const soft404s = createSoft404s(
      {
        backend,
        fetch,
        permit: async () => scene.permitted ?? allowed,
        now: () => 1_000,
        random: Math.random,
      },
      options,
      100,
    )
    const page = (over: Partial<Page> = {}): Page => ({
      url: 'http://a.test/x',
      status: 200,
      bytes: 1,
      digest: '',
      title: 'Sorry',
      language: null,
      links: [],
      linksClosed: 0,
      candidates: [],
      imagesSkipped: {},
      imagesSeen: 0,
      refusal: null,
      ...over,
    })
    const ask = () => soft404s.absentPage('http://a.test/x', async () => slots-- > 0, never)
    return {
      ask,
      /** Pages that came before the host was asked. */
      sees: (count: number, over: Partial<Page> = {}) => {
        for (let i = 0; i < count; i++) soft404s.isAbsent(page(over), null)
      },
      /** Whether a page of this shape is one that is not there. */
      judges: async (over: Partial<Page>) => {
        const absent = await ask()
        if (absent.kind !== 'known') throw new Error(absent.kind)
        return soft404s.isAbsent(page(over), absent.shape)
      },
    }
  }
  return { worker, fetched, records, claims, leave: (count: number) => (slots = count) }
}

async function shapeOfSorry() {
  const { worker } = desk()
  const one = worker()
  one.sees(5)
  const answer = await one.ask()
  if (answer.kind !== 'known' || answer.shape === null) throw new Error('no shape')
  return answer.shape
}

describe('what a host shows for a page that it has not', () => {
  it('is asked for once it has given five pages, once for all workers', async () => {
    const { worker, fetched } = desk()
    const [one, other] = [worker(), worker()]
    one.sees(4)
    expect(await one.ask()).toEqual({ kind: 'known', shape: null })
    expect(fetched).toEqual([])
    one.sees(1)
    const known = await one.ask()
    expect(known).toMatchObject({ kind: 'known', shape: { title: 'sorry' } })
    other.sees(5)
    expect(await other.ask()).toEqual(known)
    expect(await one.ask()).toEqual(known)
    expect(fetched).toHaveLength(1)
    expect(fetched[0]).toMatch(/^http:\/\/a\.test\/[a-z]{24}$/)
  })

  it('is waited for by all who want it at the same moment, and asked for once', async () => {
    const { worker, fetched } = desk()
    const one = worker()
    one.sees(5)
    const answers = await Promise.all([one.ask(), one.ask(), one.ask()])
    for (const answer of answers) expect(answer).toMatchObject({ kind: 'known', shape: { title: 'sorry' } })
    expect(fetched).toHaveLength(1)
  })

  it('is asked for sooner where a page has the title of an error', async () => {
    const { worker, fetched } = desk()
    const one = worker()
    one.sees(1, { title: 'Page not found' })
    expect(await one.ask()).toMatchObject({ shape: { title: 'sorry' } })
    expect(fetched).toHaveLength(1)
  })

  it.each<[string, Scene]>([
    ['says 404', { answer: html('gone', 404) }],
    [
      'sends its visitors elsewhere',
      { answer: { kind: 'redirect', head: { status: 302, headers: {} }, location: 'http://a.test/' } },
    ],
    ['gives no page', { answer: html('%PDF-1.7') }],
    ['does not answer', { answer: { kind: 'failed', reason: 'timeout', detail: '' } }],
    ['has a robots.txt that closes the path', { permitted: { ...allowed, kind: 'forbidden' } }],
  ])('is nothing of use where the host %s, and is not asked for again', async (_, scene) => {
    const { worker, fetched, records, claims } = desk(scene)
    const one = worker()
    one.sees(5)
    for (let i = 0; i < 3; i++) expect(await one.ask()).toEqual({ kind: 'known', shape: null })
    expect(fetched.length).toBeLessThanOrEqual(1)
    expect([records.size, claims.size]).toEqual([1, 0])
  })

  it('waits for a slot, and lets the next one ask', async () => {
    const { worker, fetched, claims, leave } = desk()
    const one = worker()
    one.sees(5)
    leave(0)
    expect(await one.ask()).toEqual({ kind: 'busy', inMs: 1 })
    expect([fetched.length, claims.size]).toEqual([0, 0])
    leave(1)
    expect(await one.ask()).toMatchObject({ kind: 'known' })
  })

  it('tells pages that are not there, once the host has shown another', async () => {
    const { worker } = desk()
    const one = worker()
    const shape = await shapeOfSorry()
    const other = { ...shape, title: 'mugs' }
    one.sees(5)
    // For all that is known, the host has nothing else to show: that is no reason to drop it.
    expect(await one.judges({ shape })).toBe(false)
    expect(await one.judges({ shape: other, title: 'Mugs' })).toBe(false)
    expect(await one.judges({ shape })).toBe(true)
    expect(await one.judges({ shape: { ...shape, images: ['http://a.test/mug.jpg'] } })).toBe(false)
    expect(await one.judges({})).toBe(false)
  })
})
