import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { behaviours } from './behaviours.js'

/** One request as it arrived. */
export interface Seen {
  /** Host header, with port. */
  host: string
  /** Path and query. */
  path: string
  headers: NodeJS.Dict<string | string[]>
  /** performance.now() at its arrival. */
  timeMs: number
  /** 1 for the first connection that the web accepted, and so on. */
  connection: number
}

/** What a behaviour is given to misbehave with. */
export interface Scene {
  request: IncomingMessage
  response: ServerResponse
  url: URL
  /** The path's segments after the behaviour's name. */
  args: string[]
  /** How often this exact host and path was asked for before. */
  before: number
}

export type Behaviour = (scene: Scene) => void

/** A page of a test's own; a string is served as text/html. */
export type OwnPage =
  | string
  | { status?: number; headers?: Record<string, string>; body?: string | Uint8Array }

export interface MischiefOptions {
  /** Default 127.0.0.1. */
  address?: string
  /** Asked first for every request; undefined = the behaviour that the path names, else 404. */
  pages?: (host: string, path: string) => OwnPage | undefined
}

export interface Mischief {
  port: number
  /** `http://ADDRESS:PORT`, without a slash at its end. */
  origin: string
  seen: Seen[]
  /** Requests of one path, whatever their host. */
  seenOf(path: string): Seen[]
  /** Connections accepted so far. */
  connections(): number
  /** Sockets open now. */
  openSockets(): number
  /** Resolves when no more than `count` sockets are open. Never, if that never comes: give tests a timeout. */
  socketsDownTo(count: number): Promise<void>
  /** Ends every socket and stops listening. */
  close(): Promise<void>
}

/**
 * A web on 127.0.0.1 that misbehaves on demand: the first segment of a path names the behaviour (see
 * behaviours.ts), the others and the query tune it.
 */
export async function startMischief(options: MischiefOptions = {}): Promise<Mischief> {
  const seen: Seen[] = []
  const counts = new Map<string, number>()
  const open = new Map<Socket, number>()
  const waiting = new Set<() => void>()
  let accepted = 0

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const host = request.headers.host ?? ''
    const path = request.url ?? '/'
    seen.push({
      host,
      path,
      headers: request.headers,
      timeMs: performance.now(),
      connection: open.get(request.socket) ?? 0,
    })
    const before = counts.get(host + path) ?? 0
    counts.set(host + path, before + 1)
    const page = options.pages?.(host, path)
    if (page !== undefined) {
      servePage(response, page)
      return
    }
    const url = new URL(path, 'http://mischief.test')
    const [name = '', ...args] = url.pathname.slice(1).split('/')
    const behaviour = behaviours[name]
    if (behaviour !== undefined) behaviour({ request, response, url, args, before })
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('no such page')
  })
  server.on('connection', (socket) => {
    accepted += 1
    open.set(socket, accepted)
    // A client that resets its connection is one of the things that happen here.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      open.delete(socket)
      for (const check of waiting) check()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, options.address ?? '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo

  return {
    port,
    origin: `http://${options.address ?? '127.0.0.1'}:${port}`,
    seen,
    seenOf: (path) => seen.filter((one) => one.path === path),
    connections: () => accepted,
    openSockets: () => open.size,
    socketsDownTo: (count) =>
      new Promise((resolve) => {
        const check = () => {
          if (open.size > count) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open.keys()) socket.destroy()
      }),
  }
}

function servePage(response: ServerResponse, page: OwnPage): void {
  const { status = 200, headers = {}, body = '' } = typeof page === 'string' ? { body: page } : page
  const bytes = Buffer.from(body)
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': bytes.length,
    ...headers,
  })
  response.end(bytes)
}
