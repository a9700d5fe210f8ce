import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis } from '../../../src/backend/redis/connection.js'
import { fleetDesk, serveSite } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import {
  leftovers,
  pagesOf,
  pairsOf,
  problemsOf,
  type Running,
  start,
  tempFolder,
} from '../../fixtures/run/pairmill.js'
import { seeded } from '../../fixtures/run/pictures.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

const hosts = ['a.test', 'b.test', 'c.test', 'd.test']
const site = { hosts, pagesPerHost: 24, perPage: 2 }
const roles = ['crawl', 'crawl', 'filter', 'filter', 'shard'] as const
const seed = Number(process.env.PAIRMILL_KILL_SEED ?? Math.floor(Math.random() * 1e9))

const title = `a fleet in trouble (PAIRMILL_KILL_SEED=${seed})${whyNoServer}`
describe.skipIf(serverCommand === null)(title, { timeout: 400_000 }, () => {
  let web: TestWeb
  let wanted: string[]
  beforeAll(async () => {
    web = await startTestWeb()
    wanted = await serveSite(web, site)
  }, 180_000)
  afterAll(() => web.close())

  const random = seeded(seed)
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)]!

  /** A run with a server of its own, under way. */
  async function underWay(env: Record<string, string> = {}, scratch: (role: string) => string = tempFolder) {
    const server = await startRedis('--maxmemory-policy', 'noeviction')
    const fleet = await fleetDesk(server.url)
    const out = join(tempFolder(), 'out')
    const words = ['--model', 'none', '--dedupe', 'off', '--repeated-text', 'none', '--delay-ms', '40']
    const seeds = hosts.map((host) => `http://${host}/`)
    const called = await fleet.call([
      ...['crawl', ...seeds, '--run', 'storm', '--out', out, ...words],
      ...['--batch-size', '6', '--shard-size', '12', ...web.words],
    ])
    expect(called).toMatchObject({ code: 0 })
    const hire = (role: string): Running =>
      start(['work', role, '--until-done', '--scratch', scratch(role)], { ...fleet.env, ...env })
    const workers = roles.map((role) => ({ role, running: hire(role) }))
    return { ...fleet, server, out, workers, hire }
  }
  type UnderWay = Awaited<ReturnType<typeof underWay>>

  /** The n-th page or image that is asked for from now on. */
  const requests = (n: number) =>
    new Promise<void>((heard) => {
      let left = n
      const stop = web.onRequest(() => {
        if (--left > 0) return
        stop()
        heard()
      })
    })

  /** Every worker comes to its end by itself, and the dataset is what an undisturbed run gives. */
  async function comesToTheSame({ workers, out, statusOf, close, server }: UnderWay): Promise<void> {
    for (const { role, running } of workers) {
      const { code, signal, stderr } = await running.ended
      expect([role, code, signal], stderr).toEqual([role, 0, null])
    }
    const ended = await statusOf('storm')
    expect(ended).toMatchObject({
      state: 'done',
      queues: { urls: 0, buffered: 0, batches: 0, unplanned: 0, plans: 0 },
    })
    expect(await pairsOf(out), JSON.stringify(ended.counters)).toEqual(wanted)
    const pages = (await pagesOf(out)).map(({ url }) => url)
    expect(pages).toHaveLength(hosts.length * site.pagesPerHost)
    expect(new Set(pages).size).toBe(pages.length)
    expect(await problemsOf(out)).toEqual([])
    const redis = connectRedis(server.url, () => {})
    try {
      expect(await orphansOf(redis)).toEqual([])
    } finally {
      redis.disconnect()
    }
    await close()
    await server.close()
  }

  it('comes to the same pairs where a worker is killed every second', async () => {
    const storm = await underWay()
    const killed: string[] = []
    let over = false
    const anyEnd = Promise.race(
      storm.workers.map(({ role, running }) =>
        role === 'shard'
          ? running.ended.then(() => (over = over || running.child.signalCode === null))
          : new Promise(() => {}),
      ),
    )
    while (!over && killed.length < 40) {
      await Promise.race([setTimeout(1_000), anyEnd])
      const victim = pick(storm.workers)
      if (victim.running.child.exitCode !== null) break
      victim.running.child.kill('SIGKILL')
      await victim.running.ended
      killed.push(victim.role)
      victim.running = storm.hire(victim.role)
    }
    expect(killed.length).toBeGreaterThanOrEqual(8)
    await comesToTheSame(storm)
    const left = leftovers(storm.out).filter((name) => !name.startsWith('parts/') && !name.startsWith('tmp/'))
    // Whose the folder is.
    expect(left).toEqual(['owner.json'])
  })

  it('waits for a server that is stopped for 20 s, and goes on', async () => {
    const storm = await underWay()
    await requests(60)
    storm.server.pause()
    await setTimeout(20_000)
    storm.server.resume()
    await comesToTheSame(storm)
  })

  it('goes on where the server is killed and started again', async () => {
    const storm = await underWay()
    for (let i = 0; i < 3; i++) {
      await requests(40)
      await storm.server.kill()
      await storm.server.start()
    }
    await comesToTheSame(storm)
  })

  it('comes to the same pairs where the server loses its last two seconds', async () => {
    const storm = await underWay()
    await requests(100)
    const sizes = logSizes(storm.server)
    await setTimeout(2_000)
    await storm.server.kill()
    for (const [path, size] of sizes) truncateSync(path, size)
    await storm.server.start()
    await comesToTheSame(storm)
  })

  it('takes no commit of a worker that slept longer than its lease', async () => {
    const storm = await underWay()
    await requests(60)
    const sleeper = storm.workers.find(({ role }) => role === 'filter')!
    sleeper.running.child.kill('SIGSTOP')
    const others = storm.workers.filter((worker) => worker !== sleeper)
    for (const { running } of others) expect(await running.ended).toMatchObject({ code: 0 })
    sleeper.running.child.kill('SIGCONT')
    await comesToTheSame(storm)
  })

  it('does not mind workers whose clocks are an hour off and jump', async () => {
    const script = join(tempFolder(), 'jump.mjs')
    writeFileSync(
      script,
      `const real = Date.now
       let off = 3_600_000
       Date.now = () => real() + off
       setInterval(() => { off = -off }, 700).unref()`,
    )
    await comesToTheSame(await underWay({ NODE_OPTIONS: `--import=${script}` }))
  })

  it('leaves the work of a worker whose disk is full to the others', async ({ skip }) => {
    const small = tinyDisk()
    if (small === null) return skip('mounting a small disk is not allowed here')
    try {
      let filters = 0
      const scratch = (role: string) =>
        role === 'filter' && filters++ === 0 ? join(small, 'scratch') : tempFolder()
      await comesToTheSame(await underWay({}, scratch))
    } finally {
      execFileSync('umount', [small])
    }
  })

  /** A folder that holds 32 KiB; null = none can be made here. */
  function tinyDisk(): string | null {
    if (process.getuid?.() !== 0) return null
    const folder = join(tempFolder(), 'disk')
    mkdirSync(folder)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', folder], { stdio: 'ignore' })
      return folder
    } catch {
      rmSync(folder, { recursive: true })
      return null
    }
  }

  /** Sizes of the files that the server adds its writes to. */
  function logSizes(server: RedisServer): [string, number][] {
    const folder = join(server.folder, 'appendonlydir')
    return readdirSync(folder)
      .filter((name) => name.endsWith('.incr.aof'))
      .map((name) => [join(folder, name), statSync(join(folder, name)).size])
  }

  /** Jobs that wait, are delayed or under way, and leases, of a run in which nothing is left to do. */
  async function orphansOf(redis: ReturnType<typeof connectRedis>): Promise<string[]> {
    const orphans: string[] = []
    for (const state of ['wait', 'active', 'delayed', 'paused', 'prioritized']) {
      for (const key of await redis.keys(`{pairmill}:bells:*:${state}`)) {
        const size = (await redis.type(key)) === 'zset' ? await redis.zcard(key) : await redis.llen(key)
        if (size > 0) orphans.push(`${key}: ${size}`)
      }
    }
    return orphans
  }
})
