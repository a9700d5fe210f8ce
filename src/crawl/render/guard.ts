import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createSecureContext, TLSSocket } from 'node:tls'
import { Agent } from 'undici'
import { type Dial, DialError } from '../../net/index.js'
import { hostOf } from '../url.js'
import type { GuardCertificate } from './certificate.js'

/**
 * Why a request of a browser was not carried out:
 * - `robots`, `opt_out`: the site forbids it
 * - `unreachable`: it cannot be known whether the site forbids it
 * - `put_off`: its host is to be left alone for now
 * - `address`: what it names is not public
 * - `method`: it would do more than read
 * - `picture`: images are fetched by another stage, fonts and media by none
 * - `socket`: a WebSocket, which has no end
 * - `requests`, `bytes`: one page has had its share
 * - `bad_url`: nothing that can be asked for
 */
export const guardRefusals = [
  'robots',
  'opt_out',
  'unreachable',
  'put_off',
  'address',
  'method',
  'picture',
  'socket',
  'requests',
  'bytes',
  'bad_url',
] as const
export type GuardRefusal = (typeof guardRefusals)[number]

/** Whether a URL (http or https, canonical or not) may be asked for. */
export type Ask = (url: string) => Promise<'allowed' | GuardRefusal>

export interface GuardRules {
  readonly dial: Dial
  readonly ask: Ask
  /** Answer for one URL without asking anybody: the page itself, which was fetched already. */
  readonly given: {
    readonly url: string
    readonly headers: Readonly<Record<string, string>>
    readonly body: Buffer
  }
  readonly maxRequests: number
  /** Of all bodies on their way, compressed as they are. */
  readonly maxBytes: number
}

export interface GuardReport {
  /** Requests that went out, by host (as URLs write it, with its port). */
  readonly requests: ReadonlyMap<string, number>
  readonly bytes: number
  readonly refused: Readonly<Partial<Record<GuardRefusal, number>>>
}

/** A proxy on this machine for the browser's side of one render. */
export interface Guard {
  /** `http://127.0.0.1:PORT` */
  readonly address: string
  /** How long nothing has been asked for or answered; 0 = something is under way. */
  quietMs(): number
  report(): GuardReport
  /** Ends every connection, to both sides. */
  close(): Promise<void>
}

/** A browser's address is its own, and a proxy's headers are for this hop (RFC 9110 section 7.6.1). */
const hopHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Would have the browser remember something beyond this page, or go another way.
  'alt-svc',
  'clear-site-data',
  'strict-transport-security',
])
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
const pictures: ReadonlySet<string> = new Set(['image', 'font', 'audio', 'video', 'track'])
const maxHeadBytes = 65_536

/**
 * Opens a guard. Whatever the browser wants of the network comes here: plain requests as they are, https inside of a tunnel that ends
 * here too, for which the guard shows a certificate of its own. So every URL is seen, those that a redirect leads to as well, and each is
 * asked about before its connection is dialled by the rules of every other fetch.
 */
