import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { allOptOuts } from '../../../src/crawl/index.js'
import type { InspectPrefix } from '../../../src/filter/index.js'
import { createNet, type Fetch, type Net } from '../../../src/net/index.js'
import { parseConnectTo } from '../../../src/records/index.js'
import type { Permit } from '../../../src/workers/hosts/permission.js'
import { claimMs } from '../../../src/workers/hosts/site-file.js'
import type { Slots } from '../../../src/workers/hosts/slots.js'
import { createImageFetch } from '../../../src/workers/image-fetch.js'
import { nothingRejected, type Rejects } from '../../../src/workers/index.js'
import { type Mischief, startMischief } from '../../fixtures/web/mischief.js'

const never = new AbortController().signal
const readAll: InspectPrefix = () => 'enough'
const maxBytes = 100_000

let web: Mischief
let net: Net
beforeAll(async () => {
  web = await startMischief()
  const everything = parseConnectTo(`::127.0.0.1:${web.port}`)
  if ('error' in everything) throw new Error(everything.error)
  net = createNet({ userAgent: 'test/1', connectTo: [everything], allowPrivate: ['127.0.0.0/8'] })
})
afterAll(async () => {
  await net.close()
  await web.close()
})
beforeEach(() => {
  web.seen.length = 0
})

const checkedAt = '2026-01-02T03:04:05.000Z'
const allowed: Permit = async () => ({
  kind: 'allowed',
  permission: { rule: 'robots:none', checkedAt },
  crawlDelayMs: 0,
})

/** A fetcher of images whose hops are written down: whom it asked for permission, and where it took a slot. */
function desk(
  over: {
    rejects?: Rejects
    permit?: Permit
    slots?: Partial<Slots>
    fetch?: Fetch
    hostConcurrency?: number
  } = {},
) {
  const asked: string[] = []
  const slots: string[] = []
  const permit: Permit = (url, takeSlot, signal) => {
    asked.push(url)
    return (over.permit ?? allowed)(url, takeSlot, signal)
  }
  const take: Slots['take'] = async (host, signal) => {
    slots.push(host)
    return over.slots?.take?.(host, signal) ?? { kind: 'go' }
  }
  const fetchImage = createImageFetch(
    {
      fetch: over.fetch ?? net.fetch,
      permit,
      slots: { delayMs: () => 0, slowDown: () => {}, ...over.slots, take },
      optOuts: { productToken: 'test', obeyed: allOptOuts },
      rejects: over.rejects ?? nothingRejected,
      now: () => 1_700_000_000_000,
      random: () => 0,
    },
    { maxBytes, hostConcurrency: over.hostConcurrency ?? 4 },
  )
  return {
    asked,
    slots,
    get: (url: string, attempts = 0, inspect = readAll, signal = never) =>
      fetchImage(url, attempts, inspect, signal),
  }
}

