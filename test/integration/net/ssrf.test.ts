import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type Address,
  createNet,
  type FetchOutcome,
  type Net,
  type NetOptions,
} from '../../../src/net/index.js'
import { hostileHosts } from '../../fixtures/net/hostile-hosts.js'
import { type Mischief, startMischief } from '../../fixtures/web/mischief.js'

let web: Mischief
const nets: Net[] = []
beforeAll(async () => {
  web = await startMischief()
})
afterEach(async () => {
  for (const net of nets.splice(0)) await net.close()
})
afterAll(() => web.close())

const never = new AbortController().signal
const loopback: Address = { address: '127.0.0.1', family: 4 }
const outside: Address = { address: '192.0.2.1', family: 4 }

function netWith(options: Partial<NetOptions> = {}): Net {
  const net = createNet({ userAgent: 'test', connectTo: [], allowPrivate: [], ...options })
  nets.push(net)
  return net
}

const get = (net: Net, url: string): Promise<FetchOutcome> =>
  net.fetch({ url, accept: '*/*', maxBytes: 1e6, deadlineMs: 10_000 }, never)

/** Follows redirects as pages and images do: each hop is a fetch of its own. */
async function followed(net: Net, start: string): Promise<{ outcome: FetchOutcome; hops: number }> {
  let url = start
  for (let hops = 0; ; hops++) {
    const outcome = await get(net, url)
    if (outcome.kind !== 'redirect') return { outcome, hops }
    url = outcome.location
  }
}

describe('a redirect', () => {
  it.each(hostileHosts)('does not lead to %s: http://%s/', async (_name, host) => {
    // The web itself may be reached at one address only, which none of the forms but its own spelling names.
    const net = netWith({
      allowPrivate: ['127.9.9.9/32'],
      connectTo: [{ fromHost: 'start.example', fromPort: null, toHost: '127.9.9.9', toPort: near.port }],
    })
    const before = web.connections()
    const to = encodeURIComponent(`http://${host}:${web.port}/page`)
    const { outcome, hops } = await followed(net, `http://start.example/redirect-to?to=${to}`)
    expect(hops).toBe(1)
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'address_refused' })
    expect(web.connections()).toBe(before)
  })

  it.each([1, 2, 4])('does not lead there at hop %i either', async (hop) => {
    const net = netWith({
      allowPrivate: ['127.9.9.9/32'],
      connectTo: [{ fromHost: 'start.example', fromPort: null, toHost: '127.9.9.9', toPort: near.port }],
    })
    let path = `/redirect-to?to=${encodeURIComponent('http://[::ffff:7f00:1]/')}`
    for (let i = 1; i < hop; i++)
      path = `/redirect-to?to=${encodeURIComponent(`http://start.example${path}`)}`
    const { outcome, hops } = await followed(net, `http://start.example${path}`)
    expect(hops).toBe(hop)
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'address_refused' })
  })

  it.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_FLUSHALL',
    'ftp://127.0.0.1/',
    'data:text/html,<p>here',
    'javascript:alert(1)',
    'ws://127.0.0.1/',
    'blob:http://127.0.0.1/x',
    'jar:http://127.0.0.1!/',
  ])('to %s is none', async (to) => {
    const net = netWith({ allowPrivate: ['127.0.0.0/8'] })
    const outcome = await get(net, `${web.origin}/redirect-to?to=${encodeURIComponent(to)}`)
    expect(outcome).toMatchObject({ kind: 'response', head: { status: 302 } })
  })

  let near: Mischief
  beforeAll(async () => {
    near = await startMischief({ address: '127.9.9.9' })
  })
  afterAll(() => near.close())
})

