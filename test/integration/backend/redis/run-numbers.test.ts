import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis, type RedisClient } from '../../../../src/backend/redis/connection.js'
import { redisBackend } from '../../../../src/backend/redis/redis-backend.js'
import { newImage, openDesk } from '../../../contracts/backend/desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

const prefix = 'numbers'
const runs = `{${prefix}}:runs`

describe.skipIf(serverCommand === null)(`the numbers of runs${whyNoServer}`, () => {
  let server: RedisServer
  let redis: RedisClient
  beforeAll(async () => {
    server = await startRedis()
    redis = connectRedis(server.url, () => {})
  })
  beforeEach(async () => {
    await redis.flushall()
  })
  afterAll(async () => {
    redis.disconnect()
    await server.close()
  })
  const open = (name: string) => openDesk(redisBackend(redis, { prefix }), {}, name)

  it('are never those of a living run, whatever was deleted by hand', async () => {
    await open('a')
    const living = await open('b')
    const image = newImage()
    await living.batchOf([image])
    await redis.hdel(runs, 'a')
    const other = await open('c')
    expect(await redis.hgetall(runs)).toEqual({ b: '2', c: '3' })
    expect(await other.progress()).toMatchObject({ kept: 0 })
    expect(await living.progress()).toMatchObject({ kept: 1 })
  })

  it('are never given again, to a run deleted by hand whose keys are left neither', async () => {
    await open('a')
    await open('b')
    await redis.hdel(runs, 'b')
    await open('c')
    expect(await redis.hgetall(runs)).toEqual({ a: '1', c: '3' })
    await redis.hdel(runs, 'c')
    await redis.del(`{${prefix}}:r3`)
    await open('d')
    expect(await redis.hgetall(runs)).toEqual({ a: '1', d: '4' })
  })

  it('begin above the greatest in use where an earlier version gave them', async () => {
    for (const name of ['a', 'b', 'c']) await open(name)
    await redis.del(`{${prefix}}:last_run`)
    await redis.hdel(runs, 'a')
    await open('d')
    expect(await redis.hgetall(runs)).toEqual({ b: '2', c: '3', d: '4' })
    // An earlier version that still works there takes one of its own.
    await redis.hset(runs, 'e', 5)
    await open('f')
    expect(await redis.hgetall(runs)).toMatchObject({ e: '5', f: '6' })
  })
})
