import { getEventListeners } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createNet, type FetchRequest, type Net, type NetOptions } from '../../../src/net/index.js'
import { parseConnectTo } from '../../../src/records/index.js'
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

function netWith(options: Partial<NetOptions> = {}): Net {
  const net = createNet({ userAgent: 'test', connectTo: [], allowPrivate: ['127.0.0.0/8'], ...options })
  nets.push(net)
  return net
}

function request(url: string, more: Partial<FetchRequest> = {}): FetchRequest {
  return {
    url: url.startsWith('/') ? web.origin + url : url,
    accept: '*/*',
    maxBytes: 1e6,
    deadlineMs: 10_000,
    ...more,
  }
}

function rule(text: string) {
  const parsed = parseConnectTo(text)
  if ('error' in parsed) throw new Error(parsed.error)
  return parsed
}

const never = new AbortController().signal

describe('connections', () => {
  it('are used again, one after the other', async () => {
    const net = netWith()
    const before = web.connections()
    for (let i = 0; i < 20; i += 1) await net.fetch(request('/page'), never)
    expect(web.connections() - before).toBe(1)
  })

  it('are as many as there are exchanges at a time', async () => {
    const net = netWith()
    const before = web.connections()
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 8 }, () => net.fetch(request('/page'), never)))
    }
    expect(web.connections() - before).toBeLessThanOrEqual(8)
  })

  it.each(['/redirect-to?bytes=5000', '/status/404', '/gzip', '/corrupt-gzip', '/no-content'])(
    'survive %s',
    async (path) => {
      const net = netWith()
      const before = web.connections()
      for (let i = 0; i < 5; i += 1) await net.fetch(request(path), never)
      expect(web.connections() - before).toBe(1)
    },
  )

  it('survive a body that is not wanted, where its rest is short', async () => {
    const net = netWith()
    const before = web.connections()
    for (let i = 0; i < 5; i += 1)
      await net.fetch(request('/page?bytes=40000', { onHead: () => 'stop' }), never)
    expect(web.connections() - before).toBe(1)
  })

  it('are cut where the rest of an unwanted body is long', async () => {
    const net = netWith()
    await net.fetch(request('/huge?length=yes', { maxBytes: 1e9, onHead: () => 'stop' }), never)
    await web.socketsDownTo(0)
    await net.fetch(request('/huge', { maxBytes: 1e9, onPrefix: () => 'stop' }), never)
    await web.socketsDownTo(0)
  })

  it.each(['/huge', '/huge?length=yes', '/gzip-bomb'])(
    'are cut where a body is too large: %s',
    async (path) => {
      const net = netWith()
      await net.fetch(request(path, { maxBytes: 1000 }), never)
      await web.socketsDownTo(0)
    },
  )

  it.each(['/hang', '/hang-mid-body', '/drip'])('are freed by the deadline: %s', async (path) => {
    await netWith().fetch(request(path, { deadlineMs: 100 }), never)
    await web.socketsDownTo(0)
  })

  it('are freed where the unwanted body of a redirect hangs', async () => {
    await netWith().fetch(request('/redirect-hang'), never)
    await web.socketsDownTo(0)
  })

  it('are all ended by close, and what was under way is cancelled', async () => {
    const net = netWith()
    const outcomes = ['/hang', '/hang-mid-body', '/drip'].map((path) => net.fetch(request(path), never))
    await web.socketsDownTo(3)
    await net.fetch(request('/page'), never)
    await net.close()
    for (const outcome of await Promise.all(outcomes)) {
      expect(outcome).toMatchObject({ kind: 'failed' })
    }
    await web.socketsDownTo(0)
    expect(await net.fetch(request('/page'), never)).toMatchObject({ kind: 'failed', reason: 'cancelled' })
  })
})

