import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HubServer {
  readonly url: string
  /** Every request, in order: `path` or `path bytes=N-`. */
  readonly requests: readonly string[]
  close(): Promise<void>
}

/** What the next request for a path gets instead of the file; used up from the front. */
export type Mishap =
  | { readonly kind: 'status'; readonly status: number }
  /** The connection is cut after so many bytes. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** After so many bytes nothing more comes. */
  | { readonly kind: 'stall'; readonly afterBytes: number }
  /** Ranges are not honoured. */
  | { readonly kind: 'whole' }

/** A hub on this machine that serves `files` with ranges, unless a mishap is due. */
export async function startHub(
  files: Record<string, Uint8Array>,
  mishaps: Record<string, Mishap[]> = {},
  onRequest: (request: IncomingMessage) => void = () => undefined,
): Promise<HubServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    requests.push([path, request.headers.range].filter((part) => part !== undefined).join(' '))
    onRequest(request)
    serve(files[path], mishaps[path]?.shift(), request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function serve(
  file: Uint8Array | undefined,
  mishap: Mishap | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (mishap?.kind === 'status') return void response.writeHead(mishap.status).end()
  if (file === undefined) return void response.writeHead(404).end()
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1]
  const from = mishap?.kind === 'whole' ? 0 : Number(asked ?? 0)
  if (from >= file.length)
    return void response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end()
  const range = { 'content-range': `bytes ${from}-${file.length - 1}/${file.length}` }
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': file.length - from,
    ...(from > 0 ? range : {}),
  })
  if (mishap?.kind === 'cut') {
    response.write(file.subarray(from, from + mishap.afterBytes), () => response.destroy())
  } else if (mishap?.kind === 'stall') {
    response.write(file.subarray(from, from + mishap.afterBytes))
  } else {
    response.end(file.subarray(from))
  }
}
