import { validateHeaderValue } from 'node:http'
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls'
import { Agent } from 'undici'
import type { ConnectTo } from '../records/index.js'
import { type Cidr, parseCidr } from './address.js'
import { createDialer, type Dial } from './dial.js'
import { acceptEncoding } from './encoding.js'
import { Exchange } from './exchange.js'
import { createLenientClient } from './lenient-client.js'
import { sharedOnAbort } from './on-abort.js'
import { type Fetch, type FetchOutcome, type FetchRequest, failed } from './outcome.js'
import { placeOf } from './place.js'
import { cachedResolve, type Resolve, systemResolve } from './resolve.js'

export interface NetOptions {
  /** Sent with every request as it is. */
  readonly userAgent: string
  /** First match decides; empty = connections go where the URL says. */
  readonly connectTo: readonly ConnectTo[]
  /** Networks (CIDR) that may be dialled although they are not public, e.g. `127.0.0.0/8`. */
  readonly allowPrivate: readonly string[]
  /** For name, connection and TLS handshake together; at least 1. Default 10,000. */
  readonly connectTimeoutMs?: number
  /** How long an idle connection is kept, unless its server names less. Default 10,000. */
  readonly keepAliveMs?: number
  /** Largest head of a response. Default 65,536. */
  readonly maxHeadBytes?: number
  /** Certificates (PEM) to trust beside Node's own. */
  readonly extraCa?: readonly string[]
  /** In place of the system's resolver; its answers are checked and kept like the system's. */
  readonly resolve?: Resolve
  /** Clock by which resolved names are kept, in milliseconds. Default Date.now. */
  readonly now?: () => number
}

export interface Net {
  readonly fetch: Fetch
  /**
   * Name for the machines behind a host (as URLs write it, with its port): its public address, or its network of IPv6. The
   * same for all hosts served from there. null = it has no public address, or connections for it are sent elsewhere.
   */
  readonly placeOf: (host: string) => Promise<string | null>
  /** Opens a connection as fetches do, by the same rules. It is the caller's to close. */
  readonly dial: Dial
  /** Ends every exchange (`cancelled`) and every socket. */
  close(): Promise<void>
}

/**
 * One client for pages, robots.txt and images: one connection per exchange at a time, kept and used again. An answer that is not as HTTP
 * has it is asked for once more at once, on a connection of its own that a lenient reader reads; its origin's next ones come so at first.
 * How many exchanges run at once is the caller's matter. Throws where an option cannot be used.
 *
 * An exchange that is given up while its connection is still being opened leaves that connection to the next
 * one; it is opened within connectTimeoutMs or not at all.
 */
export function createNet(options: NetOptions): Net {
  validateHeaderValue('user-agent', options.userAgent)
  const resolve = cachedResolve(options.resolve ?? systemResolve(), options.now ?? Date.now)
  const dialer = createDialer({
    connectTo: options.connectTo,
    allowPrivate: options.allowPrivate.map(cidrOf),
    resolve,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    secureContext: once(() => createSecureContext(caOption(options.extraCa ?? []))),
  })
  const maxHeadBytes = options.maxHeadBytes ?? 65_536
  const agent = new Agent({
    // The deadline of each exchange bounds head and body alike.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: options.keepAliveMs ?? 10_000,
    keepAliveMaxTimeout: options.keepAliveMs ?? 10_000,
    maxHeaderSize: maxHeadBytes,
    connect: ({ hostname, port, protocol }, done) => {
      const tls = protocol === 'https:'
      dialer.dial({ hostname, port: port === '' ? (tls ? 443 : 80) : Number(port), tls }).then(
        (socket) => done(null, socket),
        (error) => done(error, null),
      )
    },
  })
  const lenient = createLenientClient(dialer.dial, maxHeadBytes)
  const onAbort = sharedOnAbort()
  /** Origins whose answers the strict client could not read. */
  const careless = new Set<string>()

  const fetch: Fetch = async (request, signal) => {
    const url = usableUrl(request.url)
    if (url === null) return failed('bad_url', 'not an absolute http(s) URL without credentials')
    const headers = headersOf(request, options.userAgent)
    const exchanged = async (deadlineMs: number, send: (exchange: Exchange) => void) => {
      if (signal.aborted) return failed('cancelled', 'the signal was aborted')
      return new Promise<FetchOutcome>((resolve, reject) => {
        const own = { ...request, deadlineMs }
        send(new Exchange(own, url, (cancel) => onAbort(signal, cancel), resolve, reject))
      })
    }
    const startedAt = performance.now()
    if (!careless.has(url.origin)) {
      const outcome = await exchanged(request.deadlineMs, (exchange) => {
        agent.dispatch(
          { origin: url.origin, path: url.pathname + url.search, method: 'GET', headers: [...headers] },
          exchange,
        )
      })
      if (outcome.kind !== 'failed' || outcome.unparsed !== true) return outcome
      rememberAmong(careless, url.origin)
      // Behind a head that was read the caller knows what came, and decides on another try.
      if (outcome.reason !== 'headers') return outcome
    }
    const leftMs = Math.max(1, request.deadlineMs - (performance.now() - startedAt))
    return exchanged(leftMs, (exchange) => lenient.dispatch(url, headers, exchange))
  }

  return {
    fetch,
    placeOf: (host) => placeOf(host, options.connectTo, resolve),
    dial: dialer.dial,
    close: async () => {
      dialer.close()
      lenient.close()
      await agent.destroy()
    },
  }
}

/** Names and values by turns. */
function headersOf(
  { accept, acceptLanguage, cookie, range }: FetchRequest,
  userAgent: string,
): readonly string[] {
  return [
    ...['user-agent', userAgent],
    ...['accept-encoding', range === undefined ? acceptEncoding : 'identity'],
    ...['accept', accept],
    ...(range === undefined ? [] : ['range', `bytes=${range.first}-${range.last}`]),
    ...(acceptLanguage === undefined ? [] : ['accept-language', acceptLanguage]),
    ...(cookie === undefined ? [] : ['cookie', cookie]),
  ]
}

const maxRemembered = 1_000

function rememberAmong(origins: Set<string>, origin: string): void {
  const [oldest] = origins
  if (origins.size >= maxRemembered && oldest !== undefined) origins.delete(oldest)
  origins.add(origin)
}

function usableUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
  return isWeb && url.username === '' && url.password === '' && url.port !== '0' ? url : null
}

function cidrOf(text: string): Cidr {
  const cidr = parseCidr(text)
  if ('error' in cidr) throw new RangeError(`allowPrivate: ${cidr.error}`)
  return cidr
}

function caOption(extra: readonly string[]): { ca?: string[] } {
  return extra.length === 0 ? {} : { ca: [...rootCertificates, ...extra] }
}

function once(make: () => SecureContext): () => SecureContext {
  let made: SecureContext | null = null
  return () => {
    made ??= make()
    return made
  }
}