describe('cancelling', () => {
  it.each(['/hang', '/hang-mid-body', '/drip', '/huge?bytes=100000000000'])(
    'frees the socket of %s',
    async (path) => {
      const stop = new AbortController()
      const outcome = netWith().fetch(request(path, { maxBytes: 1e12, onHead: () => 'read' }), stop.signal)
      await until(() => web.seenOf(path).length > 0 && web.openSockets() > 0)
      stop.abort()
      expect(await outcome).toMatchObject({ kind: 'failed', reason: 'cancelled' })
      await web.socketsDownTo(0)
    },
  )

  it('before the start sends nothing', async () => {
    const before = web.connections()
    expect(await netWith().fetch(request('/page'), AbortSignal.abort())).toMatchObject({
      reason: 'cancelled',
    })
    expect(web.connections()).toBe(before)
  })

  it('while the name is being resolved sends nothing, and is answered at once', async () => {
    let answer = (_addresses: { address: string; family: 4 }[]): void => undefined
    const resolve = () =>
      new Promise<{ address: string; family: 4 }[]>((done) => {
        answer = done
      })
    const stop = new AbortController()
    const net = netWith({ resolve })
    const outcome = net.fetch(request(`http://slow.example:${web.port}/page?slow`), stop.signal)
    stop.abort()
    expect(await outcome).toMatchObject({ reason: 'cancelled' })
    answer([{ address: '127.0.0.1', family: 4 }])
    // The connection that was asked for is opened and left to the next exchange.
    await net.fetch(request(`http://slow.example:${web.port}/page?next`), never)
    expect(web.seenOf('/page?slow')).toHaveLength(0)
    expect(web.seenOf('/page?next')).toHaveLength(1)
  })

  it('after the end does nothing, and nothing is left listening', async () => {
    const stop = new AbortController()
    const net = netWith()
    for (const path of ['/page', '/redirect-loop', '/reset', '/huge', '/gzip', '/corrupt-gzip', 'ftp://x/']) {
      await net.fetch(request(path, { maxBytes: 1000 }), stop.signal)
    }
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0)
    stop.abort()
    expect(await net.fetch(request('/page'), never)).toMatchObject({ kind: 'response' })
  })
})

describe('one signal for many exchanges', () => {
  it('cancels them all, and is listened to once', async () => {
    const stop = new AbortController()
    const net = netWith()
    const outcomes = Array.from({ length: 30 }, () => net.fetch(request('/hang'), stop.signal))
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1)
    stop.abort()
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ reason: 'cancelled' })
    await web.socketsDownTo(0)
  })
})

describe('connect-to', () => {
  it('sends every connection to one place, and keeps the host', async () => {
    const net = netWith({ connectTo: [rule(`::127.0.0.1:${web.port}`)] })
    for (const origin of [
      'http://a.example',
      'http://b.example:8080',
      'http://192.0.2.7',
      'http://[2001:db8::7]:81',
    ]) {
      expect(await net.fetch(request(`${origin}/page?${origin}`), never)).toMatchObject({ kind: 'response' })
    }
    const hosts = web.seen.filter((one) => one.path.startsWith('/page?http')).map((one) => one.host)
    expect(hosts).toEqual(['a.example', 'b.example:8080', '192.0.2.7', '[2001:db8::7]:81'])
  })

  it('resolves no name that is not dialled', async () => {
    const asked: string[] = []
    const resolve = async (name: string) => {
      asked.push(name)
      return [{ address: '127.0.0.1', family: 4 as const }]
    }
    const connectTo = [rule(`a.example::127.0.0.1:${web.port}`), rule(`b.example:80:c.example:${web.port}`)]
    const net = netWith({ connectTo, resolve })
    await net.fetch(request('http://a.example/page'), never)
    await net.fetch(request('http://b.example/page'), never)
    expect(asked).toEqual(['c.example'])
  })

  it('does not open the way to an address that is not allowed', async () => {
    const net = netWith({ connectTo: [rule(`::127.0.0.1:${web.port}`)], allowPrivate: [] })
    const before = web.connections()
    expect(await net.fetch(request('http://a.example/page'), never)).toMatchObject({
      reason: 'address_refused',
    })
    expect(web.connections()).toBe(before)
  })

  it('keeps the name in the TLS handshake', async () => {
    const hellos: string[] = []
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', (hello) => {
        hellos.push(hello.toString('latin1'))
        socket.end('This is no TLS.\r\n')
      })
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const port = (server.address() as { port: number }).port
    const net = netWith({ connectTo: [rule(`::127.0.0.1:${port}`)] })
    expect(await net.fetch(request('https://pictures.example./'), never)).toMatchObject({ reason: 'tls' })
    expect(hellos).toHaveLength(1)
    expect(hellos[0]).toContain('pictures.example')
    expect(hellos[0]).not.toContain('pictures.example.')
    server.close()
  })
})

