import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, type RedisClient } from '../../../../src/backend/redis/connection.js'
import { redisBackend } from '../../../../src/backend/redis/redis-backend.js'
import { type Image, newImage, openDesk } from '../../../contracts/backend/desk.js'
import { keepAll } from '../../../contracts/backend/nearest-rules.js'
import { flipped } from '../../../contracts/backend/phash.js'
import { scripted } from '../../../fixtures/redis/scripted.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

const prefix = 'claims'
/** As many are settled in one script. */
const slice = 64
/** More than stay in the list of those that were claimed last. */
const many = 1_100

describe.skipIf(serverCommand === null)(`images that are kept${whyNoServer}`, { timeout: 120_000 }, () => {
  let server: RedisServer
  let redis: RedisClient
  beforeAll(async () => {
    server = await startRedis()
    redis = connectRedis(server.url, () => {})
  }, 180_000)
  afterAll(async () => {
    redis.disconnect()
    await server.close()
  })

  const newImages = (count: number) => Array.from({ length: count }, () => newImage())

  describe('by a commit that others overtake after it looked', () => {
    /** Commits a batch of one image; others keep images when it has looked. */
    const overtaken = async (image: Image, others: readonly Image[]) => {
      const desk = await openDesk(redisBackend(redis, { prefix }))
      const [batch = ''] = await desk.bring(desk.candidates(1))
      const held = await desk.heldBatch(batch)
      let overtake = async () => {
        overtake = async () => {}
        await keepAll(desk, others)
      }
      const connection = scripted(redis, async (call, number) => {
        if (number > 0) await overtake()
        return call()
      })
      return desk.commitBatch(held, [image], {}, redisBackend(connection, { prefix }))
    }
    const image = newImage()
    const near = { ...newImage(), phash: flipped(image.phash, [5, 44]) }
    const lost = {
      kind: 'committed',
      kept: 0,
      losers: [{ row: 0, reason: 'duplicate_near', duplicateOf: near.sha256 }],
    }

    it('lose to those that were claimed meanwhile', async () => {
      expect(await overtaken(image, [near])).toEqual(lost)
      expect(await overtaken(image, newImages(slice))).toMatchObject({ kind: 'committed', kept: 1 })
    })

    it('are looked up anew where more were claimed meanwhile than are remembered', async () => {
      expect(await overtaken(image, [near, ...newImages(many)])).toEqual(lost)
    })
  })
})
