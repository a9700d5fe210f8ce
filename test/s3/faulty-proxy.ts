import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What befalls one request. */
export type Fault =
  /** Refused with this status and code, and never seen by the store. */
  | { readonly kind: 'status'; readonly status: number; readonly code: string }
  /** Taken and never answered. */
  | { readonly kind: 'hang' }
  /** The connection is reset before anything is answered. */
  | { readonly kind: 'reset' }
  /** The store gets half of the body, and then nobody gets anything. */
  | { readonly kind: 'cut-request' }
  /** The caller gets half of the answer's body. */
  | { readonly kind: 'cut-answer' }
  /** The store does what it was asked; its answer is lost. */
  | { readonly kind: 'lose-answer' }

export interface ProxiedRequest {
  readonly method: string
  /** Path and query. */
  readonly url: string
}

export interface FaultyProxy {
  readonly endpoint: string
  /** Every request so far, with what befell it (null = nothing). */
  readonly log: readonly { readonly request: ProxiedRequest; readonly fault: Fault['kind'] | null }[]
  /** Decides from now on; null = nothing befalls anybody. */
  meet(decide: ((request: ProxiedRequest) => Fault | null) | null): void
  close(): Promise<void>
}

/** An HTTP proxy before one server that spoils what it is told to. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target)
  const log: { request: ProxiedRequest; fault: Fault['kind'] | null }[] = []
  let decide: ((request: ProxiedRequest) => Fault | null) | null = null
  const server = createServer((asked, answer) => {
    const seen = { method: asked.method ?? '', url: asked.url ?? '' }
    const fault = decide?.(seen) ?? null
    log.push({ request: seen, fault: fault?.kind ?? null })
    // What breaks on the way to a caller or a store that is gone is what this is for.
    asked.on('error', () => {})
    answer.on('error', () => {})
    if (fault?.kind === 'hang') return
    if (fault?.kind === 'reset') return void asked.socket.resetAndDestroy()
    if (fault?.kind === 'status') return void refuse(asked, answer, fault)
    forward(asked, answer, { hostname, port }, fault?.kind ?? null)
  })
  // A body is taken without being asked for: the store behind decides.
  server.on('checkContinue', (asked, answer) => {
    answer.writeContinue()
    server.emit('request', asked, answer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    meet(next) {
      decide = next
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function refuse(
  asked: IncomingMessage,
  answer: ServerResponse,
  { status, code }: { readonly status: number; readonly code: string },
): Promise<void> {
  asked.resume()
  await once(asked, 'close').catch(() => {})
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>spoilt</Message></Error>`
  answer.writeHead(status, { 'content-type': 'application/xml', 'content-length': body.length })
  answer.end(asked.method === 'HEAD' ? '' : body)
}

function forward(
  asked: IncomingMessage,
  answer: ServerResponse,
  target: { readonly hostname: string; readonly port: string },
  fault: 'cut-request' | 'cut-answer' | 'lose-answer' | null,
): void {
  const { expect: _, ...headers } = asked.headers
  const onward = request({ ...target, method: asked.method, path: asked.url, headers, agent: false })
  // Swift sends a body after the head of some answers to HEAD, which is an error after the answer.
  onward.on('error', () => {
    if (!answer.headersSent) asked.socket.destroy()
  })
  const drop = () => {
    onward.destroy()
    asked.socket.destroy()
  }
  if (fault === 'cut-request') {
    const half = Math.floor(Number(asked.headers['content-length'] ?? 0) / 2)
    let sent = 0
    asked.on('data', (bytes: Buffer) => {
      const part = bytes.subarray(0, Math.max(0, half - sent))
      sent += part.length
      onward.write(part, () => {
        if (sent >= half) drop()
      })
    })
    asked.on('end', drop)
    return
  }
  asked.pipe(onward)
  asked.on('close', () => {
    if (!asked.complete) onward.destroy()
  })
  onward.on('response', (found) => {
    found.on('error', () => answer.destroy())
    if (fault === 'lose-answer') {
      found.resume()
      found.on('end', () => asked.socket.destroy())
      return
    }
    answer.writeHead(found.statusCode ?? 502, found.headers)
    if (fault === null) return void found.pipe(answer)
    const half = Math.floor(Number(found.headers['content-length'] ?? 0) / 2)
    let sent = 0
    answer.flushHeaders()
    found.on('data', (bytes: Buffer) => {
      const part = bytes.subarray(0, Math.max(0, half - sent))
      sent += part.length
      answer.write(part, () => {
        if (sent >= half) asked.socket.destroy()
      })
    })
    found.on('end', () => asked.socket.destroy())
  })
}
