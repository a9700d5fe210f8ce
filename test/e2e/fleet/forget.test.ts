import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openRedisHub } from '../../../src/backend/index.js'
import { forgetRun } from '../../../src/run/index.js'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { pairsOf, problemsOf, tempFolder } from '../../fixtures/run/pairmill.js'
import { keepsAll, serveSite } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

describe.skipIf(serverCommand === null)(`pairmill forget${whyNoServer}`, { timeout: 300_000 }, () => {
  let server: RedisServer
  let web: TestWeb
  let redis: Redis
  beforeAll(async () => {
    ;[server, web] = await Promise.all([startRedis('--maxmemory-policy', 'noeviction'), startTestWeb()])
    redis = new Redis(server.url)
  }, 180_000)
  afterAll(async () => {
    redis?.disconnect()
    await Promise.all([server.close(), web.close()])
  })
  const open = async (prefix: string) => {
    const desk = await fleetDesk(`${server.url}?prefix=${prefix}`)
    onTestFinished(desk.close)
    return desk
  }
  const crawl = (run: string, out: string, ...more: readonly string[]) => [
    ...['crawl', '--run', run, '--out', out, ...keepsAll, '--batch-size', '6', '--delay-ms', '4'],
    ...web.words,
    ...more,
  ]
  /** Every file with its bytes. */
  const filesOf = (folder: string) =>
    new Map(
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .map((name) => join(folder, name))
        .filter((path) => statSync(path).isFile())
        .map((path) => [path, readFileSync(path).toString('base64')]),
    )
  const newOut = () => join(tempFolder(), 'out')
  const keysOfRun = async (prefix: string, no: number) =>
    (await redis.keys(`*${prefix}*`)).filter((key) => new RegExp(`:[a-z]${no}(:|$)`).test(key))

  it('frees an ended run under living workers: others go on, its dataset stays, its name is free', async () => {
    const wanted = await serveSite(web, { hosts: ['a.test', 'b.test'], pagesPerHost: 6, perPage: 2 })
    const more = await serveSite(web, { hosts: ['c.test'], pagesPerHost: 20, perPage: 1, first: 100 })
    const { call, worker, statusOf, order } = await open('ends')
    const ended = async (run: string) => {
      while ((await statusOf(run)).state !== 'done') await setTimeout(50)
    }
    /** Its steward lets go of it a moment after it has ended. */
    const forgotten = async (run: string) => {
      for (;;) {
        const { code, stdout, stderr } = await call(['forget', run])
        if (code === 0) return stdout
        expect([code, stderr]).toEqual([1, expect.stringContaining('a worker still holds a part')])
      }
    }
    const out = newOut()
    const seeds = ['http://a.test/', 'http://b.test/']
    await call(crawl('birds', out, ...seeds))
    const refused = await call(['forget', 'birds'])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('birds has not ended (running): pairmill stop birds ends it')
    await order('birds', 'pause')
    expect((await call(['forget', 'birds'])).stderr).toContain('birds has not ended (paused)')
    await order('birds', 'resume')
    const all = worker('all')
    await ended('birds')
    const livingOut = newOut()
    let answer = (_page: string) => {}
    const held = new Promise<string>((resolve) => {
      answer = resolve
    })
    // Lives for as long as this page is held back.
    web.serve('late.test/', () => held)
    await call(crawl('living', livingOut, 'http://c.test/', 'http://a.test/', 'http://late.test/'))
    while (((await statusOf('living')).counters.pages ?? 0) === 0) await setTimeout(20)

    const files = filesOf(out)
    expect(await keysOfRun('ends', 1)).not.toEqual([])
    expect(await forgotten('birds')).toBe('birds is forgotten. Its dataset is as it was.\n')
    expect((await statusOf('living')).state).toBe('running')
    answer('<!doctype html><p>At last</p>')
    expect(await keysOfRun('ends', 1)).toEqual([])
    expect(await redis.hgetall('{ends}:runs')).toEqual({ living: '2' })
    expect((await call(['forget', 'birds'])).stderr).toContain('there is no run birds; there are: living')
    expect(filesOf(out)).toEqual(files)

    const there = await call(crawl('birds', out, ...seeds))
    expect([there.code, there.stderr]).toEqual([2, expect.stringContaining('belongs to')])
    const anew = newOut()
    expect((await call(crawl('birds', anew, ...seeds))).code).toBe(0)
    await ended('birds')
    await ended('living')
    expect(await pairsOf(anew)).toEqual(wanted)
    // It visited a host of the forgotten run.
    const shared = wanted.filter((pair) => pair.startsWith('http://a.test/'))
    expect(await pairsOf(livingOut)).toEqual(expect.arrayContaining([...more, ...shared]))
    for (const place of [out, anew, livingOut]) expect(await problemsOf(place)).toEqual([])
    expect(filesOf(out)).toEqual(files)
    all.child.kill('SIGTERM')
    expect(await all.ended).toMatchObject({ code: 143 })
  })

  it('goes on where it was killed: until then the run is none, and its name is nobody’s', async () => {
    await serveSite(web, { hosts: ['d.test'], pagesPerHost: 2, perPage: 1, first: 200 })
    const { call, worker } = await open('breaks')
    const out = newOut()
    await call(crawl('birds', out, 'http://d.test/'))
    expect(await worker('all', '--until-done').ended).toMatchObject({ code: 0 })
    const fleet = await openRedisHub(`${server.url}?prefix=breaks`, () => {})
    if ('message' in fleet) throw new Error(fleet.message)
    onTestFinished(() => fleet.close())
    const killed = () => {
      throw new Error('killed')
    }
    await expect(forgetRun(fleet, 'birds', killed)).rejects.toThrow('killed')

    for (const order of ['resume', 'stop']) {
      const said = await call([order, 'birds'])
      expect([said.code, said.stderr]).toEqual([1, expect.stringContaining('birds is being forgotten')])
    }
    const again = await call(crawl('birds', newOut(), 'http://d.test/'))
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('pairmill forget birds')])
    const shown = [await call(['status', 'birds']), await call(['status'])]
    for (const { code, stdout } of shown)
      expect([code, stdout]).toEqual([0, expect.stringMatching(/forgetting/)])
    expect(await worker('all', '--until-done').ended).toMatchObject({ code: 0 })
    expect((await call(['forget', 'birds'])).code).toBe(0)
    expect(await keysOfRun('breaks', 1)).toEqual([])
    // A host that answered slowly is still waited for; its record knows that much and nothing of the run.
    for (const host of await redis.keys('{breaks}:[h]:*')) {
      const ofRun = Object.keys(await redis.hgetall(host)).filter((field) => !'nvwxy'.includes(field))
      expect(ofRun).toEqual([])
    }
    expect(await problemsOf(out)).toEqual([])
  })
})
