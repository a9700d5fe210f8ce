import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { cache } from './places.js'

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address())
  probe.close()
  await once(probe, 'close')
  return port
}

/** A server with its log of writes on, as a fleet has it; null = there is none on this machine. */
export async function startServer() {
  const folder = mkdtempSync(join(cache, 'redis-'))
  const port = await freePort()
  const settings = [
    '--port',
    port,
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--appendonly',
    'yes',
    '--save',
    '',
  ]
  const child = spawn('redis-server', settings.map(String), { stdio: 'ignore' })
  const failed = new Promise((resolve) => child.once('error', () => resolve(null)))
  const close = async () => {
    const ended = child.pid === undefined || child.exitCode !== null ? null : once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  const ready = async () => {
    for (let tries = 0; tries < 200; tries += 1) {
      const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => null, maxRetriesPerRequest: 0 })
      redis.on('error', () => {})
      const answer = await redis.ping().catch(() => null)
      redis.disconnect()
      if (answer === 'PONG') return port
      await sleep(50)
    }
    throw new Error('redis-server does not answer')
  }
  const found = await Promise.race([ready(), failed])
  if (found !== null) return { url: `redis://127.0.0.1:${port}`, close }
  await close()
  return null
}
