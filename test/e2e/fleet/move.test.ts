import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { pairsOf, problemsOf, tempFolder } from '../../fixtures/run/pairmill.js'
import { keepsAll, serveSite } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const password = ['--requirepass', 'a-secret', '--maxmemory-policy', 'noeviction']

/** Moves the state by the log of writes: it is copied while neither server runs. */
async function byCopy(old: RedisServer): Promise<RedisServer> {
  const next = await startRedis(...password)
  await next.kill()
  await ask(old, (redis) => redis.shutdown('NOSAVE').catch(() => null))
  rmSync(next.folder, { recursive: true })
  cpSync(old.folder, next.folder, { recursive: true })
  await next.start()
  return next
}

/** Moves the state over the network: the new server copies the old one, and then is a server of its own. */
async function byReplication(old: RedisServer): Promise<RedisServer> {
  const next = await startRedis(...password, '--masterauth', 'a-secret')
  await ask(next, async (redis) => {
    await redis.replicaof('127.0.0.1', old.port)
    const isLinked = async () => (await redis.info('replication')).includes('master_link_status:up')
    await expect.poll(isLinked, { interval: 20, timeout: 60_000 }).toBe(true)
    await redis.replicaof('NO', 'ONE')
  })
  await ask(old, (redis) => redis.shutdown('NOSAVE').catch(() => null))
  return next
}

async function ask<T>(server: RedisServer, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(server.url, { retryStrategy: null })
  redis.on('error', () => {})
  try {
    return await question(redis)
  } finally {
    redis.disconnect()
  }
}

describe.skipIf(serverCommand === null)(`a fleet${whyNoServer}`, { timeout: 300_000 }, () => {
  let web: TestWeb
  beforeAll(async () => {
    web = await startTestWeb()
  }, 180_000)
  afterAll(() => web.close())

  it.each([
    ['a copy of its log of writes', byCopy, 'a', 0],
    ['replication', byReplication, 'b', 500],
  ])('goes on on another server after %s, and fetches no page again', async (_, move, name, first) => {
    const hosts = [`${name}1.test`, `${name}2.test`]
    const wanted = await serveSite(web, { hosts, pagesPerHost: 12, perPage: 2, first })
    const old = await startRedis(...password)
    onTestFinished(old.close)
    const out = join(tempFolder(), 'out')
    const before = await fleetDesk(old.url)
    const seeds = hosts.map((host) => `http://${host}/`)
    const calm = [...keepsAll, '--delay-ms', '150']
    const crawl = ['crawl', ...seeds, '--run', 'birds', '--out', out, ...calm, '--batch-size', '6']
    expect(await before.call([...crawl, '--shard-size', '8', ...web.words])).toMatchObject({ code: 0 })
    const worker = before.worker('all')
    let left = 10
    const stop = web.onRequest((host) => {
      if (hosts.includes(host) && --left === 0) worker.child.kill('SIGTERM')
    })
    await worker.ended
    stop()
    const { counters, queues } = await before.statusOf('birds')
    await before.close()
    expect(queues.urls).toBeGreaterThan(0)

    const next = await move(old)
    onTestFinished(next.close)
    const after = await fleetDesk(next.url)
    onTestFinished(after.close)
    expect(await after.statusOf('birds')).toMatchObject({ state: 'running', counters, queues })
    expect(await after.worker('all', '--until-done').ended).toMatchObject({ code: 0 })
    expect(await pairsOf(out)).toEqual(wanted)
    expect(await problemsOf(out)).toEqual([])
    const pages = hosts.flatMap((host) => web.seenAt(host).filter(({ path }) => path.endsWith('.html')))
    expect(new Set(pages.map(({ host, path }) => host + path)).size).toBe(pages.length)
  })
})
