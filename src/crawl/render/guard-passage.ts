import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Agent } from 'undici'
import { type Dial, DialError } from '../../net/index.js'
import { hostOf } from '../../records/index.js'
import type { GuardRefusal, GuardReport, GuardRules } from './guard-rules.js'

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

/** What goes from the browser to the web and back, request by request. */
export class GuardPassage {
  readonly #rules: GuardRules
  readonly #agent: Agent
  readonly #requests = new Map<string, number>()
  readonly #refused: Partial<Record<GuardRefusal, number>> = {}
  readonly #over = new AbortController()
  #asked = 0
  #bytes = 0
  #active = 0
  #quietSince = performance.now()

  constructor(rules: GuardRules) {
    this.#rules = rules
    this.#agent = agentOver(rules.dial)
  }

  quietMs(): number {
    return this.#active > 0 ? 0 : performance.now() - this.#quietSince
  }

  report(): GuardReport {
    return { requests: this.#requests, bytes: this.#bytes, refused: this.#refused }
  }

  countRefusal(why: GuardRefusal): void {
    this.#refused[why] = (this.#refused[why] ?? 0) + 1
  }

  /** Answers one request for `text`, which should be a URL. */
  serve(text: string, request: IncomingMessage, response: ServerResponse): void {
    const url = URL.canParse(text) ? new URL(text) : null
    if (url === null || url.username !== '' || url.password !== '') {
      this.#refuse(response, 'bad_url')
      return
    }
    this.#active++
    this.#carry(url, request, response)
      .catch((error: unknown) => {
        if (error instanceof DialError && error.reason === 'address_refused')
          return this.#refuse(response, 'address')
        if (response.headersSent) response.destroy()
        else response.writeHead(502, { 'content-length': 0 }).end()
      })
      .finally(() => {
        this.#active--
        this.#quietSince = performance.now()
      })
  }

  async close(): Promise<void> {
    this.#over.abort()
    await this.#agent.destroy()
  }

  #refuse(response: ServerResponse, why: GuardRefusal): void {
    this.countRefusal(why)
    // Not a reset: browsers ask again after one.
    if (!response.headersSent) response.writeHead(403, { 'content-length': 0 }).end()
    else response.destroy()
  }

  async #carry(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { given, ask, maxBytes } = this.#rules
    if (url.href === given.url && request.method === 'GET') {
      response.writeHead(200, { ...given.headers, 'content-length': given.body.length })
      response.end(given.body)
      return
    }
    const refusal = this.#refusalBeforeAsking(request)
    if (refusal !== null) return this.#refuse(response, refusal)
    this.#asked++
    const answer = await ask(url.href)
    if (answer !== 'allowed') return this.#refuse(response, answer)
    if (this.#bytes >= maxBytes) return this.#refuse(response, 'bytes')
    const host = hostOf(url.href)
    this.#requests.set(host, (this.#requests.get(host) ?? 0) + 1)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    const upstream = await this.#agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method as 'GET',
      headers: passedOn(request.headers),
      signal: AbortSignal.any([gone.signal, this.#over.signal]),
    })
    response.writeHead(upstream.statusCode, passedOn(upstream.headers))
    await pipeline(upstream.body, this.#counting(maxBytes), response)
  }

  #refusalBeforeAsking({ method = '', headers }: IncomingMessage): GuardRefusal | null {
    if (!safeMethods.has(method)) return 'method'
    if (isPicture(headers)) return 'picture'
    return this.#asked >= this.#rules.maxRequests ? 'requests' : null
  }

  #counting(maxBytes: number): Transform {
    return new Transform({
      transform: (chunk: Buffer, _, done) => {
        this.#bytes += chunk.length
        if (this.#bytes <= maxBytes) return done(null, chunk)
        this.countRefusal('bytes')
        done(new Error('the page has had its share of bytes'))
      },
    })
  }
}

function agentOver(dial: Dial): Agent {
  return new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: maxHeadBytes,
    connections: 6,
    connect: ({ hostname, port, protocol }, done) => {
      const tls = protocol === 'https:'
      dial({ hostname, port: port === '' ? (tls ? 443 : 80) : Number(port), tls }).then(
        (socket) => done(null, socket),
        (error) => done(error, null),
      )
    },
  })
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
