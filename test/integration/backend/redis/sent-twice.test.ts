import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend } from '../../../../src/backend/backend.js'
import { connectRedis, type RedisClient } from '../../../../src/backend/redis/connection.js'
import { redisBackend } from '../../../../src/backend/redis/redis-backend.js'
import { newImage, newToken, openDesk } from '../../../contracts/backend/desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

/** Sends every call of a script twice and hears the second answer alone, as after a connection that broke in between. */
function repeating(redis: RedisClient): RedisClient {
  const twice =
    (name: 'eval' | 'evalsha') =>
    async (...args: Parameters<RedisClient['eval']>) => {
      await redis[name](...args)
      return redis[name](...args)
    }
  return new Proxy(redis, {
    get: (target, name) => (name === 'eval' || name === 'evalsha' ? twice(name) : Reflect.get(target, name)),
  })
}

describe.skipIf(serverCommand === null)(`what is sent again after a lost connection${whyNoServer}`, () => {
  let server: RedisServer
  let redis: RedisClient
  let once: Backend
  let twice: Backend
  beforeAll(async () => {
    server = await startRedis()
    redis = connectRedis(server.url, () => {})
    once = redisBackend(redis, { prefix: 'twice' })
    twice = redisBackend(repeating(redis), { prefix: 'twice' })
  })
  afterAll(async () => {
    redis.disconnect()
    await server.close()
  })
  const open = async () => {
    const desk = await openDesk(once)
    const unsure = await openDesk(twice, {}, desk.run)
    return { desk, unsure }
  }

  it('is one lease of a host, with the same URLs', async () => {
    const { desk, unsure } = await open()
    await desk.offer(...Array.from({ length: 5 }, (_, i) => desk.urlOf('a', i, i % 2)))
    const session = await unsure.session('a', { max: 3 })
    expect(session.urls.map(({ url }) => url.split('/').at(-1))).toEqual(['0', '2', '4'])
    expect(await desk.progress()).toMatchObject({ urls: 5, pagesLeased: 3 })
    expect(await desk.commit(session)).toMatchObject({ kind: 'committed' })
    expect(await desk.progress()).toMatchObject({ urls: 2, pages: 3, pagesLeased: 0 })
  })

  it('is one commit of a session, partial or whole', async () => {
    const { desk, unsure } = await open()
    await desk.offer(...Array.from({ length: 4 }, (_, i) => desk.urlOf('a', i)))
    const session = await desk.session('a')
    const [first = 0, second = 0, ...rest] = session.urls.map(({ id }) => id)
    const some = {
      done: [first],
      retry: [{ id: second, delayMs: 60_000 }],
      partial: true,
      counters: { pages: 1 },
    }
    expect(await unsure.commit(session, some)).toMatchObject({ kind: 'committed' })
    expect(await desk.progress()).toMatchObject({ urls: 3, pages: 1, pagesLeased: 2 })
    const candidates = [...desk.candidates(3), ...desk.rejects(210)]
    const whole = { done: rest, candidates, counters: { pages: 2 } }
    expect(await unsure.commit(session, whole)).toMatchObject({
      kind: 'committed',
      moreInMs: expect.any(Number),
      crawlWaits: false,
    })
    expect(await desk.progress()).toMatchObject({ urls: 1, pages: 3, pagesLeased: 0, buffered: 213 })
    expect(await desk.counters()).toMatchObject({ pages: 3, candidates: 213 })
    expect(await desk.commit(session, whole)).toEqual({ kind: 'lost' })
  })

  it('is one lease and one commit of a batch', async () => {
    const { desk, unsure } = await open()
    const [batch = ''] = await desk.bring(desk.candidates(3))
    const held = await unsure.heldBatch(batch)
    expect(held).toMatchObject({ starts: 0, failures: 0, candidates: { length: 3 } })
    expect(await desk.progress()).toMatchObject({ batchesLeased: 1 })
    const image = newImage()
    expect(await unsure.commitBatch(held, [image, image], { counters: { images: 2 } })).toEqual({
      kind: 'committed',
      kept: 1,
      losers: [{ row: 1, reason: 'duplicate_exact', duplicateOf: image.sha256 }],
    })
    expect(await desk.progress()).toMatchObject({
      kept: 1,
      batchesOpen: 0,
      batchesLeased: 0,
      unplannedRows: 3,
    })
    expect(await desk.counters()).toMatchObject({ images: 2, kept: 1, 'rejected:duplicate_exact': 1 })
  })

  it('is one lease and one commit of a batch of rejects', async () => {
    const { desk, unsure } = await open()
    const [batch = ''] = await desk.bring(desk.rejects(3))
    const held = await unsure.heldRejects(batch)
    expect(held.rejects).toHaveLength(3)
    expect(await unsure.commitRejects(held)).toEqual({ kind: 'committed', kept: 0, losers: [] })
    expect(await desk.progress()).toMatchObject({ batchesOpen: 0, batchesLeased: 0, unplannedRows: 3 })
  })

  it('is one lease of a plan', async () => {
    const { desk } = await open()
    const { batch } = await desk.batchOf([newImage()])
    const plan = (await once.allotPlan({ run: desk.run, batches: [batch], shards: 1, shardSize: 5 })) ?? -1
    const wish = { run: desk.run, plan, leaseMs: 60_000 }
    expect(await twice.leasePlan({ ...wish, token: newToken() })).toMatchObject({ kind: 'plan' })
    expect(await once.leasePlan({ ...wish, token: newToken() })).toMatchObject({ kind: 'busy' })
  })
})
