import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNet, type FetchOutcome, type FetchRequest, type Net } from '../../../src/net/index.js'
import { type Mischief, startMischief } from '../../fixtures/web/mischief.js'

let web: Mischief
let net: Net
beforeAll(async () => {
  web = await startMischief()
  net = createNet({
    userAgent: 'pairmill-test/1 (+https://pairmill.example/bot)',
    connectTo: [],
    allowPrivate: ['127.0.0.0/8'],
    keepAliveMs: 30_000,
  })
})
afterAll(async () => {
  await net.close()
  await web.close()
})

function get(path: string, more: Partial<FetchRequest> = {}, signal = new AbortController().signal) {
  const url = path.startsWith('/') ? web.origin + path : path
  return net.fetch({ url, accept: 'text/html', maxBytes: 1_000_000, deadlineMs: 10_000, ...more }, signal)
}

/** The body as text, or the whole outcome where it is no response. */
function textOf(outcome: FetchOutcome): unknown {
  return outcome.kind === 'response' ? Buffer.from(outcome.body).toString() : outcome
}

async function plainPage(bytes = 0): Promise<unknown> {
  return textOf(await get(`/page?bytes=${bytes}`))
}

function failure(reason: string) {
  return expect.objectContaining({ kind: 'failed', reason })
}

describe('a fetch', () => {
  it('gives status, headers in lower case, and the body', async () => {
    const outcome = await get('/page?bytes=5000')
    expect(outcome).toMatchObject({
      kind: 'response',
      stopped: false,
      head: {
        status: 200,
        headers: { 'content-type': 'text/html; charset=utf-8', 'content-length': '5000' },
      },
    })
    expect(textOf(outcome)).toContain('你好')
  })

  it('says honestly who asks, what it takes, and nothing else', async () => {
    await get('/page?who', { acceptLanguage: 'en' })
    expect(web.seenOf('/page?who')[0]?.headers).toEqual({
      host: `127.0.0.1:${web.port}`,
      connection: 'keep-alive',
      'user-agent': 'pairmill-test/1 (+https://pairmill.example/bot)',
      'accept-encoding': expect.stringContaining('gzip, deflate, br'),
      accept: 'text/html',
      'accept-language': 'en',
    })
  })

  it('does not send a fragment, and encodes what a URL may not hold', async () => {
    await get('/page?ä b#part')
    expect(web.seenOf('/page?%C3%A4%20b')).toHaveLength(1)
  })

  it.each([404, 410, 429, 500, 503])('gives status %i as a response', async (status) => {
    expect(await get(`/status/${status}`)).toMatchObject({ kind: 'response', head: { status } })
  })

  it('gives Retry-After to whoever asked too often, and the page later', async () => {
    const path = '/too-many/2?retryAfter=7&key=a'
    const heads = [await get(path), await get(path), await get(path)].map(
      (outcome) => outcome.kind === 'response' && [outcome.head.status, outcome.head.headers['retry-after']],
    )
    expect(heads).toEqual([
      [429, '7'],
      [429, '7'],
      [200, undefined],
    ])
  })

  it.each(['/no-content', '/empty', '/empty-gzip'])('gives an empty body for %s', async (path) => {
    expect(textOf(await get(path))).toBe('')
  })

  it('joins repeated headers', async () => {
    expect(await get('/repeated-header')).toMatchObject({ head: { headers: { link: '<a>, <b>' } } })
  })

  it('passes over interim responses', async () => {
    expect(await get('/early-hints')).toMatchObject({ kind: 'response', head: { status: 200 } })
  })

  it('reads a body that ends with its connection', async () => {
    expect(textOf(await get('/until-close?bytes=200000'))).toBe('x'.repeat(200_000))
  })

  it('leaves charset and type to others', async () => {
    expect(await get('/bad-charset')).toMatchObject({
      kind: 'response',
      head: { headers: { 'content-type': 'text/html; charset=klingon-8' } },
    })
    expect(await get('/wrong-type')).toMatchObject({ head: { headers: { 'content-type': 'image/png' } } })
  })

  it.each([
    'ftp://127.0.0.1/',
    'page',
    '//host/',
    'http://',
    'http://u@127.0.0.1/',
    'http://u:p@127.0.0.1/',
    'data:,x',
  ])('refuses the URL %s', async (url) => {
    expect(
      await net.fetch({ url, accept: '*/*', maxBytes: 1, deadlineMs: 1000 }, AbortSignal.timeout(5000)),
    ).toEqual(failure('bad_url'))
  })
})

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('with status %i is a value, and not followed', async (status) => {
    const outcome = await get(`/redirect-chain/3?status=${status}`)
    expect(outcome).toMatchObject({
      kind: 'redirect',
      location: `${web.origin}/redirect-chain/2?status=${status}`,
      head: { status },
    })
    expect(web.seenOf(`/redirect-chain/2?status=${status}`)).toHaveLength(0)
  })

  it('to itself is one, too', async () => {
    expect(await get('/redirect-loop')).toMatchObject({ location: `${web.origin}/redirect-loop` })
  })

  it.each<[string, string]>([
    ['../up', 'http://127.0.0.1/up'],
    ['//other.example/x', 'http://other.example/x'],
    ['https://other.example', 'https://other.example/'],
    ['/a b', 'http://127.0.0.1/a%20b'],
    ['/grüße', 'http://127.0.0.1/gr%C3%BC%C3%9Fe'],
    ['?q=1', 'http://127.0.0.1/redirect-to?q=1'],
  ])('to %s is made absolute', async (to, location) => {
    const outcome = await get(`/redirect-to?to=${encodeURIComponent(to)}`)
    expect(outcome).toMatchObject({
      kind: 'redirect',
      location: location.replace('127.0.0.1', `127.0.0.1:${web.port}`),
    })
  })

  it.each(['mailto:a@b.example', 'javascript:alert(1)', 'file:///etc/passwd', 'http://[::1'])(
    'to %s is a response: there is nowhere to go',
    async (to) => {
      const outcome = await get(`/redirect-to?to=${encodeURIComponent(to)}`)
      expect(outcome).toMatchObject({ kind: 'response', head: { status: 302 } })
    },
  )

  it('without a Location is a response', async () => {
    expect(await get('/redirect-nowhere')).toMatchObject({ kind: 'response', head: { status: 302 } })
    expect(await get('/redirect-nowhere?status=300')).toMatchObject({
      kind: 'response',
      head: { status: 300 },
    })
  })

  it('is known as soon as its head is, whatever becomes of its body', async () => {
    expect(await get('/redirect-hang')).toMatchObject({ kind: 'redirect' })
  })
})

