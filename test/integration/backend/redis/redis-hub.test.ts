import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { openRedisHub } from '../../../../src/backend/index.js'
import { createLog } from '../../../../src/run/observe/index.js'

/** A server that knows no command, and repeats what it was told, as Redis does where a command was renamed. */
async function repeatingServer(password: string) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      for (const _ of data.toString().match(/\*\d+\r\n/g) ?? [])
        socket.write(`-ERR unknown command 'AUTH', with args beginning with: '${password}'\r\n`)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

describe('a fleet that cannot be opened', () => {
  it('does not show the password of its URL, nor where the server repeats it', async () => {
    const server = await repeatingServer('hunter2!x')
    const lines: string[] = []
    const log = createLog({ level: 'info', write: (line) => lines.push(line), now: () => 0 })
    try {
      const fleet = await openRedisHub(
        `redis://:hunter2%21x@127.0.0.1:${server.port}/0?sentinelPassword=s3cret`,
        (error) => log({ kind: 'trouble', run: null, key: null, message: error.message }),
      )
      const message = 'message' in fleet ? fleet.message : ''
      expect(message).toContain(`--backend redis://***@127.0.0.1:${server.port}/0?sentinelPassword=***`)
      expect(message).toContain("with args beginning with: '***'")
      expect([message, ...lines].join('\n')).not.toMatch(/hunter2|s3cret/)
    } finally {
      server.close()
    }
  })

  it.each([
    'http://ada:hunter2@h/',
    'redis://:hun/hunter2@h/',
    'redis://h?prefix=a%20b&password=hunter2',
    'ada:hunter2@h',
  ])('because %s is no such URL does not repeat what is secret in it', async (url) => {
    const fleet = await openRedisHub(url, () => {})
    expect(fleet).toEqual({ kind: 'unusable', message: expect.stringContaining('***') })
    expect(JSON.stringify(fleet)).not.toContain('hunter2')
  })
})
