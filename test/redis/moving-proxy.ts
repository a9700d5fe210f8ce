import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A port that leads to a server, and later to another one, as that of a managed Redis does in a failover. */
export interface MovingProxy {
  readonly url: string
  /** New connections lead there; those that are open stay where they are. */
  moveTo(port: number): void
  close(): Promise<void>
}

export async function startMovingProxy(port: number): Promise<MovingProxy> {
  let target = port
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `redis://127.0.0.1:${address.port}`,
    moveTo: (to) => {
      target = to
    },
    close: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
