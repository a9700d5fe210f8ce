import { afterAll, beforeAll, describe, vi } from 'vitest'
import { connectRedis, type RedisClient } from '../../../src/backend/redis/connection.js'
import { rootOf } from '../../../src/backend/redis/keys.js'
import { redisBackend } from '../../../src/backend/redis/redis-backend.js'
import { redisQueue } from '../../../src/backend/redis/redis-queue.js'
import { backendConformance } from '../../contracts/backend/conformance.js'
import { queueConformance } from '../../contracts/backend/queue.js'
import { recount } from '../../fixtures/redis/recount.js'
import { dying } from '../../fixtures/redis/scripted.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'

vi.setConfig({ testTimeout: 120_000 })

const prefix = 'test'
const fail = (error: Error) => {
  throw error
}

describe.skipIf(serverCommand === null)(`Redis${whyNoServer}`, () => {
  let server: RedisServer
  let redis: RedisClient
  beforeAll(async () => {
    server = await startRedis()
    redis = connectRedis(server.url, fail)
  }, 180_000)
  afterAll(async () => {
    await redis.quit()
    await server.close()
  })

  backendConformance('Redis', async () => ({
    backend: redisBackend(redis, { prefix }),
    close: async () => {},
    dying: (calls) => redisBackend(dying(redis, calls), { prefix }),
    recount: (run) => recount(redis, rootOf(prefix), run),
    traces: async () => {
      const counts: Record<string, number> = {}
      for (const key of await redis.keys('*')) {
        const [letter] = /^[a-z](?=\d)/.exec(key.slice(rootOf(prefix).length)) ?? []
        if (letter !== undefined) counts[letter] = (counts[letter] ?? 0) + 1
      }
      return counts
    },
    ageThrottle: async (host, ms) => {
      await redis.hincrby(`${rootOf(prefix)}h:${host}`, 'w', -ms)
    },
  }))

  queueConformance('Redis', async (onError) => redisQueue(redis, { prefix }, onError))
})