describe('a body that is not as announced', () => {
  it.each(['/cut', '/cut?sent=0', '/cut-chunked', '/cut-reset', '/truncated-gzip'])(
    'fails as body_cut: %s',
    async (path) => {
      expect(await get(path)).toEqual(failure('body_cut'))
    },
  )

  it('is read as far as announced where more comes, and the connection is not used again', async () => {
    expect(textOf(await get('/wrong-length?declared=10&sent=1000'))).toBe('x'.repeat(10))
    expect(await plainPage()).toContain('All is well')
  })

  it.each(['/two-lengths', '/not-http', '/huge-headers'])('fails as headers: %s', async (path) => {
    expect(await get(path)).toEqual(failure('headers'))
  })

  it.each(['/reset', '/close'])('fails as connection: %s', async (path) => {
    expect(await get(path)).toEqual(failure('connection'))
  })
})

describe('size', () => {
  it('lets exactly maxBytes pass, and not one more', async () => {
    expect(await get('/page?bytes=5000', { maxBytes: 5000 })).toMatchObject({ kind: 'response' })
    expect(await get('/page?bytes=5000', { maxBytes: 4999 })).toEqual(failure('too_large'))
    expect(await get('/gzip?bytes=5000', { maxBytes: 5000 })).toMatchObject({ kind: 'response' })
    expect(await get('/gzip?bytes=5000', { maxBytes: 4999 })).toEqual(failure('too_large'))
  })

  it('stops at an announcement', async () => {
    expect(await get('/huge?length=yes')).toEqual(failure('too_large'))
  })

  it('stops an endless body', async () => {
    expect(await get('/huge?bytes=100000000000')).toEqual(failure('too_large'))
  })

  it.each(['/gzip-bomb?megabytes=200', '/br-bomb?megabytes=64'])(
    'survives %s in bounded memory',
    async (path) => {
      await get('/gzip?bytes=2000000', { maxBytes: 3_000_000 })
      const before = process.memoryUsage.rss()
      const outcomes = await Promise.all(
        [1, 2, 3, 4].map(() => get(path, { maxBytes: 4_000_000, deadlineMs: 25_000 })),
      )
      expect(outcomes).toEqual([1, 2, 3, 4].map(() => failure('too_large')))
      // The web that sends the bombs lives in this process, too: it holds some 10 MB for each.
      expect(process.memoryUsage.rss() - before).toBeLessThan(120_000_000)
    },
  )
})

