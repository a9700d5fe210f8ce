import { describe, expect, test } from 'vitest'
import { connectRedis } from '../../../src/backend/redis/connection.js'
import { checkServer } from '../../../src/backend/redis/server-check.js'
import { compose, manifests } from '../../fixtures/infra/manifests.js'
import { serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'

describe('Redis', () => {
  const inCompose: string[] = compose.services.redis.command
  const { PAIRMILL_BACKEND } = compose.services.crawl.environment
  const { password } = new URL(PAIRMILL_BACKEND)
  const inKubernetes: string[] = manifests
    .find(({ kind }) => kind === 'StatefulSet')
    .spec.template.spec.containers[0].args.map((arg: string) => arg.replace('$(REDISCLI_AUTH)', password))

  test('is set alike in compose and in Kubernetes', () => {
    expect(inKubernetes).toEqual(inCompose)
  })

  test.skipIf(serverCommand === null)(
    `starts with these settings, and nothing is to be said against them${whyNoServer}`,
    async () => {
      const [command, ...settings] = inCompose
      expect(command).toBe('redis-server')
      const redisServer = await startRedis(...settings)
      expect(new URL(redisServer.url).password).toBe(password)
      const redis = connectRedis(redisServer.url, (error) => {
        throw error
      })
      const check = await checkServer(redis, { prefix: 'infra' })
      await redis.quit()
      await redisServer.close()
      expect(check).toEqual({ problems: [], warnings: [] })
    },
    120_000,
  )
})