describe('names', () => {
  const loopback = { address: '127.0.0.1', family: 4 as const }
  const outside = { address: '192.0.2.1', family: 4 as const }

  it('that resolve to a private address are refused', async () => {
    const net = netWith({ resolve: async () => [loopback], allowPrivate: [] })
    expect(await net.fetch(request('http://inside.example/'), never)).toEqual({
      kind: 'failed',
      reason: 'address_refused',
      detail: 'inside.example (127.0.0.1) is not a public address: loopback',
    })
  })

  it('that resolve to several addresses are dialled at an allowed one only', async () => {
    const net = netWith({ resolve: async () => [outside, loopback] })
    const outcome = await net.fetch(request(`http://both.example:${web.port}/page`), never)
    expect(outcome).toMatchObject({ kind: 'response' })
  })

  it('localhost is refused by its address, through the system itself', async () => {
    const net = netWith({ allowPrivate: [] })
    expect(await net.fetch(request(`http://localhost:${web.port}/page`), never)).toMatchObject({
      reason: 'address_refused',
    })
  })

  it('that do not exist fail as dns', async () => {
    for (const answer of [{ error: 'no such name' }, []]) {
      const net = netWith({ resolve: async () => answer })
      const outcome = await net.fetch(request('http://a.example/'), never)
      expect(outcome).toMatchObject({ reason: 'dns' })
      expect(outcome).not.toHaveProperty('lasting')
    }
  })

  it('that do not exist for sure will not exist later either', async () => {
    const net = netWith({ resolve: async () => ({ error: 'no such name', noSuchName: true }) })
    expect(await net.fetch(request('http://a.example/'), never)).toMatchObject({
      reason: 'dns',
      lasting: true,
    })
  })

  it('are asked for once, however many exchanges wait, and checked for each connection', async () => {
    let asked = 0
    const resolve = async () => {
      asked += 1
      return [loopback]
    }
    const net = netWith({ resolve })
    const url = `http://many.example:${web.port}/page`
    await Promise.all(Array.from({ length: 10 }, () => net.fetch(request(url), never)))
    expect(asked).toBe(1)
  })
})

describe('a connection that does not come about', () => {
  it('fails as connection where it is refused', async () => {
    const gone = await startMischief()
    await gone.close()
    expect(await netWith().fetch(request(`${gone.origin}/`), never)).toMatchObject({ reason: 'connection' })
  })

  it('fails as timeout where the handshake is never answered', async () => {
    const server = createServer((socket) => socket.on('error', () => socket.destroy()))
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const port = (server.address() as { port: number }).port
    const closed = new Promise<void>((resolve) => {
      server.on('connection', (socket) => socket.on('close', () => resolve()).resume())
    })
    const net = netWith({ connectTimeoutMs: 200 })
    expect(await net.fetch(request(`https://127.0.0.1:${port}/`), never)).toMatchObject({ reason: 'timeout' })
    await closed
    server.close()
  })
})

describe('createNet', () => {
  it('says which option cannot be used', () => {
    expect(() => netWith({ allowPrivate: ['10.0.0.0/99'] })).toThrow('allowPrivate')
    expect(() => netWith({ userAgent: 'a\r\nb: c' })).toThrow('user-agent')
  })
})

/** Looks again after every turn of the event loop; the test's own timeout bounds it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
