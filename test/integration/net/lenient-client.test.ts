import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type Address,
  createNet,
  type FetchRequest,
  type Net,
  type NetOptions,
} from '../../../src/net/index.js'
import { type Mischief, startMischief } from '../../fixtures/web/mischief.js'

let web: Mischief
const nets: Net[] = []
beforeAll(async () => {
  web = await startMischief()
})
afterEach(async () => {
  for (const net of nets.splice(0)) await net.close()
  await web.socketsDownTo(0)
})
afterAll(() => web.close())

const never = new AbortController().signal

function netWith(options: Partial<NetOptions> = {}): Net {
  const net = createNet({ userAgent: 'test', connectTo: [], allowPrivate: ['127.0.0.0/8'], ...options })
  nets.push(net)
  return net
}

function get(net: Net, url: string, more: Partial<FetchRequest> = {}, signal = never) {
  const whole = url.startsWith('/') ? web.origin + url : url
  return net.fetch({ url: whole, accept: '*/*', maxBytes: 1e6, deadlineMs: 10_000, ...more }, signal)
}

describe('an answer that is not as HTTP has it', () => {
  it('is asked for once more, with the same words, and read', async () => {
    const outcome = await get(netWith(), '/bare-newlines?once', { acceptLanguage: 'en' })
    expect(outcome).toMatchObject({ kind: 'response', head: { status: 200 } })
    const [first, second, third] = web.seenOf('/bare-newlines?once')
    expect(third).toBeUndefined()
    expect({ ...second?.headers, connection: 'keep-alive' }).toEqual(first?.headers)
    expect(second?.headers.connection).toBe('close')
  })

  it('is no reason to ask its origin twice again', async () => {
    const net = netWith()
    await get(net, '/bare-newlines?teach')
    expect(await get(net, '/folded-head?known')).toMatchObject({ kind: 'response' })
    expect(await get(net, '/page?known')).toMatchObject({ kind: 'response' })
    expect(web.seenOf('/folded-head?known')).toHaveLength(1)
    expect(web.seenOf('/page?known')).toHaveLength(1)
  })

  it('ends its connection', async () => {
    const net = netWith()
    await get(net, '/bare-newlines')
    await web.socketsDownTo(0)
    await get(net, '/page')
    await web.socketsDownTo(0)
  })

  it('is given up where its head is endless, its lengths disagree, or no HTTP comes', async () => {
    for (const path of ['/endless-careless-head', '/two-lengths', '/not-http', '/no-head']) {
      expect(await get(netWith(), path)).toMatchObject({ kind: 'failed', reason: 'headers' })
    }
  })

  it('has its caps: bytes, unfolded bytes, and what the caller stops', async () => {
    const net = netWith()
    await get(net, '/bare-newlines')
    expect(await get(net, '/huge', { maxBytes: 1000 })).toMatchObject({ reason: 'too_large' })
    expect(await get(net, '/gzip-bomb', { maxBytes: 1e7 })).toMatchObject({ reason: 'too_large' })
    expect(await get(net, '/huge', { maxBytes: 1e9, onPrefix: () => 'stop' })).toMatchObject({
      stopped: true,
    })
    expect(await get(net, '/hang-mid-body', { onHead: () => 'stop' })).toMatchObject({ stopped: true })
    expect(await get(net, '/redirect-hang')).toMatchObject({ kind: 'redirect' })
    await web.socketsDownTo(0)
  })

  it('has what is left of the deadline', async () => {
    const net = netWith()
    await get(net, '/bare-newlines')
    expect(await get(net, '/hang', { deadlineMs: 200 })).toMatchObject({ reason: 'timeout' })
    expect(await get(net, '/drip-head', { deadlineMs: 200 })).toMatchObject({ reason: 'timeout' })
    await web.socketsDownTo(0)
  })

  it('can be cancelled, and is by close', async () => {
    const net = netWith()
    await get(net, '/bare-newlines')
    const stop = new AbortController()
    const cancelled = get(net, '/hang?stop', {}, stop.signal)
    const closed = get(net, '/hang?close')
    await web.socketsDownTo(2)
    stop.abort()
    expect(await cancelled).toMatchObject({ reason: 'cancelled' })
    await net.close()
    expect(await closed).toMatchObject({ reason: 'cancelled' })
    await web.socketsDownTo(0)
    expect(await get(net, '/page')).toMatchObject({ reason: 'cancelled' })
  })

  it('is not asked for again at an address that may not be dialled', async () => {
    let now = 0
    const answers: Address[] = [
      { address: '127.0.0.1', family: 4 },
      { address: '10.0.0.1', family: 4 },
    ]
    const net = netWith({
      // Each answer is forgotten before the next question.
      now: () => (now += 1e6),
      resolve: async () => answers.splice(0, 1),
    })
    const outcome = await get(net, `http://moving.example:${web.port}/bare-newlines?moved`)
    expect(outcome).toMatchObject({ kind: 'failed', reason: 'address_refused' })
    expect(web.seenOf('/bare-newlines?moved')).toHaveLength(1)
  })
})

describe('a body that is whole by itself', () => {
  const isWhole = (_: unknown, body: Uint8Array) => Buffer.from(body).toString().endsWith('</html>')

  it.each(['/longer-than-it-is', '/no-last-chunk', '/gzip-without-last-block'])(
    'is kept: %s',
    async (path) => {
      expect(await get(netWith(), path, { isWhole })).toMatchObject({ kind: 'response', stopped: false })
      expect(await get(netWith(), path)).toMatchObject({ kind: 'failed', reason: 'body_cut' })
    },
  )

  it('is kept at the deadline too, and its connection ended', async () => {
    const outcome = await get(netWith(), '/longer-and-open', { isWhole, deadlineMs: 300 })
    expect(outcome).toMatchObject({ kind: 'response' })
    await web.socketsDownTo(0)
  })

  it.each(['/length-of-the-unpacked', '/gzip-without-trailer', '/gzip-wrong-checksum', '/gzip-garbage'])(
    'is one whose coding came to its end: %s',
    async (path) => {
      expect(await get(netWith(), path)).toMatchObject({ kind: 'response' })
    },
  )

  it('is not one of whose gzip members the last is cut', async () => {
    expect(await get(netWith(), '/gzip-member-cut')).toMatchObject({ reason: 'body_cut' })
  })
})