export async function openGuard(certificate: GuardCertificate, rules: GuardRules): Promise<Guard> {
  const requests = new Map<string, number>()
  const refused: Partial<Record<GuardRefusal, number>> = {}
  const sockets = new Set<Socket>()
  const over = new AbortController()
  let asked = 0
  let bytes = 0
  let active = 0
  let quietSince = performance.now()

  const agent = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: maxHeadBytes,
    connections: 6,
    connect: ({ hostname, port, protocol }, done) => {
      const tls = protocol === 'https:'
      rules.dial({ hostname, port: port === '' ? (tls ? 443 : 80) : Number(port), tls }).then(
        (socket) => done(null, socket),
        (error) => done(error, null),
      )
    },
  })

  const refuse = (response: ServerResponse, why: GuardRefusal): void => {
    refused[why] = (refused[why] ?? 0) + 1
    // Not a reset: browsers ask again after one.
    if (!response.headersSent) response.writeHead(403, { 'content-length': 0 }).end()
    else response.destroy()
  }

  const carry = async (url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? ''
    if (url.href === rules.given.url && method === 'GET') {
      response.writeHead(200, { ...rules.given.headers, 'content-length': rules.given.body.length })
      response.end(rules.given.body)
      return
    }
    if (!safeMethods.has(method)) return refuse(response, 'method')
    if (isPicture(request.headers)) return refuse(response, 'picture')
    if (asked >= rules.maxRequests) return refuse(response, 'requests')
    asked++
    const answer = await rules.ask(url.href)
    if (answer !== 'allowed') return refuse(response, answer)
    if (bytes >= rules.maxBytes) return refuse(response, 'bytes')
    const host = hostOf(url.href)
    requests.set(host, (requests.get(host) ?? 0) + 1)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const upstream = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: method as 'GET',
      headers: passedOn(request.headers),
      signal: AbortSignal.any([gone.signal, over.signal]),
    })
    response.writeHead(upstream.statusCode, passedOn(upstream.headers))
    const counted = new Transform({
      transform(chunk: Buffer, _, done) {
        bytes += chunk.length
        if (bytes <= rules.maxBytes) return done(null, chunk)
        refused.bytes = (refused.bytes ?? 0) + 1
        done(new Error('the page has had its share of bytes'))
      },
    })
    await pipeline(upstream.body, counted, response)
  }

  const serve = (urlOf: (request: IncomingMessage) => string) => {
    return (request: IncomingMessage, response: ServerResponse): void => {
      const text = urlOf(request)
      const url = URL.canParse(text) ? new URL(text) : null
      if (url === null || url.username !== '' || url.password !== '') {
        refuse(response, 'bad_url')
        return
      }
      active++
      carry(url, request, response)
        .catch((error: unknown) => {
          if (error instanceof DialError && error.reason === 'address_refused')
            return refuse(response, 'address')
          if (response.headersSent) response.destroy()
          else response.writeHead(502, { 'content-length': 0 }).end()
        })
        .finally(() => {
          active--
          quietSince = performance.now()
        })
    }
  }
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    // A browser that is killed resets what it held.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }
  const refuseSocket = (_: IncomingMessage, socket: { destroy(): void }): void => {
    refused.socket = (refused.socket ?? 0) + 1
    socket.destroy()
  }

  const authorities = new WeakMap<object, string>()
  const secure = createServer(serve(({ socket, url }) => `https://${authorities.get(socket) ?? ''}${url}`))
  const plain = createServer(serve(({ url = '' }) => (url.startsWith('http://') ? url : '')))
  const secureContext = createSecureContext(certificate)
  plain.on('connect', (request: IncomingMessage, socket: Socket) => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    const inner = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] })
    authorities.set(inner, request.url ?? '')
    keep(inner)
    // A connection that speaks no TLS in here is for a ws: URL.
    inner.on('error', () => socket.destroy())
    secure.emit('connection', inner)
  })
  plain.on('connection', keep)
  plain.on('upgrade', refuseSocket)
  secure.on('upgrade', refuseSocket)
  await new Promise<void>((resolve, reject) => {
    plain.once('error', reject)
    plain.listen(0, '127.0.0.1', resolve)
  })
  const { port } = plain.address() as AddressInfo

  return {
    address: `http://127.0.0.1:${port}`,
    quietMs: () => (active > 0 ? 0 : performance.now() - quietSince),
    report: () => ({ requests, bytes, refused }),
    close: async () => {
      over.abort()
      const closed = new Promise<void>((resolve) => plain.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await Promise.all([closed, agent.destroy()])
    },
  }
}

/** By what the browser says it is for, which it says to https alone; its Accept says it everywhere else. */
function isPicture(headers: IncomingHttpHeaders): boolean {
  const destination = headers['sec-fetch-dest']
  if (typeof destination === 'string') return pictures.has(destination)
  return /^(?:image|video|audio)\//.test(headers.accept ?? '')
}

type Headers = Record<string, string | string[]>

function passedOn(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const named = new Set(
    [headers.connection ?? ''].flat().flatMap((value) => value.toLowerCase().split(/\s*,\s*/)),
  )
  const passed: Headers = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !hopHeaders.has(name) && !named.has(name)) passed[name] = value
  }
  return passed
}