describe('content codings', () => {
  it.each(['gzip', 'deflate', 'deflate-raw', 'br', 'gzip-br', 'x-gzip'])(
    'undoes %s, small and large',
    async (name) => {
      expect(textOf(await get(`/${name}`))).toBe(await plainPage())
      const large = await get(`/${name}?bytes=3000000`, { maxBytes: 4_000_000 })
      expect(large.kind === 'response' && large.body.length).toBeGreaterThan(2_999_000)
    },
  )

  it.each(['utf-8', 'none', 'identity', 'binary'])('passes over %s, which is none', async (coding) => {
    expect(textOf(await get(`/mislabelled?coding=${coding}`))).toBe(await plainPage())
  })

  it.each([
    '/corrupt-gzip',
    '/gzip-layers',
    '/mislabelled?coding=gzip',
    '/mislabelled?coding=br',
    '/mislabelled?coding=deflate',
    '/mislabelled?coding=compress',
  ])('fails as encoding: %s', async (path) => {
    expect(await get(path)).toEqual(failure('encoding'))
  })

  it.each(['/gzip-bomb', '/br-bomb'])(
    'fails as too large where it shrank a text more than texts shrink, though it would fit: %s',
    async (path) => {
      const outcome = await get(`${path}?megabytes=8`, { maxBytes: 100_000_000 })
      expect(outcome).toEqual(failure('too_large'))
    },
  )

  it.each(['/gzip-bomb', '/br-bomb'])('lets a small one shrink as it may: %s', async (path) => {
    const outcome = await get(`${path}?megabytes=1`, { maxBytes: 100_000_000 })
    expect(outcome).toMatchObject({ kind: 'response', body: { length: 1024 * 1024 } })
  })
})

describe('time', () => {
  it.each(['/hang', '/hang-mid-body', '/drip'])('is up at the deadline: %s', async (path) => {
    const started = performance.now()
    // A process that is kept waiting by a busy machine counts none of it.
    let tenths = 0
    const clock = setInterval(() => tenths++, 100)
    expect(await get(path, { deadlineMs: 300 })).toEqual(failure('timeout'))
    clearInterval(clock)
    expect(performance.now() - started).toBeGreaterThanOrEqual(295)
    expect(tenths).toBeLessThan(30)
  })

  it('is there for a slow page within the deadline', async () => {
    expect(textOf(await get('/drip?bytes=10&everyMs=5'))).toBe('x'.repeat(10))
  })
})

describe('onHead', () => {
  it('sees the head once, and may stop before the body', async () => {
    const statuses: number[] = []
    const outcome = await get('/hang-mid-body', {
      onHead: (head) => {
        statuses.push(head.status)
        return 'stop'
      },
    })
    expect(statuses).toEqual([200])
    expect(outcome).toMatchObject({ kind: 'response', stopped: true, body: new Uint8Array(0) })
  })

  it('does not see redirects', async () => {
    const onHead = () => {
      throw new Error('called')
    }
    expect(await get('/redirect-loop', { onHead })).toMatchObject({ kind: 'redirect' })
  })

  it('rejects the fetch with what it throws', async () => {
    const bug = new Error('a bug')
    const onHead = () => {
      throw bug
    }
    await expect(get('/page', { onHead })).rejects.toBe(bug)
  })
})

describe('onPrefix', () => {
  it('sees ever more until it has enough, and then nothing', async () => {
    const lengths: number[] = []
    const outcome = await get('/huge?bytes=900000', {
      onPrefix: (soFar) => {
        lengths.push(soFar.length)
        return soFar.length > 200_000 ? 'enough' : 'more'
      },
    })
    expect(outcome.kind === 'response' && [outcome.stopped, outcome.body.length]).toEqual([false, 900_000])
    expect(lengths.toSorted((a, b) => a - b)).toEqual(lengths)
    expect(lengths.filter((length) => length > 200_000)).toHaveLength(1)
  })

  it('may stop, and the body holds what it saw', async () => {
    let saw = new Uint8Array(0)
    const outcome = await get('/huge?bytes=100000000000', {
      maxBytes: 1e12,
      onPrefix: (soFar) => {
        saw = Uint8Array.from(soFar)
        return soFar.length > 100_000 ? 'stop' : 'more'
      },
    })
    expect(saw.length).toBeGreaterThan(100_000)
    expect(outcome.kind === 'response' && outcome.stopped && Buffer.compare(outcome.body, saw)).toBe(0)
  })

  it('sees the first bytes of a slow body before the rest is there', async () => {
    const outcome = await get('/hang-mid-body', { onPrefix: () => 'stop' })
    expect(textOf(outcome)).toContain('All is well')
  })

  it('sees a compressed body once, decompressed', async () => {
    const seen: string[] = []
    const outcome = await get('/gzip?bytes=5000', {
      onPrefix: (soFar) => {
        seen.push(Buffer.from(soFar).toString())
        return 'stop'
      },
    })
    expect(seen).toEqual([await plainPage(5000)])
    expect(outcome).toMatchObject({ kind: 'response', stopped: true })
  })

  it('may stop a body that ends with its connection', async () => {
    expect(await get('/until-close?bytes=10', { onPrefix: () => 'stop' })).toMatchObject({ stopped: true })
  })
})
