import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, type RedisClient } from '../../../../src/backend/redis/connection.js'
import { redisBackend } from '../../../../src/backend/redis/redis-backend.js'
import { openDesk } from '../../../contracts/backend/desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

const prefix = 'growth'

describe.skipIf(serverCommand === null)(`tables that grow${whyNoServer}`, () => {
  let server: RedisServer
  let redis: RedisClient
  beforeAll(async () => {
    server = await startRedis()
    redis = connectRedis(server.url, () => {})
  })
  afterAll(async () => {
    redis.disconnect()
    await server.close()
  })
  const open = () => openDesk(redisBackend(redis, { prefix }))
  /** Number, sizes and encodings of the buckets of all runs. */
  const bucketsOf = async (letter: string, size: (key: string) => Promise<number>) => {
    const keys = await redis.keys(`{${prefix}}:${letter}[0-9]*:*`)
    const sizes = await Promise.all(keys.map(size))
    const encodings = [...new Set(await Promise.all(keys.map((key) => redis.object('ENCODING', key))))]
    return {
      count: keys.length,
      sum: sizes.reduce((a, b) => a + b, 0),
      largest: Math.max(...sizes),
      encodings,
    }
  }

  it('know every URL that they took, and stay small integers in small sets', {
    timeout: 60_000,
  }, async () => {
    const desk = await open()
    const count = 30_000
    const urls = Array.from({ length: count }, (_, i) => desk.urlOf(`h${i % 5}`, i))
    for (const known of [0, count / 2, count]) {
      await desk.offer(...urls.slice(0, Math.max(known, count / 2)))
      expect(await desk.progress()).toMatchObject({ urls: Math.max(known, count / 2) })
    }
    const buckets = await bucketsOf('k', (key) => redis.scard(key))
    expect(buckets).toMatchObject({ sum: count, encodings: ['intset'] })
    expect(buckets.count).toBeGreaterThanOrEqual(count / 200)
    expect(buckets.largest).toBeLessThanOrEqual(512)
  })

  it('count every caption, in small lists', { timeout: 60_000 }, async () => {
    const desk = await open()
    const count = 3_000
    const found = Array.from({ length: count }, (_, i) =>
      desk.candidate(`img${i % 9}.test`, i, `caption ${i % (count / 2)}`),
    )
    await desk.bring(found)
    const texts = Array.from({ length: count / 2 }, (_, i) => `caption ${i}`)
    const counts = await desk.backend.captionCounts(desk.run, [...texts, 'another'])
    expect(counts).toEqual([...texts.map(() => 2), 0])
    const buckets = await bucketsOf('t', (key) => redis.hlen(key))
    expect(buckets).toMatchObject({ sum: count / 2, encodings: expect.not.arrayContaining(['hashtable']) })
    expect(buckets.count).toBeGreaterThanOrEqual(count / 2 / 50)
    expect(await desk.counters()).toMatchObject({ candidates: count })
  })

  it('take more from one session than one script is handed, and name every host once', async () => {
    const desk = await open()
    await desk.offer(desk.urlOf('a', 'seed'))
    const session = await desk.session('a')
    const offers = Array.from({ length: 2_000 }, (_, i) => desk.urlOf(`b${i % 300}`, i, 1))
    const committed = await desk.commit(session, { offers, candidates: desk.candidates(500) })
    if (committed.kind !== 'committed') throw new Error(committed.kind)
    expect(committed.hosts.toSorted()).toEqual(
      Array.from({ length: 300 }, (_, i) => desk.hostName(`b${i}`)).toSorted(),
    )
    expect(await desk.progress()).toMatchObject({
      urls: 2_000,
      hosts: 300,
      pages: 1,
      buffered: 500 - 256 * committed.batches.length,
    })
    const lost = await desk.commit(session, {
      offers: offers.map((offer) => ({ ...offer, url: `${offer.url}x` })),
    })
    expect(lost).toEqual({ kind: 'lost' })
    expect(await desk.progress()).toMatchObject({ urls: 2_000 })
  })

  it('lie in one slot of a cluster, since every key has the prefix for its hash tag', async () => {
    const desk = await open()
    await desk.bring(desk.candidates(2))
    const keys = await redis.keys('*')
    expect(keys.length).toBeGreaterThan(5)
    expect(keys.filter((key) => !key.startsWith(`{${prefix}}:`))).toEqual([])
  })

  it('find what waits among many hosts that do not', async () => {
    const desk = await open()
    const hosts = Array.from({ length: 200 }, (_, i) => `h${i}`)
    await desk.offer(...hosts.flatMap((host) => [desk.urlOf(host, 1), desk.urlOf(host, 2)]))
    const slots = hosts.slice(0, 190).map((host) => ({ host: desk.hostName(host), want: 1, groups: [] }))
    await desk.backend.reserve({ slots, perGroup: 8, delayMs: 3_600_000, windowMs: 1, guardMs: 0 })
    // Those that are not due are put right a few at a time, and met no more.
    await expect
      .poll(async () => (await desk.backend.waitingHosts(desk.run, 10)).length, { timeout: 10_000 })
      .toBe(10)
  })
})
