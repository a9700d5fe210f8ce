import { afterEach, describe, expect, it } from 'vitest'
import { connectRedis, type RedisClient } from '../../../../src/backend/redis/connection.js'
import { modelKeyOf } from '../../../../src/backend/redis/keys.js'
import {
  checkServer,
  judgeKind,
  judgeServer,
  type ServerFacts,
} from '../../../../src/backend/redis/server-check.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

const good: ServerFacts = {
  info: {
    redis_version: '7.0.15',
    cluster_enabled: '0',
    role: 'master',
    maxmemory: '0',
    maxmemory_policy: 'noeviction',
    aof_enabled: '1',
    aof_last_write_status: 'ok',
  },
  maxIntsetEntries: 512,
  model: null,
}
const judge = (info: Record<string, string> = {}, over: Partial<ServerFacts> = {}) =>
  judgeServer({ ...good, ...over, info: { ...good.info, ...info } })

describe('a Redis server', () => {
  it('that is as it should be gives no cause to speak', () => {
    expect(judge()).toEqual({ problems: [], warnings: [] })
    expect(judge({}, { maxIntsetEntries: null, model: '1' })).toEqual({ problems: [], warnings: [] })
  })

  it.each(['5.0.14', '6.0.16', '6.1.240', ''])('of version "%s" is too old', (redis_version) => {
    expect(judge({ redis_version }).problems).toEqual([expect.stringContaining('needs Redis 6.2 or newer')])
  })

  it.each(['6.2.0', '7.0.15', '8.2.1', '10.0.0'])('of version %s is new enough', (redis_version) => {
    expect(judge({ redis_version }).problems).toEqual([])
  })

  it('that is Valkey is taken, whatever Redis it says it is like', () => {
    expect(judge({ redis_version: '1.0', valkey_version: '8.0.1' }).problems).toEqual([])
  })

  it.each([
    [{ maxmemory: '1000000', maxmemory_policy: 'allkeys-lru' }, 'CONFIG SET maxmemory-policy noeviction'],
    [{ cluster_enabled: '1' }, 'node of a cluster'],
    [{ role: 'slave', master_host: 'there', master_port: '7' }, 'there:7'],
    [{ aof_last_write_status: 'err' }, 'disk'],
  ])('with %o must not be used', (info, said) => {
    expect(judge(info as Record<string, string>).problems).toEqual([expect.stringContaining(said)])
  })

  it.each([
    [{ aof_enabled: '0' }, 'CONFIG SET appendonly yes'],
    [{ maxmemory_policy: 'volatile-ttl' }, 'CONFIG SET maxmemory-policy noeviction'],
  ])('with %o is used, with a word about it', (info, said) => {
    expect(judge(info as Record<string, string>)).toEqual({
      problems: [],
      warnings: [expect.stringContaining(said)],
    })
  })

  it('with small intsets is used, with a word about the memory', () => {
    expect(judge({}, { maxIntsetEntries: 128 }).warnings).toEqual([
      expect.stringContaining('set-max-intset-entries is 128'),
    ])
  })

  it('whose prefix holds another data model must not be used', () => {
    expect(judge({}, { model: '99' }).problems).toEqual([expect.stringContaining('data model 99')])
  })
})

describe('what answers as Redis does', () => {
  it.each([
    [{ redis_mode: 'sentinel' }, 'Sentinel'],
    [{ cluster_enabled: '1' }, 'node of a cluster'],
    [{ role: 'slave', master_host: 'there', master_port: '7' }, 'there:7'],
    [{ redis_version: '5.0.14' }, 'needs Redis 6.2'],
  ])('with %o is named before anything else is asked', (info, said) => {
    expect(judgeKind({ ...good.info, ...(info as Record<string, string>) })).toContain(said)
  })

  it('is taken otherwise, and where it may not be asked with a word about that', () => {
    expect(judgeKind(good.info ?? {})).toBeNull()
    expect(judgeServer({ ...good, info: null })).toEqual({
      problems: [],
      warnings: [expect.stringContaining('+info')],
    })
  })
})

const asItShouldBe = { problems: [], warnings: [] }

describe.skipIf(serverCommand === null)(`checking a real server${whyNoServer}`, () => {
  let server: RedisServer
  let redis: RedisClient
  const open = async (...settings: string[]) => {
    server = await startRedis(...settings)
    redis = connectRedis(server.url, () => {})
  }
  afterEach(async () => {
    redis.disconnect()
    await server.close()
  })

  it('finds nothing wrong with one that keeps a log of writes, and marks the prefix', async () => {
    await open()
    expect(await checkServer(redis, { prefix: 'a' })).toEqual(asItShouldBe)
    expect(await redis.get(modelKeyOf('a'))).toBe('1')
    await redis.set(modelKeyOf('a'), '2')
    expect((await checkServer(redis, { prefix: 'a' })).problems).toHaveLength(1)
    expect((await checkServer(redis, { prefix: 'b' })).problems).toEqual([])
  })

  it('finds all that is wrong, and leaves the prefix alone', async () => {
    await open('--appendonly', 'no', '--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru')
    await redis.config('SET', 'set-max-intset-entries', '64')
    const { problems, warnings } = await checkServer(redis, { prefix: 'a' })
    expect(problems).toEqual([expect.stringContaining('maxmemory-policy is allkeys-lru')])
    expect(warnings).toEqual([
      expect.stringContaining('appendonly'),
      expect.stringContaining('set-max-intset-entries is 64'),
    ])
    expect(await redis.get(modelKeyOf('a'))).toBeNull()
  })

  it('marks the prefix though the server is full, and looks at it without writing', async () => {
    await open('--maxmemory', '1', '--maxmemory-policy', 'noeviction')
    await expect(redis.set('anything', 'x')).rejects.toThrow('OOM')
    for (let i = 0; i < 2; i++) expect(await checkServer(redis, { prefix: 'a' })).toEqual(asItShouldBe)
    expect(await redis.get(modelKeyOf('a'))).toBe('1')
  })

  it('goes on where it may not ask for the configuration', async () => {
    await open('--rename-command', 'CONFIG', '""')
    expect(await checkServer(redis, { prefix: 'a' })).toEqual(asItShouldBe)
  })
})
