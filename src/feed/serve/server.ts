import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Desk, type ServeCounts, type ServeDeps } from './desk.js'
import { lookMs } from './taken-back.js'

export interface FeedServer {
  readonly port: number
  /** Of the first epoch. */
  readonly samples: number
  counts(): ServeCounts
  /** Breaks off what is being sent, and keeps how far it came. */
  close(): Promise<void>
}

const keepEveryMs = 1_000

/** Serves on this machine alone. Throws DatasetUnusable, and where the port cannot be had. */
export async function startFeedServer(port: number, deps: ServeDeps): Promise<FeedServer> {
  const desk = new Desk(deps, await sendBufferBytes())
  const samples = await desk.samples()
  const server = createServer((request, response) => {
    desk.answer(request, response)
  })
  // What the kernel still holds of a tar is known while its connection is open, and no longer.
  server.keepAliveTimeout = 0
  server.on('connection', (socket) => desk.greet(socket))
  await listening(server, port)
  const timers = [
    setInterval(() => void desk.look(), lookMs),
    setInterval(() => void desk.keep(), keepEveryMs),
  ]
  return {
    port: (server.address() as AddressInfo).port,
    samples,
    counts: () => desk.counts(),
    async close() {
      for (const timer of timers) clearInterval(timer)
      desk.end()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
      await desk.keep()
    },
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** What the kernel holds at most of what was written to one connection. */
async function sendBufferBytes(): Promise<number> {
  const usual = 4 << 20
  try {
    const [, , most] = (await readFile('/proc/sys/net/ipv4/tcp_wmem', 'utf8')).trim().split(/\s+/)
    return Math.max(usual, Number(most) || 0)
  } catch {
    // Another system than Linux: none has more unless it is told to.
    return usual
  }
}
