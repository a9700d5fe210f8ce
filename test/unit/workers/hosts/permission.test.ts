import { describe, expect, it } from 'vitest'
import type { Backend, SiteRecordAnswer } from '../../../../src/backend/backend.js'
import type { Fetch, FetchOutcome } from '../../../../src/net/index.js'
import { type OptOut, optOuts } from '../../../../src/records/index.js'
import { createPermission, maxCrawlDelayMs } from '../../../../src/workers/hosts/permission.js'

const never = new AbortController().signal
const go = async () => true

const response = (status: number, body = ''): FetchOutcome => ({
  kind: 'response',
  head: { status, headers: {} },
  body: Buffer.from(body),
  stopped: false,
})

/** A host with this robots.txt, and a backend that holds one record an origin, on a clock of its own. */
function desk(
  answer: FetchOutcome | ((url: string) => Promise<FetchOutcome>),
  obeyed: ReadonlySet<OptOut> = new Set(),
) {
  const state = { nowMs: 1_700_000_000_000 }
  const fetched: string[] = []
  const records = new Map<string, Parameters<Backend['putSiteRecord']>[0] & { untilMs: number }>()
  const claims = new Set<string>()
  const dropped: string[] = []
  const backend: Pick<Backend, 'claimSiteRecord' | 'putSiteRecord' | 'releaseSiteRecord'> = {
    claimSiteRecord: async (origin): Promise<SiteRecordAnswer> => {
      const known = records.get(origin)
      if (known !== undefined && known.untilMs > state.nowMs) return { kind: 'known', record: known.record }
      if (claims.has(origin)) return { kind: 'busy', inMs: 90_000 }
      claims.add(origin)
      return { kind: 'fetch' }
    },
    putSiteRecord: async (entry) => {
      claims.delete(entry.key)
      records.set(entry.key, { ...entry, untilMs: state.nowMs + entry.ttlMs })
    },
    releaseSiteRecord: async (origin) => {
      dropped.push(origin)
      claims.delete(origin)
    },
  }
  const fetch: Fetch = async ({ url }) => {
    fetched.push(url)
    return typeof answer === 'function' ? answer(url) : answer
  }
  const create = () =>
    createPermission({
      backend: backend as Backend,
      fetch,
      now: () => state.nowMs,
      productToken: 'pairmill',
      obeyed,
    })
  return { state, fetched, records, claims, dropped, permit: create(), another: create }
}

