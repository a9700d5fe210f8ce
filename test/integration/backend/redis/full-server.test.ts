import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Backend } from '../../../../src/backend/backend.js'
import { connectRedis, type RedisClient } from '../../../../src/backend/redis/connection.js'
import { redisBackend } from '../../../../src/backend/redis/redis-backend.js'
import { lookAtServer } from '../../../../src/backend/redis/server-look.js'
import { openDesk } from '../../../contracts/backend/desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

const prefix = 'full'

describe.skipIf(serverCommand === null)(`a Redis at maxmemory${whyNoServer}`, { timeout: 60_000 }, () => {
  let server: RedisServer
  let redis: RedisClient
  let backend: Backend
  beforeAll(async () => {
    server = await startRedis('--maxmemory-policy', 'noeviction')
    redis = connectRedis(server.url, () => {})
    backend = redisBackend(redis, { prefix })
  })
  afterAll(async () => {
    redis.disconnect()
    await server.close()
  })
  const fill = () => redis.config('SET', 'maxmemory', '1')
  const makeRoom = () => redis.config('SET', 'maxmemory', '0')
  /** Does it while the server is full. */
  const whileFull = async <T>(act: () => Promise<T>): Promise<T> => {
    await fill()
    try {
      return await act()
    } finally {
      await makeRoom()
    }
  }

  it('begins nothing: it refuses leases, offers and new runs, and changes nothing by it', async () => {
    const desk = await openDesk(backend)
    await desk.offer(desk.urlOf('a', 1), desk.urlOf('b', 1))
    const [batch = ''] = await desk.bring(desk.candidates(2))
    const before = await desk.progress()
    await whileFull(async () => {
      await expect(desk.session('a')).rejects.toThrow('OOM')
      await expect(desk.heldBatch(batch)).rejects.toThrow('OOM')
      await expect(desk.offer(desk.urlOf('c', 1))).rejects.toThrow('OOM')
      await expect(openDesk(backend)).rejects.toThrow('OOM')
    })
    expect(await desk.progress()).toEqual(before)
    expect((await desk.session('a')).urls).toHaveLength(1)
  })

  it('takes up all that a session under way found, so that no page is fetched a second time', async () => {
    const desk = await openDesk(backend)
    await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2), desk.urlOf('a', 3))
    const session = await desk.session('a')
    const [first, second, third] = session.urls
    // Every list that a commit writes, and more links than one script is handed.
    const offers = Array.from({ length: 900 }, (_, i) => desk.urlOf(`new-${i}`, 1))
    const committed = await whileFull(() =>
      desk.commit(session, {
        done: [first!.id],
        retry: [{ id: second!.id, delayMs: 0 }],
        back: [third!.id],
        offers,
        candidates: desk.candidates(150),
        pages: 1,
      }),
    )
    expect(committed).toMatchObject({ kind: 'committed' })
    expect(await desk.progress()).toMatchObject({ urls: 902, pages: 1, pagesLeased: 0 })
  })

  it('keeps the lease of a batch under way, and takes up its commit', async () => {
    const desk = await openDesk(backend)
    const [batch = ''] = await desk.bring(desk.candidates(3))
    const held = await desk.heldBatch(batch)
    await whileFull(async () => {
      expect(
        await backend.extendLease({
          run: desk.run,
          kind: 'batch',
          id: batch,
          token: held.token,
          leaseMs: 30_000,
        }),
      ).toEqual({
        kind: 'held',
      })
      expect(await desk.commitBatch(held, [])).toMatchObject({ kind: 'committed' })
    })
  })

  it('is told to pause, go on and stop, and says how the runs and workers are', async () => {
    const desk = await openDesk(backend)
    await whileFull(async () => {
      for (const standing of ['paused', 'running', 'stopped'] as const) {
        expect(await backend.setStanding(desk.run, standing, 'a note')).toBe(true)
        expect((await backend.runs()).find(({ run }) => run === desk.run)).toMatchObject({ standing })
      }
      await backend.beat({ worker: 'w', body: { v: 1 }, ttlMs: 60_000 })
      expect(await backend.workers()).toMatchObject([{ worker: 'w' }])
      await Promise.all([desk.progress(), desk.counters(), backend.hosts(desk.run, 5)])
      expect(await backend.waitingHosts(desk.run, 5)).toEqual([])
    })
  })

  it('is seen to be full and to have room by a look, which changes nothing', async () => {
    const look = () => lookAtServer(redis, { prefix, mayAskInfo: true })
    const keys = await redis.keys('*')
    expect(await look()).toMatchObject({ refusal: null, memory: { maxBytes: null } })
    expect(await whileFull(look)).toMatchObject({ refusal: 'full', memory: { maxBytes: 1 } })
    expect(await redis.keys('*')).toEqual(keys)
  })
})
