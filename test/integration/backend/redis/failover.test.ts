import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectRedis } from '../../../../src/backend/redis/connection.js'
import { redisQueue } from '../../../../src/backend/redis/redis-queue.js'
import { lookAtServer } from '../../../../src/backend/redis/server-look.js'
import { ServerMonitor } from '../../../../src/backend/redis/server-monitor.js'
import { startMovingProxy } from '../../../fixtures/redis/moving-proxy.js'
import { serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

const prefix = 'moved'

/** One connection to a master behind an address that can be moved to its heir, and those that were made of it. */
async function pair() {
  const old = await startRedis()
  onTestFinished(old.close)
  const heir = await startRedis()
  onTestFinished(heir.close)
  const proxy = await startMovingProxy(old.port)
  onTestFinished(proxy.close)
  const master = new Redis(old.url)
  onTestFinished(() => master.disconnect())
  const monitor: ServerMonitor = new ServerMonitor(() => lookAtServer(redis, { prefix, mayAskInfo: true }))
  const redis = connectRedis(proxy.url, () => {}, { monitor })
  onTestFinished(() => redis.disconnect())
  await redis.ping()
  return {
    redis,
    monitor,
    /** The old one takes no more writes, and closes nothing. */
    demote: () => master.replicaof('127.0.0.1', String(heir.port)),
    move: () => proxy.moveTo(heir.port),
  }
}

/** What Node warns of until the test is over. */
function warnings(): Error[] {
  const seen: Error[] = []
  const listen = (warning: Error) => void seen.push(warning)
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  return seen
}

describe.skipIf(serverCommand === null)(
  `a master that becomes a copy${whyNoServer}`,
  { timeout: 60_000 },
  () => {
    it('is dialled anew by who writes, until another one answers, and every call is answered then', async () => {
      const warned = warnings()
      const { redis, monitor, demote, move } = await pair()
      await demote()
      const written = Promise.all(Array.from({ length: 50 }, (_, i) => redis.set(`${prefix}:${i}`, 'x')))
      await expect.poll(() => monitor.state.kind, { timeout: 20_000 }).toBe('read_only')
      expect(monitor.takesWork).toBe(false)
      move()
      expect(new Set(await written)).toEqual(new Set(['OK']))
      await monitor.look()
      expect(monitor.state.kind).toBe('ok')
      expect(warned).toEqual([])
    })

    it('is left by who waits for rings: those of the new master are heard', async () => {
      const { redis, monitor, demote, move } = await pair()
      const queue = redisQueue(redis, { prefix, monitor }, () => {})
      onTestFinished(() => queue.close())
      const heard: string[] = []
      const answering = queue.consume(
        'session',
        1,
        async ({ key }) => {
          heard.push(key)
          return { kind: 'done' }
        },
        () => {},
      )
      onTestFinished(() => answering.close(true))
      await queue.notify('session', 'r', ['before.test'])
      await expect.poll(() => heard, { timeout: 20_000 }).toContain('before.test')
      await demote()
      const rung = queue.notify('session', 'r', ['after.test'])
      await expect.poll(() => monitor.state.kind, { timeout: 20_000 }).toBe('read_only')
      move()
      await rung
      await monitor.look()
      await expect.poll(() => heard, { timeout: 30_000 }).toContain('after.test')
    })
  },
)
