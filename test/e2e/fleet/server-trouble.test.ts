import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { startMovingProxy } from '../../fixtures/redis/moving-proxy.js'
import { serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { pairmill, pairsOf, problemsOf, start, tally, tempFolder } from '../../fixtures/run/pairmill.js'
import { keepsAll, serveSite } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const patience = { timeout: 60_000, interval: 50 }

describe.skipIf(serverCommand === null)(
  `a fleet whose server is in trouble${whyNoServer}`,
  { timeout: 300_000 },
  () => {
    let web: TestWeb
    beforeAll(async () => {
      web = await startTestWeb()
    })
    afterAll(() => web.close())
    const calm = [...keepsAll, '--delay-ms', '50']
    const crawl = (run: string, out: string, seed: string) => [
      ...['crawl', seed, '--run', run, '--out', out, ...calm, '--batch-size', '6', ...web.words],
    ]
    /** Does it at the moment of the nth request for a page of the host. */
    const atPage = (host: string, nth: number, act: () => void) => {
      let seen = 0
      onTestFinished(
        web.onRequest((asked, path) => {
          if (asked === host && !path.endsWith('.jpg') && path !== '/robots.txt' && ++seen === nth) act()
        }),
      )
    }
    const client = (url: string): Redis => {
      const redis = new Redis(url)
      redis.on('error', () => {})
      onTestFinished(() => redis.disconnect())
      return redis
    }

    it('fetches no page twice while it is full, takes orders, and goes on when it has room', async () => {
      const server = await startRedis('--maxmemory-policy', 'noeviction')
      onTestFinished(server.close)
      const wanted = await serveSite(web, { hosts: ['full.test'], pagesPerHost: 30, perPage: 1 })
      const desk = await fleetDesk(server.url)
      onTestFinished(desk.close)
      const redis = client(server.url)
      const out = join(tempFolder(), 'out')
      expect(await desk.call(crawl('full', out, 'http://full.test/'))).toMatchObject({ code: 0 })
      atPage('full.test', 5, () => void redis.config('SET', 'maxmemory', '1'))
      const worker = desk.worker('all', '--until-done')
      await worker.said('the server is full')

      for (const order of ['pause', 'resume', 'stop', 'resume']) {
        expect(await desk.call([order, 'full']), order).toMatchObject({ code: 0 })
      }
      const status = await desk.call(['status', 'full'])
      expect(status).toMatchObject({ code: 0 })
      expect(status.stdout).toMatch(/^the server is full \(.* of maxmemory .* used\)[\s\S]*1 worker alive/)
      const refused = await desk.call(crawl('other', join(tempFolder(), 'out'), 'http://full.test/'))
      expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('CONFIG SET maxmemory') })
      expect((await desk.statusOf('full')).counters.pages ?? 0).toBeLessThan(30)
      // Nothing is asked for again and again: seconds have passed since it was full.
      const refusals = /errorstat_OOM:count=(\d+)/.exec(await redis.info('errorstats'))?.[1]
      expect(Number(refusals)).toBeLessThan(500)

      await redis.config('SET', 'maxmemory', '0')
      const ended = await worker.ended
      expect(ended).toMatchObject({ code: 0 })
      const told = ended.stderr.split('\n').filter((line) => line.includes('"kind":"server"'))
      expect(told.map((line) => (JSON.parse(line) as { state: string }).state)).toEqual(['full', 'ok'])
      expect(ended.stderr).not.toMatch(/OOM|MaxListeners/)
      const fetches = tally(
        web
          .seenAt('full.test')
          .map(({ path }) => path)
          .filter((path) => !path.endsWith('.jpg')),
      )
      expect(Object.values(fetches).filter((times) => times > 1)).toEqual([])
      expect(await pairsOf(out)).toEqual(wanted)
      expect(await problemsOf(out)).toEqual([])
    })

    it('goes on with the new master after a failover', async () => {
      const old = await startRedis()
      onTestFinished(old.close)
      const heir = await startRedis('--replicaof', '127.0.0.1', String(old.port))
      onTestFinished(heir.close)
      const proxy = await startMovingProxy(old.port)
      onTestFinished(proxy.close)
      const master = client(old.url)
      const info = async () => await master.info('replication')
      await expect.poll(info, patience).toContain('state=online')
      const wanted = await serveSite(web, { hosts: ['moved.test'], pagesPerHost: 30, perPage: 1, first: 200 })
      const desk = await fleetDesk(proxy.url)
      onTestFinished(desk.close)
      const out = join(tempFolder(), 'out')
      expect(await desk.call(crawl('moved', out, 'http://moved.test/'))).toMatchObject({ code: 0 })
      // Without loss: the old master waits until its heir has all, and becomes its copy. Whoever is connected stays so.
      atPage('moved.test', 5, () => void master.call('FAILOVER', 'TO', '127.0.0.1', String(heir.port)))
      const worker = desk.worker('all', '--until-done')
      await expect.poll(info, patience).toContain('role:slave')
      await worker.said('takes no writes')
      proxy.moveTo(heir.port)

      const ended = await worker.ended
      expect(ended).toMatchObject({ code: 0 })
      expect(ended.stderr).toContain('"kind":"reconnected"')
      expect(ended.stderr).not.toContain('MaxListeners')
      expect(await pairsOf(out)).toEqual(wanted)
      expect(await problemsOf(out)).toEqual([])
    })

    it('waits for a server that is not up yet', async () => {
      const server = await startRedis()
      onTestFinished(server.close)
      await server.kill()
      const worker = start(['work', 'all', '--until-done', '--backend', server.url])
      await worker.said('It is waited for')
      await server.start()
      const { code, stderr } = await worker.ended
      expect(code).toBe(0)
      expect(stderr.match(/nothing listens at/g)).toHaveLength(1)
    })

    it('ends at once when it is told to while it waits', async () => {
      const worker = start(['work', 'all', '--backend', 'redis://127.0.0.1:1'])
      await worker.said('It is waited for')
      worker.child.kill('SIGTERM')
      expect(await worker.ended).toMatchObject({ code: 143 })
    })

    it('does not wait where waiting would not help', async () => {
      const server = await startRedis()
      onTestFinished(server.close)
      await client(server.url).config('SET', 'requirepass', 'secret')
      const { code, stderr } = await pairmill([
        'work',
        'all',
        '--backend',
        `redis://127.0.0.1:${server.port}`,
      ])
      expect([code, stderr]).toEqual([6, expect.stringContaining('wants a password')])
    })
  },
)
