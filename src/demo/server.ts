import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isForbidden } from './host.js'
import type { HostPlan, ImageFile } from './site.js'

export interface ServedImage {
  readonly bytes: Uint8Array
  readonly contentType: string
}

interface WebServer {
  readonly port: number
  /** Requests for paths that robots.txt forbids, so far; a polite crawler leaves it at 0. */
  forbiddenRequests(): number
  close(): Promise<void>
}

/**
 * Serves the hosts on one loopback port; the Host header chooses. `port` 0 = any free one. Rejects where the port is
 * taken. Closes by itself when `signal` aborts.
 */
export async function serve(
  hosts: readonly HostPlan[],
  imageOf: (host: HostPlan, file: ImageFile) => Promise<ServedImage>,
  port: number,
  signal: AbortSignal,
): Promise<WebServer> {
  const byName = new Map(hosts.map((host) => [host.host, host]))
  let forbidden = 0
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    if (isForbidden(path)) forbidden += 1
    answer(byName.get(hostNameIn(request)), path, imageOf, request, response).catch((error: unknown) => {
      // A drawing that cannot be rendered is this web's own fault: a crawler sees the status, a person the text.
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
      response.end(String(error))
    })
  })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const onAbort = () => void close()
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    port: (server.address() as AddressInfo).port,
    forbiddenRequests: () => forbidden,
    close: async () => {
      signal.removeEventListener('abort', onAbort)
      await close()
    },
  }
}

function hostNameIn(request: IncomingMessage): string {
  return (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
}

async function answer(
  host: HostPlan | undefined,
  path: string,
  imageOf: (host: HostPlan, file: ImageFile) => Promise<ServedImage>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (
    status: number,
    contentType: string,
    body: Uint8Array,
    headers: Record<string, string> = {},
  ) => {
    response.writeHead(status, { 'content-type': contentType, 'content-length': body.length, ...headers })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  const text = (status: number, words: string, headers: Record<string, string> = {}) =>
    send(status, 'text/plain; charset=utf-8', Buffer.from(`${words}\n`), headers)
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return text(405, 'Only GET', { allow: 'GET, HEAD' })
  if (host === undefined) return text(404, 'No such host here')
  const page = host.pages.get(path)
  if (page !== undefined) return send(200, page.contentType, page.body)
  const target = host.redirects.get(path)
  if (target !== undefined) return text(301, 'Moved', { location: target })
  const file = host.images.get(path)
  if (file === undefined) return text(404, 'Not found')
  const image = await imageOf(host, file)
  send(200, image.contentType, image.bytes, { 'cache-control': 'max-age=3600' })
}
