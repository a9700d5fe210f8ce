import type { Dispatcher } from 'undici'
import { DialError } from './dial.js'
import { type Coding, codingsOf, decoded, decodedStart } from './encoding.js'
import {
  type FetchFailed,
  type FetchOutcome,
  type FetchRequest,
  failed,
  type ResponseHead,
} from './outcome.js'
import { joinedField } from './response-head.js'

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Bytes that are still read of an unwanted body, so that its connection can be used again. */
const maxDrainBytes = 64 * 1024
const maxDrainMs = 500
/** Bytes by which a coded body may be longer than its content: headers, checksums, stored blocks. */
const codingSlackBytes = 64 * 1024
const maxTimerMs = 2 ** 31 - 1
const noBytes = new Uint8Array(0)

/**
 * One exchange from request to outcome, as undici's handler. When the outcome is given, the connection is free
 * for the next exchange or its socket destroyed: nothing goes on behind it.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: FetchRequest
  readonly #url: URL
  readonly #resolve: (outcome: FetchOutcome) => void
  readonly #reject: (error: unknown) => void
  readonly #forgetSignal: () => void
  #timer: NodeJS.Timeout
  /** null = not on a connection. */
  #controller: Dispatcher.DispatchController | null = null
  #head: ResponseHead | null = null
  #codings: readonly Coding[] = []
  #chunks: Uint8Array[] = []
  /** Bytes of the body that came over the wire. */
  #received = 0
  /** Wire bytes at which onPrefix is called next; Infinity = not again. */
  #prefixAt: number
  /** Known before the body's end: the rest is read and dropped. null = the body is wanted. */
  #early: FetchOutcome | null = null
  /** Nothing more is read: what came is being decoded. */
  #isRead = false
  #ended = false

  constructor(
    request: FetchRequest,
    url: URL,
    /** Has its argument called when the exchange is cancelled, and returns what takes that back. */
    onCancel: (cancel: () => void) => () => void,
    resolve: (outcome: FetchOutcome) => void,
    reject: (error: unknown) => void,
  ) {
    this.#request = request
    this.#url = url
    this.#resolve = resolve
    this.#reject = reject
    this.#prefixAt = request.onPrefix === undefined ? Number.POSITIVE_INFINITY : 1
    this.#timer = setTimeout(
      () => this.#endEarly(failed('timeout', `not done within ${request.deadlineMs} ms`)),
      Math.min(maxTimerMs, request.deadlineMs),
    )
    this.#forgetSignal = onCancel(() => this.#cut(failed('cancelled', 'the signal was aborted')))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a connection. Throwing drops the request and keeps the connection.
    if (this.#ended) throw new DialError('cancelled', 'given up before it was sent')
    this.#controller = controller
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    fields: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#ended) return
    const head: ResponseHead = { status, headers: joined(fields) }
    this.#head = head
    const early = this.#judgeHead(head)
    if (early !== null) this.#drain(head, early)
    else if (declaredBytes(head) > this.#maxReceived()) this.#tooLarge()
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#ended || this.#isRead) return
    this.#received += chunk.length
    if (this.#early !== null) {
      if (this.#received > maxDrainBytes) this.#cut(this.#early)
    } else if (this.#received > this.#maxReceived()) {
      this.#tooLarge()
    } else {
      this.#chunks.push(chunk)
      if (this.#received >= this.#prefixAt && this.#codings.length === 0) this.#showPrefix()
    }
  }

  onResponseEnd(): void {
    const head = this.#head
    if (this.#ended || head === null) return
    // The connection is no longer this exchange's to destroy.
    this.#controller = null
    const body = this.#gathered()
    if (this.#early !== null) {
      this.#settleFree(this.#early)
    } else if (this.#codings.length === 0 || body.length === 0) {
      this.#settleFree({ kind: 'response', head, body, stopped: false })
    } else {
      this.#decode(head, body, null)
    }
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#ended || this.#isRead) return
    const outcome = outcomeOf(error, this.#head !== null)
    if (outcome.reason === 'body_cut') this.#endEarly(outcome)
    else this.#settle(this.#early ?? outcome)
  }

  /** No more of the body comes, though its head announced more: it is kept where it is whole by itself. */
  #endEarly(failure: FetchFailed): void {
    const head = this.#head
    const body = this.#gathered()
    if (this.#early !== null || this.#isRead || head === null || body.length === 0) {
      this.#cut(failure)
    } else if (this.#codings.length > 0) {
      const controller = this.#controller
      this.#decode(head, body, failure)
      controller?.abort(new DialError('cancelled', 'given up'))
    } else if (this.#isWhole(head, body)) {
      this.#cut({ kind: 'response', head, body, stopped: false })
    } else {
      this.#cut({ ...failure, partial: { head, body } })
    }
  }

  #isWhole(head: ResponseHead, body: Uint8Array): boolean {
    return this.#ask(() => this.#request.isWhole?.(head, body) ?? false) === true
  }

  /** `failure`: why no more of the body came; null = it is all there. A coding that came to its end is whole, whatever was announced. */
  #decode(head: ResponseHead, body: Uint8Array, failure: FetchFailed | null): void {
    this.#isRead = true
    this.#controller = null
    const work = async (): Promise<void> => {
      const { maxBytes } = this.#request
      const plain = await decoded(body, this.#codings, maxBytes)
      const isCut = 'kind' in plain && plain.reason === 'body_cut'
      const start = isCut ? await decodedStart(body, this.#codings, maxBytes) : plain
      const isKept = isCut && !('kind' in start) && this.#isWhole(head, start)
      const given = isKept ? start : plain
      this.#settleDecoded(head, 'kind' in given ? (failure ?? given) : given)
    }
    work().catch(this.#crash)
  }

  /** The outcome where the head alone decides it; null = read the body. */
  #judgeHead(head: ResponseHead): FetchOutcome | null {
    if (redirectStatuses.has(head.status)) {
      const location = locationOf(head, this.#url)
      if (location !== null) return { kind: 'redirect', head, location }
    }
    if (this.#ask(() => this.#request.onHead?.(head) ?? 'read') === 'stop') {
      return { kind: 'response', head, body: noBytes, stopped: true }
    }
    const codings = codingsOf(head.headers['content-encoding'])
    if ('kind' in codings) return codings
    this.#codings = codings
    return null
  }

  #showPrefix(): void {
    const soFar = this.#gathered()
    this.#chunks = [soFar]
    const answer = this.#ask(() => this.#request.onPrefix?.(soFar) ?? 'enough')
    this.#prefixAt = answer === 'more' ? this.#received * 2 : Number.POSITIVE_INFINITY
    if (answer !== 'stop' || this.#head === null) return
    this.#drain(this.#head, { kind: 'response', head: this.#head, body: soFar, stopped: true })
  }

  #settleDecoded(head: ResponseHead, plain: Uint8Array | FetchFailed): void {
    if (this.#ended) return
    if ('kind' in plain) {
      this.#settleFree(plain)
      return
    }
    const { onPrefix } = this.#request
    const stopped = plain.length > 0 && this.#ask(() => onPrefix?.(plain) ?? 'enough') === 'stop'
    this.#settleFree({ kind: 'response', head, body: plain, stopped })
  }

  #maxReceived(): number {
    return this.#request.maxBytes + (this.#codings.length === 0 ? 0 : codingSlackBytes)
  }

  #gathered(): Uint8Array {
    const [first] = this.#chunks
    if (first === undefined) return noBytes
    return this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks, this.#received)
  }

  #tooLarge(): void {
    this.#cut(failed('too_large', `over ${this.#request.maxBytes} bytes`))
  }

  /** Calls a caller's function; what it throws is the caller's bug and rejects the exchange. */
  #ask<T>(question: () => T): T | 'stop' {
    try {
      return question()
    } catch (error) {
      this.#crash(error)
      return 'stop'
    }
  }

  readonly #crash = (error: unknown): void => {
    this.#reject(error)
    this.#cut(failed('cancelled', 'a bug'))
  }

  /** The outcome is known and the rest of the body unwanted: reads a short rest, cuts a long one. */
  #drain(head: ResponseHead, outcome: FetchOutcome): void {
    if (this.#ended) return
    if (declaredBytes(head) - this.#received > maxDrainBytes) {
      this.#cut(outcome)
      return
    }
    this.#early = outcome
    this.#chunks = []
    this.#received = 0
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#cut(outcome), maxDrainMs)
  }

  /**
   * Settles one turn after undici has taken the connection back. Sooner, a caller's next fetch would find it
   * busy and open another.
   */
  #settleFree(outcome: FetchOutcome): void {
    if (this.#ended) return
    this.#end()
    queueMicrotask(() => setImmediate(this.#resolve, outcome))
  }

  #settle(outcome: FetchOutcome): void {
    if (this.#ended) return
    this.#end()
    this.#resolve(outcome)
  }

  /** Settles and destroys the socket, if the exchange has one. */
  #cut(outcome: FetchOutcome): void {
    const controller = this.#controller
    this.#settle(this.#early ?? outcome)
    controller?.abort(new DialError('cancelled', 'given up'))
  }

  #end(): void {
    this.#ended = true
    this.#controller = null
    this.#chunks = []
    clearTimeout(this.#timer)
    this.#forgetSignal()
  }
}

