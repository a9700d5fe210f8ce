import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { GuardCertificate } from './certificate.js'
import type { GuardPassage } from './guard-passage.js'

/** The browser's side: a proxy, and the servers behind its tunnels. */
export class GuardListener {
  readonly #passage: GuardPassage
  readonly #secureContext: SecureContext
  readonly #sockets = new Set<Socket>()
  /** Host and port that the tunnel of a connection was asked for. */
  readonly #authorities = new WeakMap<object, string>()
  readonly #plain: Server
  readonly #secure: Server

  constructor(certificate: GuardCertificate, passage: GuardPassage) {
    this.#passage = passage
    this.#secureContext = createSecureContext(certificate)
    const serve = (urlOf: (request: IncomingMessage) => string) =>
      createServer((request, response) => passage.serve(urlOf(request), request, response))
    this.#secure = serve(({ socket, url }) => `https://${this.#authorities.get(socket) ?? ''}${url}`)
    this.#plain = serve(({ url = '' }) => (url.startsWith('http://') ? url : ''))
    this.#plain.on('connect', (request: IncomingMessage, socket: Socket) => this.#tunnel(request, socket))
    this.#plain.on('connection', (socket: Socket) => this.#keep(socket))
    for (const server of [this.#plain, this.#secure]) {
      server.on('upgrade', (_, socket) => this.#refuseSocket(socket))
    }
  }

  /** Its address, `http://127.0.0.1:PORT`. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#plain.once('error', reject)
      this.#plain.listen(0, '127.0.0.1', resolve)
    })
    const { port } = this.#plain.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#plain.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    // A browser that is killed resets what it held.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #refuseSocket(socket: { destroy(): void }): void {
    this.#passage.countRefusal('socket')
    socket.destroy()
  }

  #tunnel(request: IncomingMessage, socket: Socket): void {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    const secureContext = this.#secureContext
    const inner = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] })
    this.#authorities.set(inner, request.url ?? '')
    this.#keep(inner)
    // A connection that speaks no TLS in here is for a ws: URL.
    inner.on('error', () => socket.destroy())
    this.#secure.emit('connection', inner)
  }
}
