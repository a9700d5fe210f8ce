import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import { ChunkReader } from './chunks.js'
import { type Dial, DialError } from './dial.js'
import type { Exchange } from './exchange.js'
import { type BodyEnd, bodyEndOf, readHead } from './response-head.js'

interface LenientClient {
  /** Asks on a connection of its own, which ends with the exchange. `headers`: names and values by turns. */
  dispatch(url: URL, headers: readonly string[], exchange: Exchange): void
  /** Ends every exchange. */
  close(): void
}

/** Client for servers whose answers no strict parser reads. What may be dialled, and all caps but that of the head, are for `dial` and the exchange to say. */
export function createLenientClient(dial: Dial, maxHeadBytes: number): LenientClient {
  const open = new Set<LenientAnswer>()
  let isClosed = false
  return {
    dispatch: (url, headers, exchange) => {
      const tls = url.protocol === 'https:'
      const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port)
      const answer = new LenientAnswer(exchange, maxHeadBytes, () => open.delete(answer))
      if (isClosed) {
        answer.abort(closed())
        return
      }
      open.add(answer)
      const hostname = url.hostname.replace(/^\[|\]$/g, '')
      dial({ hostname, port, tls }).then(
        (socket) => answer.begin(socket, requestOf(url, headers)),
        (error) => answer.abort(error),
      )
    },
    close: () => {
      isClosed = true
      for (const answer of open) answer.abort(closed())
    },
  }
}

function closed(): DialError {
  return new DialError('cancelled', 'the client was closed')
}

function requestOf({ host, pathname, search }: URL, headers: readonly string[]): string {
  const lines = [`GET ${pathname}${search} HTTP/1.1`, `host: ${host}`, 'connection: close']
  for (let at = 0; at < headers.length; at += 2) {
    // A value that ends its line would be a request of its own.
    lines.push(`${headers[at]}: ${headers[at + 1]?.replace(/[\r\n\0]/g, ' ')}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** Answer on one connection, told to its exchange as undici tells one. */
class LenientAnswer implements Dispatcher.DispatchController {
  readonly #exchange: Exchange
  readonly #maxHeadBytes: number
  readonly #onEnd: () => void
  /** null = not connected. */
  #socket: Socket | null = null
  /** What came of the head, interim ones included; null = it is read. */
  #head: Buffer | null = Buffer.alloc(0)
  #headBytes = 0
  #bodyEnd: BodyEnd = { kind: 'close' }
  #received = 0
  readonly #chunks = new ChunkReader()
  #reason: Error | null = null
  #isOver = false

  constructor(exchange: Exchange, maxHeadBytes: number, onEnd: () => void) {
    this.#exchange = exchange
    this.#maxHeadBytes = maxHeadBytes
    this.#onEnd = onEnd
  }

  get aborted(): boolean {
    return this.#reason !== null
  }

  get paused(): boolean {
    return false
  }

  get reason(): Error | null {
    return this.#reason
  }

  pause(): void {}

  resume(): void {}

  begin(socket: Socket, request: string): void {
    this.#socket = socket
    if (this.#isOver) {
      socket.destroy()
      return
    }
    try {
      this.#exchange.onRequestStart(this)
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)))
      return
    }
    socket.on('data', (bytes: Buffer) => {
      if (!this.#isOver) this.#take(bytes)
    })
    socket.on('error', (error) => this.abort(error))
    socket.on('close', () => this.#closed())
    socket.write(request, 'latin1')
  }

  abort(reason: Error): void {
    this.#reason ??= reason
    this.#over(() => this.#exchange.onResponseError(this, reason))
  }

  #take(bytes: Buffer): void {
    let rest = bytes
    if (this.#head !== null) {
      this.#headBytes += bytes.length
      rest = this.#takeHead(Buffer.concat([this.#head, bytes]))
    }
    if (this.#head === null) this.#takeBody(rest)
  }

  /** Reads heads up to the one that is final; returns what follows it. */
  #takeHead(bytes: Buffer): Buffer {
    let rest = bytes
    while (!this.#isOver) {
      const read = readHead(rest, false)
      if (read === 'more') {
        if (this.#headBytes > this.#maxHeadBytes) this.abort(malformed('a head that is too large'))
        break
      }
      if (read === null || read.bodyAt > this.#maxHeadBytes || read.head.status === 101) {
        this.abort(malformed('no head of a response'))
        break
      }
      const { head, bodyAt } = read
      rest = rest.subarray(bodyAt)
      if (head.status < 200) continue
      const bodyEnd = bodyEndOf(head)
      if (bodyEnd === null) {
        this.abort(malformed('two lengths that disagree'))
        break
      }
      this.#head = null
      this.#bodyEnd = bodyEnd
      this.#exchange.onResponseStart(this, head.status, head.headers)
      return rest
    }
    this.#head = rest
    return rest
  }

  #takeBody(bytes: Buffer): void {
    const end = this.#bodyEnd
    if (end.kind === 'chunks') {
      for (const part of this.#chunks.push(bytes)) this.#give(part)
      if (this.#chunks.isDone) this.#ended()
      else if (this.#chunks.isBroken) this.abort(malformed('a chunk without a length'))
      return
    }
    this.#give(end.kind === 'length' ? bytes.subarray(0, end.bytes - this.#received) : bytes)
    if (end.kind === 'length' && this.#received >= end.bytes) this.#ended()
  }

  #give(part: Buffer): void {
    if (this.#isOver || part.length === 0) return
    this.#received += part.length
    this.#exchange.onResponseData(this, part)
  }

  #closed(): void {
    if (this.#head === null && this.#bodyEnd.kind === 'close') this.#ended()
    else this.abort(new Error('the connection was closed'))
  }

  #ended(): void {
    this.#over(() => this.#exchange.onResponseEnd())
  }

  #over(tell: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onEnd()
    this.#socket?.destroy()
    tell()
  }
}

/** Error by which an exchange knows that the head, or a chunk, could not be read. */
function malformed(message: string): Error {
  return Object.assign(new Error(message), { name: 'HTTPParserError' })
}