describe('fetching an image', () => {
  it('asks for permission, takes a slot, and gives the bytes with the rule that allowed them', async () => {
    const { get, asked, slots } = desk()
    const fetched = await get('http://a.test/page')
    expect(fetched).toMatchObject({
      kind: 'bytes',
      stopped: false,
      permission: { rule: 'robots:none', checkedAt },
    })
    expect([asked, slots]).toEqual([['http://a.test/page'], ['a.test']])
    expect(web.seen[0]!.headers.accept).toContain('image/')
  })

  it('asks anew at every hop of a redirect, whatever host it leads to', async () => {
    const { get, asked, slots } = desk()
    const to = encodeURIComponent('http://b.test/redirect-to?to=http://c.test/page')
    expect(await get(`http://a.test/redirect-to?to=${to}`)).toMatchObject({ kind: 'bytes' })
    expect(asked.map((url) => new URL(url).host)).toEqual(['a.test', 'b.test', 'c.test'])
    expect(slots).toEqual(['a.test', 'b.test', 'c.test'])
    expect(web.seen.map(({ host }) => host)).toEqual(['a.test', 'b.test', 'c.test'])
  })

  it('fetches nothing from a hop that forbids it', async () => {
    const permit: Permit = async (url, takeSlot, signal) =>
      new URL(url).host === 'b.test'
        ? { kind: 'forbidden', permission: { rule: 'robots:disallow /', checkedAt }, crawlDelayMs: 0 }
        : allowed(url, takeSlot, signal)
    const { get, slots } = desk({ permit })
    expect(await get('http://a.test/redirect-to?to=http://b.test/page')).toEqual({
      kind: 'rejected',
      reason: 'robots',
      detail: 'robots:disallow /',
      permission: { rule: 'robots:disallow /', checkedAt },
    })
    expect(web.seen.map(({ host }) => host)).toEqual(['a.test'])
    expect(slots).toEqual(['a.test'])
  })

  it('reads no body whose head says no, and says what it said', async () => {
    const looked: number[] = []
    const fetch: Fetch = async ({ onHead, onPrefix }) => {
      const head = { status: 200, headers: { 'x-robots-tag': 'noai', 'content-type': 'image/jpeg' } }
      const body = Buffer.from('picture')
      if (onHead?.(head) === 'stop') return { kind: 'response', head, body: new Uint8Array(0), stopped: true }
      onPrefix?.(body)
      return { kind: 'response', head, body, stopped: false }
    }
    const fetched = await desk({ fetch }).get('http://a.test/x.jpg', 0, (soFar) => {
      looked.push(soFar.length)
      return 'more'
    })
    expect(fetched).toEqual({
      kind: 'rejected',
      reason: 'opt_out',
      detail: 'x-robots-tag: noai',
      permission: {
        rule: 'x-robots-tag',
        value: 'noai',
        source: 'header',
        checkedAt: '2023-11-14T22:13:20.000Z',
      },
    })
    expect(looked).toEqual([])
  })

  it('tells an opt-out of the site from a robots.txt that forbids', async () => {
    const permission = { rule: 'tdm', value: 'location /', source: 'tdmrep.json', checkedAt }
    const { get } = desk({ permit: async () => ({ kind: 'forbidden', permission, crawlDelayMs: 0 }) })
    expect(await get('http://a.test/x')).toEqual({
      kind: 'rejected',
      reason: 'opt_out',
      detail: 'tdm',
      permission,
    })
  })

  it('sends a cookie along the chain that set it, and along no other', async () => {
    const { get } = desk()
    expect(await get('http://a.test/cookie-wall?one')).toMatchObject({ kind: 'bytes' })
    expect(await get('http://a.test/cookie-wall?two')).toMatchObject({ kind: 'bytes' })
    const cookies = web.seen
      .filter(({ path }) => path.startsWith('/cookie-wall'))
      .map((one) => one.headers.cookie)
    expect(cookies).toEqual([undefined, 'wall=seen', undefined, 'wall=seen'])
  })

  it('follows five redirects, not six', async () => {
    const { get } = desk()
    expect(await get('http://a.test/redirect-chain/5')).toMatchObject({ kind: 'bytes' })
    expect(await get('http://a.test/redirect-chain/6')).toMatchObject({
      kind: 'rejected',
      reason: 'redirects',
    })
    expect(await get('http://a.test/redirect-loop')).toMatchObject({ kind: 'rejected', reason: 'redirects' })
  })

  it.each([
    ['/redirect-to?to=http://user:pw@b.test/', 'bad_url'],
    ['/redirect-to?to=ftp://b.test/x.jpg', 'http_other'],
    ['/redirect-nowhere', 'http_other'],
    ['/status/404', 'http_4xx'],
    ['/status/410', 'http_4xx'],
    ['/status/501', 'http_5xx'],
    ['/page?bytes=100001', 'too_large'],
    ['/huge?bytes=1000000&length=yes', 'too_large'],
    ['/mislabelled', 'encoding'],
    ['/huge-headers', 'http_other'],
  ])('rejects %s for good: %s', async (path, reason) => {
    expect(await desk().get(`http://a.test${path}`)).toMatchObject({ kind: 'rejected', reason })
  })

  it('rejects what is no address to be dialled', async () => {
    const direct = createNet({ userAgent: 'test/1', connectTo: [], allowPrivate: [] })
    const { get } = desk({ fetch: direct.fetch })
    expect(await get('http://127.0.0.1/x.jpg')).toMatchObject({ kind: 'rejected', reason: 'address_refused' })
    await direct.close()
  })

  it.each([
    ['/status/503', 'http_5xx'],
    ['/status/429', 'http_4xx'],
    ['/reset', 'connection'],
    ['/cut', 'body_cut'],
    ['/cut-reset', 'body_cut'],
  ])('puts %s back, and rejects it after three times: %s', async (path, reason) => {
    const { get } = desk()
    for (const attempts of [0, 1, 2]) {
      const fetched = await get(`http://a.test${path}`, attempts)
      expect(fetched).toEqual({ kind: 'deferred', delayMs: expect.any(Number), reason })
      expect((fetched as { delayMs: number }).delayMs).toBeGreaterThan(0)
    }
    expect(await get(`http://a.test${path}`, 3)).toMatchObject({ kind: 'rejected', reason })
  })

  it('waits as long as a host asks it to', async () => {
    const { get } = desk()
    expect(await get('http://a.test/too-many/9?retryAfter=70')).toEqual({
      kind: 'deferred',
      delayMs: 70_000,
      reason: 'http_4xx',
    })
  })

  it('reads no more than the look at the first bytes asks for', async () => {
    const looked: number[] = []
    const stop: InspectPrefix = (soFar) => {
      looked.push(soFar.length)
      return 'stop'
    }
    const fetched = await desk().get('http://a.test/page?bytes=90000', 0, stop)
    expect(fetched).toMatchObject({ kind: 'bytes', stopped: true })
    expect(looked).toHaveLength(1)
  })

  it('does not read the body of an error', async () => {
    const looked: number[] = []
    await desk().get('http://a.test/status/404', 0, (soFar) => {
      looked.push(soFar.length)
      return 'more'
    })
    expect(looked).toEqual([])
  })

  it('fetches nothing while robots.txt cannot be read, and gives up after three times', async () => {
    const permission = { rule: 'robots:unreachable', checkedAt }
    const { get, slots } = desk({ permit: async () => ({ kind: 'unreachable', permission, inMs: 500 }) })
    for (const [attempts, delayMs] of [2_000, 6_000, 18_000].entries()) {
      const reason = 'robots_unreachable'
      expect(await get('http://a.test/page', attempts)).toEqual({ kind: 'deferred', reason, delayMs })
    }
    expect(await get('http://a.test/page', 3)).toEqual({
      kind: 'rejected',
      reason: 'robots_unreachable',
      detail: 'robots:unreachable',
      permission,
    })
    expect([slots, web.seen]).toEqual([[], []])
  })

  it('says so where it is another file of the site that cannot be read', async () => {
    const permission = { rule: 'ai-txt:unreachable', checkedAt }
    const { get } = desk({ permit: async () => ({ kind: 'unreachable', permission, inMs: 500 }) })
    expect(await get('http://a.test/page', 3)).toMatchObject({
      kind: 'rejected',
      reason: 'opt_out_unreachable',
      detail: 'ai-txt:unreachable',
    })
  })

  it.each(['address_refused', 'dns', 'tls'] as const)(
    'gives up at once where waiting for the host cannot help: %s',
    async (reason) => {
      const permission = { rule: 'robots:unreachable', checkedAt }
      const detail = `${reason}: why`
      const { get, slots } = desk({ permit: async () => ({ kind: 'hopeless', permission, reason, detail }) })
      expect(await get('http://a.test/page')).toEqual({ kind: 'rejected', reason, detail, permission })
      expect([slots, web.seen]).toEqual([[], []])
    },
  )

  it('asks once for a name that does not exist, and twice for one that nobody could tell', async () => {
    const failing = (lasting: object) =>
      desk({ fetch: async () => ({ kind: 'failed', reason: 'dns', detail: '', ...lasting }) })
    expect(await failing({ lasting: true }).get('http://a.test/x')).toMatchObject({
      kind: 'rejected',
      reason: 'dns',
    })
    expect(await failing({}).get('http://a.test/x')).toMatchObject({ kind: 'deferred', reason: 'dns' })
    expect(await failing({}).get('http://a.test/x', 1)).toMatchObject({ kind: 'rejected', reason: 'dns' })
  })

  it('comes back where others are at work on robots.txt, for longer than a claim of one that died lasts, but not for ever', async () => {
    const { get } = desk({ permit: async () => ({ kind: 'busy', inMs: 40 }) })
    const waits: number[] = []
    for (let attempts = 0; attempts < 10; attempts++) {
      const put = await get('http://a.test/page', attempts)
      if (put.kind !== 'deferred') throw new Error(`${attempts}: ${JSON.stringify(put)}`)
      expect(put.reason).toBe('robots_unreachable')
      waits.push(put.delayMs)
    }
    expect(waits[0]).toBe(1_000)
    expect(waits.reduce((sum, ms) => sum + ms)).toBeGreaterThan(claimMs)
    expect(Math.max(...waits)).toBeLessThan(claimMs / 2)
    expect(await get('http://a.test/page', 10)).toMatchObject({
      kind: 'rejected',
      reason: 'robots_unreachable',
    })
  })

  it('comes back where the host has no slot soon, and gives up after three times', async () => {
    const { get } = desk({ slots: { take: async () => ({ kind: 'later', inMs: 45_000 }) } })
    expect(await get('http://a.test/page')).toEqual({
      kind: 'deferred',
      delayMs: 45_000,
      reason: 'host_stalled',
    })
    expect(await get('http://a.test/page', 3)).toMatchObject({ kind: 'rejected', reason: 'host_stalled' })
    expect(web.seen).toEqual([])
  })

  it('hands robots.txt the slots of its host', async () => {
    const permit: Permit = async (url, takeSlot, signal) => {
      expect(await takeSlot('a.test')).toBe(true)
      return allowed(url, takeSlot, signal)
    }
    const { get, slots } = desk({ permit })
    await get('http://a.test/page')
    expect(slots).toEqual(['a.test', 'a.test'])
  })

  it('lets the images of a new host wait for the one that asks for robots.txt', async () => {
    let claimed = false
    let known = false
    const permit: Permit = async (url, takeSlot, signal) => {
      if (known) return allowed(url, takeSlot, signal)
      if (claimed) return { kind: 'busy', inMs: 1_000 }
      claimed = true
      await new Promise((resolve) => setTimeout(resolve, 10))
      known = true
      return allowed(url, takeSlot, signal)
    }
    const { get } = desk({ permit })
    const fetched = await Promise.all(Array.from({ length: 12 }, (_, i) => get(`http://a.test/page?n=${i}`)))
    expect(fetched.map(({ kind }) => kind)).toEqual(Array(12).fill('bytes'))
  })

  /**
   * A fetch that tells of each host, and of all together, how many it had under way at most. It answers when a host has as many as `expected`,
   * however late the last of them begins, and then leaves time for one more to begin.
   */
  function countingFetch(expected: Readonly<Record<string, number>>) {
    const atOnce = new Map<string, number>()
    const most = new Map<string, number>()
    const fetch: Fetch = async ({ url }) => {
      const { host } = new URL(url)
      for (const key of [host, 'all']) {
        atOnce.set(key, (atOnce.get(key) ?? 0) + 1)
        most.set(key, Math.max(most.get(key) ?? 0, atOnce.get(key)!))
      }
      do await new Promise((resolve) => setTimeout(resolve, 5))
      while (Object.entries(expected).some(([key, n]) => (most.get(key) ?? 0) < n))
      for (const key of [host, 'all']) atOnce.set(key, atOnce.get(key)! - 1)
      return { kind: 'response', head: { status: 200, headers: {} }, body: new Uint8Array(1), stopped: false }
    }
    return { fetch, most }
  }

  it.each([1, 4, 9])(
    'has no more images of a host under way than it is told (%i), and more of many hosts',
    async (hostConcurrency) => {
      const expected = { 'a.test': hostConcurrency, 'b.test': hostConcurrency, all: 2 * hostConcurrency }
      const { fetch, most } = countingFetch(expected)
      const { get } = desk({ fetch, hostConcurrency })
      await Promise.all(Array.from({ length: 30 }, (_, i) => get(`http://${'ab'[i % 2]}.test/${i}`)))
      expect(Object.fromEntries(most)).toEqual(expected)
    },
  )

  it('has four at most of a host with a delay, whatever it is told of others', async () => {
    const expected = { 'a.test': 4, 'b.test': 12 }
    const { fetch, most } = countingFetch(expected)
    const delayMs = (host: string) => (host === 'a.test' ? 1 : 0)
    const { get } = desk({ fetch, hostConcurrency: 12, slots: { delayMs } })
    await Promise.all(Array.from({ length: 30 }, (_, i) => get(`http://${'ab'[i % 2]}.test/${i}`)))
    expect(Object.fromEntries(most)).toMatchObject(expected)
  })

  it('has four at most from the moment on at which a host turns out to need a delay', async () => {
    let delayMs = 0
    let underWay = 0
    const late: number[] = []
    const fetch: Fetch = async () => {
      underWay++
      if (delayMs > 0) late.push(underWay)
      await new Promise((resolve) => setTimeout(resolve, 5))
      underWay--
      delayMs = 250
      return { kind: 'response', head: { status: 429, headers: {} }, body: new Uint8Array(1), stopped: false }
    }
    const { get } = desk({ fetch, hostConcurrency: 12, slots: { delayMs: () => delayMs } })
    await Promise.all(Array.from({ length: 30 }, (_, i) => get(`http://a.test/${i}`)))
    expect(late).toHaveLength(30 - 12)
    expect(Math.max(...late)).toBe(4)
  })

  it('has the slots keep to the delay of a robots.txt that was not known when they were reserved', async () => {
    const told: unknown[] = []
    const slowDown: Slots['slowDown'] = (...call) => void told.push(call)
    const permit: Permit = async () => ({
      kind: 'allowed',
      permission: { rule: 'robots:none', checkedAt },
      crawlDelayMs: 7_000,
    })
    const take: Slots['take'] = async () => {
      told.push('take')
      return { kind: 'go' }
    }
    const { get } = desk({ permit, slots: { take, slowDown } })
    await get('http://a.test/page')
    expect(told).toEqual([['a.test', 7_000], 'take'])
  })

  it('ends with the batch: an abort is no verdict on the image', async () => {
    const abort = new AbortController()
    const reason = new Error('the lease was lost')
    const fetched = desk().get('http://a.test/hang', 0, readAll, abort.signal)
    await expect.poll(() => web.seen.length).toBe(1)
    abort.abort(reason)
    await expect(fetched).rejects.toBe(reason)
  })
})