describe('permission', () => {
  it('is what robots.txt says, with the rule and when it was read', async () => {
    const { permit, fetched } = desk(response(200, 'User-agent: *\nDisallow: /private\nAllow: /private/not'))
    const at = { checkedAt: '2023-11-14T22:13:20.000Z', source: 'robots.txt' }
    expect(await permit('http://a.test/x', go, never)).toEqual({
      kind: 'allowed',
      permission: { rule: 'robots:none', value: null, ...at },
      crawlDelayMs: 0,
    })
    expect(await permit('http://a.test/private/x', go, never)).toEqual({
      kind: 'forbidden',
      permission: { rule: 'robots:disallow /private', value: 'Disallow: /private', ...at },
      crawlDelayMs: 0,
    })
    expect(await permit('http://a.test/private/not', go, never)).toMatchObject({ kind: 'allowed' })
    expect(fetched).toEqual(['http://a.test/robots.txt'])
  })

  it('is asked for once an origin, by all workers together', async () => {
    const { permit, another, fetched } = desk(response(200, 'User-agent: pairmill\nDisallow: /'))
    await permit('http://a.test/x', go, never)
    expect(await another()('http://a.test/y', go, never)).toMatchObject({ kind: 'forbidden' })
    await permit('https://a.test/x', go, never)
    expect(fetched).toEqual(['http://a.test/robots.txt', 'https://a.test/robots.txt'])
  })

  it('is asked for again when it has grown old', async () => {
    const { permit, fetched, state } = desk(response(200, ''))
    await permit('http://a.test/x', go, never)
    state.nowMs += 25 * 3_600_000
    await permit('http://a.test/x', go, never)
    expect(fetched).toHaveLength(2)
  })

  it('is given by a host that has no robots.txt', async () => {
    const { permit } = desk(response(404))
    expect(await permit('http://a.test/x', go, never)).toMatchObject({
      kind: 'allowed',
      permission: { rule: 'robots:absent' },
    })
  })

  it.each<[string, FetchOutcome]>([
    ['does not answer', { kind: 'failed', reason: 'timeout', detail: '' }],
    ['fails', response(500)],
    ['is overloaded', response(429)],
    [
      'redirects for ever',
      { kind: 'redirect', head: { status: 302, headers: {} }, location: 'http://a.test/robots.txt' },
    ],
  ])('is refused by a host whose robots.txt %s, until it answers', async (_, outcome) => {
    const { permit, state, fetched } = desk(outcome)
    const refused = await permit('http://a.test/x', go, never)
    expect(refused).toMatchObject({ kind: 'unreachable', permission: { rule: 'robots:unreachable' } })
    const { inMs } = refused as { inMs: number }
    expect(inMs).toBeGreaterThan(0)
    expect(inMs).toBeLessThanOrEqual(60_000)
    const asked = fetched.length
    expect(await permit('http://a.test/x', go, never)).toMatchObject({ kind: 'unreachable' })
    expect(fetched).toHaveLength(asked)
    state.nowMs += inMs
    await permit('http://a.test/x', go, never)
    expect(fetched.length).toBeGreaterThan(asked)
  })

  it.each<[string, FetchOutcome]>([
    ['address_refused', { kind: 'failed', reason: 'address_refused', detail: '10.0.0.1' }],
    ['dns', { kind: 'failed', reason: 'dns', detail: 'no such name', lasting: true }],
    ['tls', { kind: 'failed', reason: 'tls', detail: 'expired' }],
  ])(
    'is out of reach at a host that will not be reached: %s, and not asked for again for a while',
    async (reason, outcome) => {
      const { permit, another, fetched, state } = desk(outcome)
      const out = {
        kind: 'hopeless',
        reason,
        detail: expect.stringContaining(reason),
        permission: { rule: 'robots:unreachable' },
      }
      expect(await permit('http://a.test/x', go, never)).toMatchObject(out)
      state.nowMs += 30_000
      expect(await permit('http://a.test/y', go, never)).toMatchObject(out)
      expect(await another()('http://a.test/z', go, never)).toMatchObject(out)
      expect(fetched).toHaveLength(1)
      state.nowMs += 31_000
      await permit('http://a.test/x', go, never)
      expect(fetched).toHaveLength(2)
    },
  )

  it('brings the crawl-delay, which is capped, and tells the backend of it', async () => {
    const { permit, records } = desk(response(200, 'User-agent: *\nCrawl-delay: 7'))
    expect(await permit('http://a.test/x', go, never)).toMatchObject({ crawlDelayMs: 7_000 })
    expect(records.get('http://a.test')).toMatchObject({ host: 'a.test', crawlDelayMs: 7_000 })
    const slow = desk(response(200, 'User-agent: *\nCrawl-delay: 86400'))
    expect(await slow.permit('http://a.test/x', go, never)).toMatchObject({ crawlDelayMs: maxCrawlDelayMs })
  })

  it('waits, but not long, while somebody else asks', async () => {
    const { permit, claims, fetched } = desk(response(200, ''))
    claims.add('http://a.test')
    const busy = await permit('http://a.test/x', go, never)
    expect(busy).toMatchObject({ kind: 'busy' })
    expect((busy as { inMs: number }).inMs).toBeLessThanOrEqual(1_000)
    expect(fetched).toEqual([])
  })

  it('is not asked for without a slot of the host, and the claim is let go', async () => {
    const { permit, dropped, fetched } = desk(response(200, ''))
    const slots: string[] = []
    const full = async (host: string) => {
      slots.push(host)
      return false
    }
    expect(await permit('http://a.test:8100/x', full, never)).toMatchObject({ kind: 'busy' })
    expect([slots, dropped, fetched]).toEqual([['a.test:8100'], ['http://a.test:8100'], []])
    expect(await permit('http://a.test:8100/x', go, never)).toMatchObject({ kind: 'allowed' })
  })

  describe('of a site that speaks of more than fetching', () => {
    /** What each path of the host answers; 404 for the others. */
    const site = (files: Record<string, FetchOutcome>, obeyed: readonly OptOut[] = optOuts) =>
      desk((url) => Promise.resolve(files[new URL(url).pathname] ?? response(404)), new Set(obeyed))
    const checkedAt = '2023-11-14T22:13:20.000Z'
    const reserved = response(200, '[{"location": "/art/", "tdm-reservation": 1}]')
    const noJpg = response(200, 'User-Agent: *\nDisallow: *.jpg\nAllow: /')

    it('asks robots.txt first, then its other files, once each and in a slot of their own', async () => {
      const { permit, another, fetched } = site({})
      const slots: string[] = []
      const take = async (host: string) => slots.push(host) > 0
      expect(await permit('http://a.test/x', take, never)).toMatchObject({ kind: 'allowed' })
      await permit('http://a.test/y', take, never)
      await another()('http://a.test/z', take, never)
      expect(fetched.map((url) => new URL(url).pathname)).toEqual([
        '/robots.txt',
        '/.well-known/tdmrep.json',
        '/ai.txt',
      ])
      expect(slots).toEqual(['a.test', 'a.test', 'a.test'])
    })

    it('goes on where it had no slot for the next of them', async () => {
      const { permit, fetched, dropped } = site({})
      for (const already of [1, 2, 3]) {
        let slots = 1
        const one = async () => slots-- > 0
        const answer = await permit('http://a.test/x', one, never)
        expect(answer.kind).toBe(already < 3 ? 'busy' : 'allowed')
        expect(fetched).toHaveLength(already)
      }
      expect(dropped).toEqual(['http://a.test/.well-known/tdmrep.json', 'http://a.test/ai.txt'])
    })

    it.each<[string, Record<string, FetchOutcome>, string, object]>([
      [
        'tdm',
        { '/.well-known/tdmrep.json': reserved },
        'http://a.test/art/x.jpg',
        { value: 'location /art/', source: 'tdmrep.json' },
      ],
      ['ai-txt', { '/ai.txt': noJpg }, 'http://a.test/x.jpg', { value: 'Disallow: *.jpg', source: 'ai.txt' }],
      [
        'content-signal',
        { '/robots.txt': response(200, 'User-agent: *\nContent-Signal: ai-train=no') },
        'http://a.test/',
        { value: 'ai-train=no', source: 'robots.txt' },
      ],
      [
        'aipref',
        { '/robots.txt': response(200, 'User-agent: *\nContent-Usage: /art/ train-ai=n') },
        'http://a.test/art/',
        { value: 'train-ai=n', source: 'robots.txt' },
      ],
    ])('is refused by %s, unless that is ignored', async (rule, files, url, said) => {
      expect(await site(files).permit(url, go, never)).toEqual({
        kind: 'forbidden',
        permission: { rule, ...said, checkedAt },
        crawlDelayMs: 0,
      })
      expect(await site(files).permit('http://a.test/free', go, never)).toMatchObject({
        kind: rule === 'content-signal' ? 'forbidden' : 'allowed',
      })
      const others = optOuts.filter((name) => name !== rule)
      expect(await site(files, others).permit(url, go, never)).toMatchObject({ kind: 'allowed' })
    })

    it('does not ask for a file whose opt-out is ignored, or that robots.txt closes', async () => {
      const ignoring = site({}, ['aipref'])
      await ignoring.permit('http://a.test/x', go, never)
      expect(ignoring.fetched).toEqual(['http://a.test/robots.txt'])
      const closed = site({
        '/robots.txt': response(200, 'User-agent: *\nDisallow: /.well-known/\nDisallow: /ai.txt'),
      })
      expect(await closed.permit('http://a.test/x', go, never)).toMatchObject({ kind: 'allowed' })
      expect(closed.fetched).toEqual(['http://a.test/robots.txt'])
    })

    it('asks for none of them about what robots.txt forbids', async () => {
      const { permit, fetched } = site({ '/robots.txt': response(200, 'User-agent: *\nDisallow: /') })
      await permit('http://a.test/x', go, never)
      expect(fetched).toEqual(['http://a.test/robots.txt'])
    })

    it.each(['/.well-known/tdmrep.json', '/ai.txt'])(
      'is refused while its %s cannot be read, until it answers',
      async (path) => {
        const files: Record<string, FetchOutcome> = { [path]: response(503) }
        const { permit, state } = site(files)
        const rule = path === '/ai.txt' ? 'ai-txt:unreachable' : 'tdm:unreachable'
        const refused = await permit('http://a.test/x', go, never)
        expect(refused).toMatchObject({ kind: 'unreachable', permission: { rule } })
        files[path] = response(404)
        expect(await permit('http://a.test/x', go, never)).toMatchObject({ kind: 'unreachable' })
        state.nowMs += (refused as { inMs: number }).inMs
        expect(await permit('http://a.test/x', go, never)).toMatchObject({ kind: 'allowed' })
      },
    )
  })

  it('is not doubted because we stopped asking', async () => {
    const abort = new AbortController()
    const cancelled: FetchOutcome = { kind: 'failed', reason: 'cancelled', detail: '' }
    const { permit, records, dropped } = desk(async () => {
      abort.abort()
      return cancelled
    })
    expect(await permit('http://a.test/x', go, abort.signal)).toMatchObject({ kind: 'busy' })
    expect([dropped, records.size]).toEqual([['http://a.test'], 0])
  })
})