describe('a URL that says one host and means another', () => {
  it.each([
    'http://1.1.1.1@127.0.0.1/',
    'http://1.1.1.1:80@127.0.0.1/',
    'http://user:secret@1.1.1.1/',
    'http://1.1.1.1%40127.0.0.1/',
    'http://127.0.0.1:0/',
    'http://256.256.256.256/',
    'http://127.0.0.1.1/',
    'http://0x7f.0x100000000/',
    'http://[::1%25lo]/',
    'http://[fe80::1%25eth0]/',
    'http://[127.0.0.1]/',
    'http:///',
    'http://',
    '//127.0.0.1/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'ftp://127.0.0.1/',
    'unix:/var/run/docker.sock',
  ])('is no URL to fetch: %s', async (url) => {
    expect(await get(netWith({ allowPrivate: ['0.0.0.0/0', '::/0'] }), url)).toMatchObject({
      reason: 'bad_url',
    })
  })

  it.each([
    ['http://127.0.0.1\\@1.1.1.1/', 'backslash'],
    ['http://127.0.0.1#@1.1.1.1/', 'fragment'],
    ['http://127.0.0.1?@1.1.1.1/', 'query'],
    ['http:127.0.0.1/', 'no slashes'],
    ['http:\\\\127.0.0.1\\', 'backslashes'],
    ['http:/\t/127.0.0.1/', 'tab'],
    ['  http://127.0.0.1/  ', 'spaces'],
    ['HTTP://LOCALHOST/', 'name in capitals'],
    ['http://ｌｏｃａｌｈｏｓｔ/', 'name in full-width letters'],
  ])('goes where the address check looks: %s (%s)', async (url) => {
    expect(await get(netWith(), url)).toMatchObject({ reason: 'address_refused' })
  })
})

describe('a name that is rebound', () => {
  it('from a public to a private address is refused at the next connection', async () => {
    const answers: Address[][] = [[{ address: '127.7.7.7', family: 4 }], [loopback]]
    const asked: string[] = []
    const resolve = async (name: string) => {
      asked.push(name)
      return answers.shift() ?? [loopback]
    }
    const near = await startMischief({ address: '127.7.7.7' })
    let nowMs = 0
    // The one address stands for a public one; the answer is no longer kept when it is asked for again.
    const net = netWith({ allowPrivate: ['127.7.7.7/32'], resolve, now: () => nowMs })
    const url = `http://rebound.example:${near.port}/status/200`
    expect(await get(net, `${url}?1`)).toMatchObject({ kind: 'response' })
    await near.close()
    nowMs = 3_600_000
    const again = await get(net, `${url}?2`)
    expect(asked).toEqual(['rebound.example', 'rebound.example'])
    expect(again).toMatchObject({ reason: 'address_refused' })
  })

  it('between the check and the dial is not asked for again', async () => {
    let asked = 0
    const resolve = async () => {
      asked += 1
      return asked === 1 ? [outside] : [loopback]
    }
    const before = web.connections()
    const net = netWith({ resolve, connectTimeoutMs: 300 })
    const outcome = await get(net, `http://rebound.example:${web.port}/page`)
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'address_refused' })
    expect(asked).toBe(1)
    expect(web.connections()).toBe(before)
  })

  it('to several addresses, of which one is private, is dialled at none of the private ones', async () => {
    const resolve = async () => [
      loopback,
      { address: '::1', family: 6 as const },
      { address: '10.0.0.1', family: 4 as const },
    ]
    const before = web.connections()
    const outcome = await get(netWith({ resolve }), `http://many.example:${web.port}/page`)
    expect(outcome).toMatchObject({ reason: 'address_refused' })
    expect(web.connections()).toBe(before)
  })
})

describe('what is allowed by name', () => {
  it.each([
    ['127.0.0.1/32', '127.0.0.1', true],
    ['127.0.0.1/32', '127.0.0.2', false],
    ['127.0.0.0/30', '127.0.0.3', true],
    ['127.0.0.0/30', '127.0.0.4', false],
    ['10.0.0.0/8', '127.0.0.1', false],
    ['::1/128', '127.0.0.1', false],
    ['127.0.0.1/32', '[::ffff:127.0.0.1]', true],
    ['127.0.0.1/32', '[::127.0.0.1]', false],
  ])('--allow-private %s: %s may be dialled: %s', async (allow, host, may) => {
    const outcome = await get(netWith({ allowPrivate: [allow] }), `http://${host}:1/`)
    expect(outcome).toMatchObject({
      reason: may ? expect.not.stringMatching('address_refused') : 'address_refused',
    })
  })
})
