import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend } from '../../../../src/backend/backend.js'
import { connectRedis, type RedisClient } from '../../../../src/backend/redis/connection.js'
import { redisBackend } from '../../../../src/backend/redis/redis-backend.js'
import { claimRules } from '../../../contracts/backend/conformance.js'
import { type Image, newImage, openDesk } from '../../../contracts/backend/desk.js'
import { expectNearest, keepAll } from '../../../contracts/backend/nearest-rules.js'
import { flipped } from '../../../contracts/backend/phash.js'
import { dying, scripted } from '../../../fixtures/redis/scripted.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

const prefix = 'claims'
const batchSize = 128
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

  const runKey = async (run: string) => `{${prefix}}:r${await redis.hget(`{${prefix}}:runs`, run)}`
  const keysOf = async (run: string, what: string) => {
    const no = await redis.hget(`{${prefix}}:runs`, run)
    return (await redis.keys(`{${prefix}}:g${no}:*`)).filter((key) => new RegExp(`:${what}$`).test(key))
      .length
  }
  const bandsOf = (run: string) => keysOf(run, '[0-3][0-9a-f]{4}')
  const chunksOf = (run: string) => keysOf(run, 'p[0-9]+')
  const newImages = (count: number) => Array.from({ length: count }, () => newImage())

  describe('looked for by chunks alone', () => {
    /** Its runs are past the move from their first image on. */
    const moved = (connection: RedisClient): Backend => {
      const backend = redisBackend(connection, { prefix })
      const openRun: Backend['openRun'] = async (run, ...rest) => {
        const opened = await backend.openRun(run, ...rest)
        const moved = { bands_last: 0, bands_at: 2 * 65_536, bands_done: 0 }
        if (opened.created) await redis.hset(await runKey(run), moved)
        return opened
      }
      return { ...backend, openRun }
    }
    claimRules(
      (limits, run) => openDesk(moved(redis), limits, run),
      (calls) => moved(dying(redis, calls)),
    )

    it('lie in no band, and in ten places of small hashes', async () => {
      const desk = await openDesk(moved(redis))
      await keepAll(desk, newImages(many))
      expect(await bandsOf(desk.run)).toBe(0)
      const keys = await redis.keys(`{${prefix}}:g${(await runKey(desk.run)).split(':r')[1]}:p*`)
      const sizes = await Promise.all(keys.map((key) => redis.hlen(key)))
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(9.9 * many)
      expect(Math.max(...sizes)).toBeLessThan(200)
      expect(new Set(await Promise.all(keys.map((key) => redis.object('ENCODING', key))))).toEqual(
        new Set(['listpack']),
      )
    })
  })

  describe('of a run that moves from bands to chunks', () => {
    const mark = 600

    it('are found at each step, while others are kept; afterwards no band is left', async () => {
      const backend = redisBackend(redis, { prefix, chunksFrom: mark })
      const desk = await openDesk(backend)
      const { run } = desk
      const kept: Image[] = []
      const seen = new Set<string>()
      for (
        let at = -1;
        at < 2 * 65_536;
        at = Number((await redis.hget(await runKey(run), 'bands_at')) ?? -1)
      ) {
        const images = newImages(batchSize)
        const strangers = images.slice(1)
        const [old] = kept.slice(-1)
        if (old !== undefined) images[0] = { ...newImage(), phash: flipped(old.phash, [1, 30, 62]) }
        const { committed } = await desk.batchOf(images)
        expect(committed).toMatchObject({
          kind: 'committed',
          kept: old === undefined ? batchSize : batchSize - 1,
        })
        kept.push(...(old === undefined ? images : strangers))
        await expectNearest(desk, kept, [...kept.slice(0, 8), ...kept.slice(-8), kept[mark] ?? kept[0]!])
        seen.add(at < 0 ? 'bands' : at < 65_536 ? 'copying' : 'freeing')
      }
      expect(seen).toEqual(new Set(['bands', 'copying', 'freeing']))
      expect(kept.length).toBeGreaterThan(mark)
      expect(await bandsOf(run)).toBe(0)
      await expectNearest(desk, kept, kept)
    })

    it('are all found where several processes commit at once', async () => {
      const open = (run?: string) => openDesk(redisBackend(redis, { prefix, chunksFrom: mark }), {}, run)
      const desk = await open()
      const batches: string[] = []
      for (let n = 0; n < 24; n++) batches.push(...(await desk.bring(desk.candidates(batchSize))))
      const kept = batches.map(() => newImages(batchSize))
      await Promise.all(
        [0, 1, 2].map(async (lane) => {
          const own = await open(desk.run)
          for (let n = lane; n < batches.length; n += 3) {
            const committed = await own.commitBatch(await own.heldBatch(batches[n]!), kept[n]!)
            expect(committed).toMatchObject({ kind: 'committed', kept: batchSize })
          }
        }),
      )
      expect(Number(await redis.hget(await runKey(desk.run), 'bands_last'))).toBeGreaterThanOrEqual(mark)
      await expectNearest(desk, kept.flat(), kept.flat())
    })

    it('were kept by a version that knew bands alone', async () => {
      const older = redisBackend(redis, { prefix })
      const desk = await openDesk(older)
      const kept = newImages(mark)
      await keepAll(desk, kept)
      const no = (await runKey(desk.run)).split(':r')[1]
      await redis.hdel(await runKey(desk.run), 'settled')
      await redis.del(`{${prefix}}:g${no}:recent`)
      const newer = await openDesk(redisBackend(redis, { prefix, chunksFrom: mark }), {}, desk.run)
      await expectNearest(newer, kept, kept.slice(0, 50))
      for (let batches = 0; batches < 10; batches++) {
        const more = newImages(batchSize)
        await keepAll(newer, more)
        kept.push(...more)
        await expectNearest(newer, kept, [...kept.slice(0, 8), ...more.slice(-8)])
      }
      expect(await chunksOf(desk.run)).toBeGreaterThan(1)
    })
  })

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
