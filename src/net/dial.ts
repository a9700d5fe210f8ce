import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls'
import { type ConnectTo, type Endpoint, routed } from '../records/index.js'
import { addressVerdict, type Cidr } from './address.js'
import type { FetchFailure } from './outcome.js'
import type { Address, Resolve, Unresolved } from './resolve.js'

export type DialFailure = Extract<
  FetchFailure,
  'address_refused' | 'dns' | 'connection' | 'tls' | 'timeout' | 'cancelled'
>

/** Why no connection came about. An error, not a value, because undici's connector hands on errors only. */
export class DialError extends Error {
  readonly code = 'DIAL'
  constructor(
    readonly reason: DialFailure,
    message: string,
    /** Dialling again would fail in the same way. */
    readonly lasting = false,
  ) {
    super(message)
    this.name = 'DialError'
  }
}

interface DialOptions {
  readonly connectTo: readonly ConnectTo[]
  readonly allowPrivate: readonly Cidr[]
  readonly resolve: Resolve
  /** For name, connection and handshake together. */
  readonly connectTimeoutMs: number
  /** Made on the first https connection and shared by all: reading the root certificates takes milliseconds. */
  readonly secureContext: () => SecureContext
}

/** Wanted connection, as the URL has it; `hostname` without brackets. */
interface DialRequest {
  readonly hostname: string
  readonly port: number
  readonly tls: boolean
}

/** Opens a connection to a checked address; rejects with a DialError. */
export type Dial = (request: DialRequest) => Promise<Socket>

interface Dialer {
  readonly dial: Dial
  /** Ends all that is still being opened. */
  close(): void
}

/** Before the next address of a host is tried beside a silent one; Node's own 250 ms is too short for far hosts. */
const nextAddressAfterMs = 2500

export function createDialer(options: DialOptions): Dialer {
  const opening = new Set<(error: DialError) => void>()
  return {
    dial: (request) =>
      new Promise((resolve, reject) => {
        let socket: Socket | null = null
        let settled = false
        const settle = (error: DialError | null): void => {
          if (settled) return
          settled = true
          clearTimeout(timer)
          opening.delete(settle)
          if (error === null && socket !== null) {
            resolve(socket)
            return
          }
          socket?.destroy()
          reject(error)
        }
        const timer = setTimeout(
          () => settle(new DialError('timeout', `no connection within ${options.connectTimeoutMs} ms`)),
          options.connectTimeoutMs,
        )
        opening.add(settle)
        const endpoint = routed(options.connectTo, { host: request.hostname, port: request.port })
        checkedAddresses(options, endpoint).then((addresses) => {
          if (settled) return
          if (addresses instanceof DialError) return settle(addresses)
          const use = (next: Socket): void => {
            socket = next
          }
          openTcp(options, endpoint, addresses, use, (error) => {
            if (error !== null || !request.tls || socket === null) return settle(error)
            openTls(options, request, socket, use, settle)
          })
        }, reject)
      }),
    close: () => {
      for (const settle of opening) settle(new DialError('cancelled', 'the client was closed'))
    },
  }
}

/** The addresses of an endpoint that may be dialled, in order, at least one. */
async function checkedAddresses(
  options: DialOptions,
  endpoint: Endpoint,
): Promise<readonly Address[] | DialError> {
  const family = isIP(endpoint.host)
  const found: readonly Address[] | Unresolved =
    family === 0
      ? await options.resolve(endpoint.host)
      : [{ address: endpoint.host, family: family === 6 ? 6 : 4 }]
  if ('error' in found) return new DialError('dns', found.error, found.noSuchName === true)
  let refused: DialError | null = null
  const addresses = found.filter(({ address }) => {
    const verdict = addressVerdict(address, options.allowPrivate)
    if (!verdict.allowed) refused ??= refusal(endpoint.host, address, verdict.range)
    return verdict.allowed
  })
  return addresses.length > 0
    ? addresses
    : (refused ?? new DialError('dns', `${endpoint.host} has no address`))
}

function refusal(host: string, address: string, range: string): DialError {
  const what = host === address ? address : `${host} (${address})`
  return new DialError('address_refused', `${what} is not a public address: ${range}`)
}

function openTcp(
  options: DialOptions,
  endpoint: Endpoint,
  addresses: readonly Address[],
  use: (socket: Socket) => void,
  done: (error: DialError | null) => void,
): void {
  const [first] = addresses
  const single = addresses.length === 1 && first !== undefined
  // No name is resolved again here: what was checked is what is dialled.
  const lookup: LookupFunction = (_host, { all }, found) => {
    if (all === true) found(null, [...addresses])
    else found(null, first?.address ?? '', first?.family)
  }
  const socket = connectTcp({
    host: single ? first.address : endpoint.host,
    port: endpoint.port,
    lookup,
    autoSelectFamily: !single,
    autoSelectFamilyAttemptTimeout: nextAddressAfterMs,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  })
  use(socket)
  // Stays for the socket's life: an error between this and the next owner's listener must not end the process.
  socket.on('error', (error) => done(new DialError('connection', error.message || codeOf(error))))
  socket.once('connect', () => {
    const { remoteAddress } = socket
    // The kernel's own word on where this connection goes.
    const verdict = addressVerdict(remoteAddress ?? '', options.allowPrivate)
    if (verdict.allowed) return done(null)
    done(refusal(endpoint.host, remoteAddress ?? 'unknown', verdict.range))
  })
}

function openTls(
  options: DialOptions,
  request: DialRequest,
  plain: Socket,
  use: (socket: Socket) => void,
  done: (error: DialError | null) => void,
): void {
  const name = request.hostname.replace(/\.$/, '')
  const secure: TLSSocket = connectTls({
    socket: plain,
    // The certificate must be the URL's host's, wherever the connection was sent.
    host: name,
    // RFC 6066 section 3: no IP addresses, no trailing dot.
    servername: isIP(name) === 0 ? name : '',
    ALPNProtocols: ['http/1.1'],
    secureContext: options.secureContext(),
  })
  use(secure)
  secure.on('error', (error) => {
    const reason = connectionCodes.has(codeOf(error)) ? 'connection' : 'tls'
    done(new DialError(reason, error.message || codeOf(error)))
  })
  secure.once('secureConnect', () => done(null))
}

const connectionCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED'])

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name
}
