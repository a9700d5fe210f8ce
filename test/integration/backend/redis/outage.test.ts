import { setTimeout } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { connectRedis, type RedisClient } from '../../../../src/backend/redis/connection.js'
import { queuePrefixOf, rootOf } from '../../../../src/backend/redis/keys.js'
import { redisBackend } from '../../../../src/backend/redis/redis-backend.js'
import { redisQueue } from '../../../../src/backend/redis/redis-queue.js'
import type { Consumer, WorkQueue } from '../../../../src/backend/work-queue.js'
import { openDesk } from '../../../contracts/backend/desk.js'
import { recount } from '../../../fixtures/redis/recount.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })
const patience = { timeout: 60_000, interval: 20 }
const outageMs = 3_000
const prefix = 'outage'

describe.skipIf(serverCommand === null)(`a fleet whose Redis goes away for a while${whyNoServer}`, () => {
  let server: RedisServer
  let redis: RedisClient
  let queue: WorkQueue
  let answering: Consumer | null = null
  const visited: string[] = []
  const open = async () => {
    server = await startRedis()
    redis = connectRedis(server.url, () => {})
    queue = redisQueue(redis, { prefix }, () => {})
    visited.length = 0
    answering = queue.consume(
      'session',
      2,
      async ({ key }) => {
        visited.push(key)
        return { kind: 'done' }
      },
      () => {},
    )
    await queue.notify('session', 'run', ['before'])
    await expect.poll(() => visited, patience).toEqual(['before'])
  }
  afterEach(async () => {
    await answering?.close(true)
    await queue.close()
    redis.disconnect()
    await server.close()
  })

  const outages: [string, () => Promise<void>, () => Promise<void>][] = [
    ['hangs', async () => server.pause(), async () => server.resume()],
    ['is killed and started again', () => server.kill(), () => server.start()],
  ]
  it.each(outages)(
    'and %s: workers hear notified again, and calls made meanwhile are answered',
    async (_, begin, end) => {
      await open()
      const desk = await openDesk(redisBackend(redis, { prefix }))
      await desk.offer(desk.urlOf('a', 1), desk.urlOf('a', 2))
      const session = await desk.session('a')

      await begin()
      const committed = desk.commit(session, { offers: [desk.urlOf('b', 1)], pages: 2 })
      const told = queue.notify('session', 'run', ['meanwhile'])
      await setTimeout(outageMs)
      await end()

      expect(await committed).toEqual({
        kind: 'committed',
        hosts: [desk.hostName('b')],
        batches: [],
        moreInMs: null,
        crawlWaits: false,
      })
      await told
      await expect.poll(() => visited, patience).toContain('meanwhile')
      await queue.notify('session', 'run', ['after'])
      await expect.poll(() => visited, patience).toContain('after')
      expect(await desk.progress()).toMatchObject({ urls: 1, pages: 2, pagesLeased: 0 })
    },
  )

  it('and is killed after it wrote: everything is there again', async () => {
    await open()
    const desk = await openDesk(redisBackend(redis, { prefix }))
    const [batch = ''] = await desk.bring(desk.candidates(3))
    const held = await desk.heldBatch(batch)
    const { before, counters } = { before: await desk.progress(), counters: await desk.counters() }
    // The log is forced to the disk once a second; a kill loses nothing, since the system has it.
    await server.kill()
    await server.start()
    expect(await desk.progress()).toEqual(before)
    expect(await desk.counters()).toEqual(counters)
    expect(await desk.commitBatch(held, [])).toMatchObject({ kind: 'committed' })
  })
})

describe.skipIf(serverCommand === null)(`a Redis whose log of writes was cut short${whyNoServer}`, () => {
  it('stands as it stood a moment ago, and what was under way then is lost and done again', async () => {
    const server = await startRedis()
    const redis = connectRedis(server.url, () => {})
    const backend = redisBackend(redis, { prefix })
    try {
      const desk = await openDesk(backend)
      const pages = 40
      await desk.offer(...Array.from({ length: pages }, (_, i) => desk.urlOf(`h${i % 4}`, i)))
      const visit = async (label: string) => {
        const session = await desk.session(label, { max: 3 })
        const candidates = session.urls.map(({ id }) => desk.candidate(`img${id % 3}.test`, id))
        return desk.commit(session, { candidates, offers: [desk.urlOf('late', 1, 1)], batchSize: 4 })
      }
      for (let i = 0; i < 8; i++) await visit(`h${i % 4}`)
      const held = await desk.session('h0', { max: 2 })
      for (const bytes of [1, 200, 3_000, 10_000]) {
        const before = await desk.progress()
        await server.kill()
        server.cutLog(bytes)
        await server.start()
        const after = await desk.progress()
        expect(after).toMatchObject(await recount(redis, rootOf(prefix), desk.run))
        expect(after.pages).toBeLessThanOrEqual(before.pages)
      }
      expect(await desk.commit(held)).toEqual({ kind: 'lost' })
      await backend.resetLeases()
      for (;;) {
        const [host] = await backend.waitingHosts(desk.run, 1)
        if (host === undefined) break
        await visit(host.split('.')[0] ?? '')
      }
      expect(await desk.progress()).toMatchObject({ urls: 0, pages: pages + 1, pagesLeased: 0 })
      expect(await desk.progress()).toMatchObject(await recount(redis, rootOf(prefix), desk.run))
      expect(await desk.counters()).toEqual({ candidates: pages + 1 })
    } finally {
      redis.disconnect()
      await server.close()
    }
  })
})

describe.skipIf(serverCommand === null)(`doorbells in Redis${whyNoServer}`, () => {
  it('leave nothing behind once they were answered, well or not', async () => {
    const server = await startRedis()
    const redis = connectRedis(server.url, () => {})
    const queue = redisQueue(redis, { prefix }, () => {})
    let answered = 0
    let failed = 0
    const answering = queue.consume(
      'session',
      8,
      async ({ key }) => {
        if (key.startsWith('bad')) throw new Error('the visit failed')
        answered++
        return { kind: 'done' }
      },
      () => void failed++,
    )
    try {
      const keys = Array.from({ length: 300 }, (_, i) => `${i % 3 === 0 ? 'bad' : 'good'}-${i}`)
      await queue.notify('session', 'run', keys)
      await expect.poll(() => [answered, failed], patience).toEqual([200, 100])
      await expect
        .poll(async () => {
          const left = await redis.keys(`${queuePrefixOf(prefix)}:session:*`)
          // What BullMQ keeps of the queue itself, whatever went through it.
          return left.map((key) => key.split(':').at(-1)).filter((name) => !queueKeys.has(name ?? ''))
        }, patience)
        .toEqual([])
      const untagged = (await redis.keys('*')).filter((key) => !key.startsWith(rootOf(prefix)))
      expect(untagged).toEqual([])
      expect(await redis.xlen(`${queuePrefixOf(prefix)}:session:events`)).toBeLessThan(400)
    } finally {
      await answering.close(true)
      await queue.close()
      redis.disconnect()
      await server.close()
    }
  })
})

const queueKeys = new Set(['id', 'meta', 'events', 'marker', 'stalled-check'])
