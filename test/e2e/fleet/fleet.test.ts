import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { fleetDesk } from '../../fixtures/fleet/fleet-desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'
import { pairmill, pairsOf, problemsOf, tempFolder } from '../../fixtures/run/pairmill.js'
import { keepsAll, serveSite } from '../../fixtures/run/small-site.js'
import { startTestWeb, type TestWeb } from '../../fixtures/run/test-web.js'

describe.skipIf(serverCommand === null)(`a fleet${whyNoServer}`, { timeout: 300_000 }, () => {
  let server: RedisServer
  let web: TestWeb
  beforeAll(async () => {
    ;[server, web] = await Promise.all([startRedis('--maxmemory-policy', 'noeviction'), startTestWeb()])
  }, 180_000)
  afterAll(async () => {
    await Promise.all([server.close(), web.close()])
  })
  let fleets = 0
  /** A fleet of its own on the server that all tests share. */
  const open = async () => {
    const desk = await fleetDesk(`${server.url}?prefix=fleet-${fleets++}`)
    onTestFinished(desk.close)
    return desk
  }
  const calm = [...keepsAll, '--delay-ms', '4']
  const crawl = (run: string, out: string, ...seeds: readonly string[]) => [
    ...['crawl', ...seeds, '--run', run, '--out', out, ...calm, '--batch-size', '6', ...web.words],
  ]

  it('carries a run out that was started before any worker, and adds seeds to it later', async () => {
    const wanted = await serveSite(web, { hosts: ['a.test', 'b.test'], pagesPerHost: 6, perPage: 2 })
    const more = await serveSite(web, { hosts: ['c.test'], pagesPerHost: 4, perPage: 2, first: 100 })
    const { call, worker, statusOf } = await open()
    const out = join(tempFolder(), 'out')

    const started = await call(crawl('birds', out, 'http://a.test/', 'http://b.test/'))
    expect(started).toMatchObject({ code: 0 })
    expect(started.stdout).toContain('birds: started with 2 seeds')
    expect(started.stdout).toContain('no worker is there yet')
    expect(await statusOf('birds')).toMatchObject({ state: 'running', queues: { urls: 2 }, workers: [] })

    const roles = ['crawl', 'filter', 'shard'].map((role) => worker(role, '--until-done'))
    for (const { ended } of roles) expect(await ended).toMatchObject({ code: 0 })
    const shown = await call(['status', 'birds', '--json'])
    expect(JSON.parse(shown.stdout)).toMatchObject({
      state: 'done',
      counters: { pages: 12, candidates: wanted.length, kept: wanted.length },
      workers: [],
    })
    expect(await pairsOf(out)).toEqual(wanted)
    expect((await pairmill(['verify', out])).stdout).toContain('nothing is wrong')
    // Beside the dataset, for those who do not see the fleet.
    expect(JSON.parse((await pairmill(['status', out, '--json'])).stdout)).toMatchObject({
      run: 'birds',
      state: 'done',
      pid: null,
      counters: { kept: wanted.length },
    })

    const added = await call(['crawl', 'http://c.test/', '--run', 'birds'])
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('1 seed given') })
    expect(await statusOf('birds')).toMatchObject({ state: 'running' })
    expect(await worker('all', '--until-done').ended).toMatchObject({ code: 0 })
    expect(await pairsOf(out)).toEqual([...wanted, ...more].sort())
    expect(await problemsOf(out)).toEqual([])
  })

  it('writes to no folder with a stranger’s files, whether they were there before the run or its workers', async () => {
    const { call, worker } = await open()
    const theirs = tempFolder()
    writeFileSync(join(theirs, '00000.tar'), '')
    const said = "files that are not pairmill's, and a dataset has the same names: 00000.tar"
    const refused = await call(crawl('one', theirs, 'http://d.test/'))
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(said)])
    const later = join(tempFolder(), 'out')
    expect((await call(crawl('two', later, 'http://d.test/'))).code).toBe(0)
    mkdirSync(later)
    writeFileSync(join(later, '00000.tar'), '')
    const working = worker('all')
    await working.said(said)
    working.child.kill('SIGTERM')
    await working.ended
    for (const folder of [theirs, later]) expect(readdirSync(folder)).toEqual(['00000.tar'])
  })

  it('refuses to go on with a run by other options, and names them', async () => {
    await serveSite(web, { hosts: ['d.test'], pagesPerHost: 1, perPage: 1, first: 200 })
    const { call } = await open()
    const out = join(tempFolder(), 'out')
    expect((await call(crawl('one', out, 'http://d.test/'))).code).toBe(0)
    const scoped = await call(['crawl', 'http://d.test/', '--run', 'one', '--scope', 'any'])
    expect(scoped).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('--scope: the run has "host", this command says "any"'),
    })
    const moved = await call(['crawl', 'http://d.test/', '--run', 'one', '--out', `${out}-2`])
    expect(moved).toMatchObject({ code: 4, stderr: expect.stringContaining('--out') })
    expect((await call(['pause', 'one'])).stdout).toContain('one paused')
    expect((await call(['pause', 'one'])).stdout).toContain('there is nothing to pause')
    const unknown = await call(['pause', 'two'])
    expect(unknown).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no run two; there are: one'),
    })
  })

  it('starts nothing in a paused run, goes on where it was, and ends a stopped one with what it has', async () => {
    await serveSite(web, { hosts: ['e.test', 'f.test'], pagesPerHost: 30, perPage: 1, first: 300 })
    const { call, worker, statusOf, order } = await open()
    const out = join(tempFolder(), 'out')
    await call(crawl('slow', out, 'http://e.test/', 'http://f.test/', '--delay-ms', '150'))
    const begun = new Promise<void>((heard) => {
      let left = 10
      const stop = web.onRequest((host) => {
        if ((host === 'e.test' || host === 'f.test') && --left === 0) {
          stop()
          heard()
        }
      })
    })
    const all = worker('all')
    await begun
    await order('slow', 'pause')
    /** Until nothing is under way any more. */
    const calmed = async () => {
      for (;;) {
        const before = web.seen.length
        const { counters, queues, state } = await statusOf('slow')
        await setTimeout(200)
        const later = await statusOf('slow')
        const same = JSON.stringify([counters, queues]) === JSON.stringify([later.counters, later.queues])
        if (same && web.seen.length === before) return state
      }
    }
    expect(await calmed()).toBe('paused')
    const pages = (await statusOf('slow')).counters.pages!
    expect(pages).toBeLessThan(60)
    await order('slow', 'resume')
    while ((await statusOf('slow')).counters.pages! < pages + 4) await setTimeout(20)
    await order('slow', 'stop')
    for (;;) {
      const { state } = await statusOf('slow')
      if (state === 'stopped') break
      expect(state).toBe('stopping')
      await setTimeout(50)
    }
    all.child.kill('SIGTERM')
    expect(await all.ended).toMatchObject({ code: 143 })
    const { counters, workers } = await statusOf('slow')
    expect(counters.pages).toBeLessThan(60)
    expect(workers).toEqual([])
    expect(await pairsOf(out)).toHaveLength(counters.kept ?? 0)
    expect(await problemsOf(out)).toEqual([])
  })

  it('keeps to one politeness over runs and processes', async () => {
    await serveSite(web, { hosts: ['g.test'], pagesPerHost: 8, perPage: 1, first: 400 })
    const { call, worker } = await open()
    const delayMs = 400
    const times: number[] = []
    const stop = web.onRequest((host) => {
      if (host === 'g.test') times.push(performance.now())
    })
    for (const run of ['one', 'two']) {
      const words = crawl(run, join(tempFolder(), 'out'), 'http://g.test/')
      expect(
        (await call([...words, '--delay-ms', String(delayMs), '--image-delay-ms', String(delayMs)])).code,
      ).toBe(0)
    }
    const workers = [worker('all', '--until-done'), worker('all', '--until-done')]
    for (const { ended } of workers) expect(await ended).toMatchObject({ code: 0 })
    stop()
    expect(times.length).toBeGreaterThanOrEqual(2 * 16)
    // A request may come late after its slot, and close to the next one then; never early. So each is far enough from one of the four before it.
    const isApart = (time: number, n: number) =>
      [1, 2, 3, 4].some((back) => time - times[n - back]! > (back - 0.4) * delayMs)
    expect(times.filter((time, n) => n >= 4 && !isApart(time, n))).toEqual([])
    // And all of them together, from where the least late of the first four has them begin: two that do not share a clock need half the time.
    const begun = Math.min(...times.slice(0, 4).map((time, n) => time - n * delayMs))
    expect(times.at(-1)! - begun).toBeGreaterThan((times.length - 1 - 0.4) * delayMs)
  })

  it('is not there where the server is not', async () => {
    const status = (url: string) => pairmill(['status', '--backend', url])
    const { code, stderr } = await status('redis://127.0.0.1:1')
    expect(code).toBe(6)
    expect(stderr).toContain('redis://127.0.0.1:1 cannot be used')
    expect((await status('mysql://x')).code).toBe(6)
  })
})
