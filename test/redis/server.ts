import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'

const has = (command: string): boolean => {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore', timeout: 10_000 })
    return true
  } catch {
    return false
  }
}

/** null = there is none here. */
export const serverCommand = ['redis-server', 'valkey-server'].find(has) ?? null
/** For the titles of tests that need one. */
export const whyNoServer = serverCommand === null ? ' (skipped: redis-server is not installed)' : ''

export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly folder: string
  /** SIGSTOP: it answers nothing and closes nothing. */
  pause(): void
  resume(): void
  /** kill -9. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Cuts the end of the log of writes off, as a power cut does. The server must be dead. */
  cutLog(bytes: number): void
  close(): Promise<void>
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A server of its own, with a folder of its own and its log of writes on, as a fleet would have it. */
export async function startRedis(...settings: string[]): Promise<RedisServer> {
  if (serverCommand === null) throw new Error('there is no redis-server')
  const command = serverCommand
  const folder = mkdtempSync(join(tmpdir(), 'pairmill-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes']
  let child: ChildProcess | null = null

  const start = async () => {
    child = spawn(command, [...args, '--save', '', ...settings], { stdio: 'ignore' })
    await untilReady(port, child)
  }
  const stop = async (signal: NodeJS.Signals) => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill(signal)
    await ended
    child = null
  }
  try {
    await start()
  } catch (error) {
    await stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    folder,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    kill: () => stop('SIGKILL'),
    start,
    cutLog: (bytes) => {
      const log = logOf(folder)
      truncateSync(log, Math.max(statSync(log).size - bytes, 0))
    },
    close: async () => {
      await stop('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Redis 7 writes into appendonlydir, older ones into the folder itself. */
function logOf(folder: string): string {
  const inFolder = join(folder, 'appendonlydir')
  if (!existsSync(inFolder)) return join(folder, 'appendonly.aof')
  const name = readdirSync(inFolder).find((file) => file.endsWith('.incr.aof'))
  if (name === undefined) throw new Error('there is no log of writes')
  return join(inFolder, name)
}

/** Until it answers PING: it has read its log of writes then. */
async function untilReady(port: number, child: ChildProcess): Promise<void> {
  const redis = new Redis(port, '127.0.0.1', {
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
  })
  redis.on('error', () => {})
  try {
    const deadline = Date.now() + 30_000
    for (;;) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`)
      const answer = await redis
        .connect()
        .then(() => redis.ping())
        .catch(() => null)
      if (answer === 'PONG') return
      if (Date.now() > deadline) throw new Error('redis-server does not answer')
      redis.disconnect()
      await setTimeout(20)
    }
  } finally {
    redis.disconnect()
  }
}
