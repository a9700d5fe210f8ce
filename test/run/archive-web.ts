import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface ArchiveWeb {
  readonly port: number
  /** `/path` of every request, with the first byte that it asks for. */
  readonly asked: readonly (readonly [path: string, first: number])[]
  /** The words that bring the program here for the host `archive.test`. */
  readonly words: readonly string[]
  put(path: string, bytes: Buffer): void
  /** Decides what becomes of a request, before it is answered as usual. True = it was answered. */
  before(answer: (path: string, first: number, response: ServerResponse) => boolean): void
  /** Sends at most so many bytes on one connection, and then breaks it off. */
  cutAfter(bytes: number): void
  /** Gives no byte of a file from this one on, and tells when one is asked for. Holds until `release`. */
  holdFrom(path: string, byte: number): { readonly reached: Promise<void>; release(): void }
  close(): Promise<void>
}

/** Serves files in parts, as a store of archives does, with the faults that such servers have. */
export async function startArchiveWeb(): Promise<ArchiveWeb> {
  const files = new Map<string, Buffer>()
  const asked: (readonly [string, number])[] = []
  let answerFirst: Parameters<ArchiveWeb['before']>[0] = () => false
  let most = Number.POSITIVE_INFINITY
  let hold: { readonly path: string; readonly byte: number; readonly reached: () => void } | null = null
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? ''
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const first = Number(from ?? 0)
    asked.push([path, first])
    if (answerFirst(path, first, response)) return
    const bytes = files.get(path)
    if (bytes === undefined) {
      response.writeHead(404).end()
      return
    }
    if (first >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
      return
    }
    const mayGive = hold?.path === path ? hold.byte - first : Number.POSITIVE_INFINITY
    if (mayGive <= 0) {
      hold?.reached()
      return
    }
    const part = bytes.subarray(first, to === undefined ? undefined : Number(to) + 1)
    response.writeHead(206, {
      'content-range': `bytes ${first}-${first + part.length - 1}/${bytes.length}`,
      'content-length': part.length,
      etag: `"${bytes.length}"`,
    })
    const given = Math.min(most, mayGive)
    if (part.length <= given) response.end(part)
    else response.write(part.subarray(0, given), () => response.destroy())
  }
  const server = createServer(answer)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    port,
    asked,
    words: ['--connect-to', `archive.test:80:127.0.0.1:${port}`],
    put: (path, bytes) => void files.set(path, bytes),
    before: (decide) => {
      answerFirst = decide
    },
    cutAfter: (bytes) => {
      most = bytes
    },
    holdFrom: (path, byte) => {
      let reach = () => {}
      const reached = new Promise<void>((done) => {
        reach = done
      })
      hold = { path, byte, reached: reach }
      return {
        reached,
        release: () => {
          hold = null
        },
      }
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}