function joined(fields: Record<string, string | string[] | undefined>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined && name !== '__proto__') {
      headers[name] = typeof value === 'string' ? value : joinedField(name, value)
    }
  }
  return headers
}

/** Bytes of the body as Content-Length announces them; 0 = not announced. */
function declaredBytes(head: ResponseHead): number {
  const declared = Number(head.headers['content-length'] ?? 0)
  return Number.isFinite(declared) ? declared : 0
}

/** null = there is none, or it is not an http(s) URL. */
function locationOf(head: ResponseHead, base: URL): string | null {
  const field = head.headers.location?.trim()
  if (field === undefined || field === '') return null
  const text = utf8OrSelf(field)
  if (!URL.canParse(text, base.href)) return null
  const target = new URL(text, base)
  return target.protocol === 'http:' || target.protocol === 'https:' ? target.href : null
}

/** Header values come as latin-1; a Location beyond ASCII is in practice UTF-8. */
function utf8OrSelf(latin1: string): string {
  const utf8 = Buffer.from(latin1, 'latin1').toString('utf8')
  return utf8.includes('\ufffd') ? latin1 : utf8
}

/** `headSeen`: what broke after the head broke the body. */
function outcomeOf(error: Error, headSeen: boolean): FetchFailed {
  if (error instanceof DialError) return failed(error.reason, error.message, error.lasting)
  const code = 'code' in error ? String(error.code) : error.name
  const detail = error.message || code
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED')
    return failed('cancelled', 'the client was closed')
  if (code === 'UND_ERR_INVALID_ARG') return failed('bad_url', detail)
  const isUnparsed = error.name === 'HTTPParserError' || (!headSeen && code === lengthsCode)
  const unparsed = isUnparsed ? ({ unparsed: true } as const) : {}
  if (headSeen) return { ...failed('body_cut', detail), ...unparsed }
  if (isUnparsed || code === 'UND_ERR_HEADERS_OVERFLOW') return { ...failed('headers', detail), ...unparsed }
  return failed(code.startsWith('ERR_SSL_') ? 'tls' : 'connection', detail)
}

/** Before the head is whole, a mismatch of lengths is one between two Content-Length fields. */
const lengthsCode = 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
