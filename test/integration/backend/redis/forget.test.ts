import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Backend } from '../../../../src/backend/backend.js'
import { connectRedis, type RedisClient } from '../../../../src/backend/redis/connection.js'
import { redisBackend } from '../../../../src/backend/redis/redis-backend.js'
import {
  type Desk,
  decidedPage,
  eventually,
  newImage,
  noLimits,
  openDesk,
  roomy,
} from '../../../contracts/backend/desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../../fixtures/redis/server.js'

const prefix = 'forget'
const root = `{${prefix}}:`
/** Every letter with which a key of a run begins (lua/parts/keys.lua). */
const letters = [...'bcdefgijkmpqrstuvwxyz']
/** More than a slice takes. */
const manyHosts = 700

describe.skipIf(serverCommand === null)(`a run that is forgotten${whyNoServer}`, { timeout: 60_000 }, () => {
  let server: RedisServer
  let redis: RedisClient
  let backend: Backend
  beforeAll(async () => {
    server = await startRedis()
    redis = connectRedis(server.url, () => {})
    backend = redisBackend(redis, { prefix })
  })
  beforeEach(async () => {
    await redis.flushall()
  })
  afterAll(async () => {
    redis.disconnect()
    await server.close()
  })

  const shared = (path: number) => ({
    ...{ url: `http://shared.test/${path}`, host: 'shared.test' },
    ...{ depth: 0, anchor: '', redirects: 0 },
  })

  /** A run with something under every kind of key, and whose workers died with what they held. */
  const openFull = async (name: string): Promise<Desk> => {
    const desk = await openDesk(backend, { maxPagesPerHost: 3 }, name)
    const { run } = desk
    const dies = { leaseMs: 1 }
    const hosts = Array.from({ length: manyHosts }, (_, i) => desk.urlOf(`many-${i}`, 1))
    await desk.offer(...hosts, shared(1), shared(2))
    await backend.openSources(run, ['list'])

    await desk.offer(...[0, 1, 2, 3, 4].map((n) => desk.urlOf('a', n, n % 2)))
    const session = await desk.session('a', { max: 3 })
    const [first, second, third] = session.urls
    await desk.commit(session, {
      done: [first!.id],
      decided: [decidedPage(first!, session.host)],
      retry: [{ id: second!.id, delayMs: 3_600_000 }],
      back: [third!.id],
      pages: 3,
      counters: { pages: 3 },
    })
    // It has had all its pages: what waits there is dropped.
    expect(await desk.lease('a')).toEqual({ kind: 'none' })

    await desk.offer(desk.urlOf('again', 1))
    const again = await desk.session('again')
    await desk.commit(again, { retry: again.urls.map(({ id }) => ({ id, delayMs: 3_600_000 })) })

    const batchOfOne = async () => {
      const [batch = ''] = await desk.bring(desk.candidates(1), { batchSize: 1 })
      await desk.commitBatch(await desk.heldBatch(batch), [newImage()])
      return batch
    }
    const planned = await batchOfOne()
    const plan = await backend.allotPlan({ run, batches: [planned], shards: 1, shardSize: 1 })
    await backend.leasePlan({ run, plan: plan!, token: 'dead', ...dies })
    const done = await batchOfOne()
    const carried = {
      run,
      plan: (await backend.allotPlan({ run, batches: [done], shards: 1, shardSize: 1 }))!,
    }
    await backend.leasePlan({ ...carried, token: 'done', leaseMs: 60_000 })
    await backend.commitPlan({ ...carried, token: 'done', counters: {} })
    await batchOfOne()
    const [deferred = ''] = await desk.bring(desk.candidates(2), { batchSize: 2 })
    const held = await desk.heldBatch(deferred)
    await desk.commitBatch(held, [], {
      deferred: held.candidates.map(({ id }) => ({ id, delayMs: 3_600_000 })),
    })
    const [left = ''] = await desk.bring(desk.candidates(2), { batchSize: 2 })
    await desk.heldBatch(left, dies)
    await desk.bring(desk.candidates(1), roomy)
    const [file = 0] = await backend.openPageFiles(run, true)
    await backend.leasePageFile({ run, file, token: 'dead', leaseMs: 1, settleMs: 0 })
    await desk.offer(...[5, 6].map((n) => desk.urlOf('b', n)))
    const b = await desk.session('b', { max: 1 })
    await desk.commit(b, { pages: 3, decided: b.urls.map((url) => decidedPage(url, b.host)) })
    await desk.lease('b')
    await desk.offer(desk.urlOf('c', 1), desk.urlOf('c', 2))
    await desk.session('c', { max: 1, groups: ['c'], ...dies })
    await desk.lease('c', { host: 'shared.test', max: 1, ...dies })
    return desk
  }
  const mark = (run: string) => backend.markForgotten({ run, duties: [`duty-${run}`] })
  const marked = async ({ run }: Desk) => {
    const { seedings } = await backend.progress(run)
    await backend.endRun({ run, seedings, as: 'done' })
    await eventually(
      () => mark(run),
      ({ kind }) => kind === 'marked',
    )
  }
  const keysOf = async (no: string) => {
    const all = (await redis.keys('*')).map((key) => key.slice(root.length))
    return all.filter((key) => new RegExp(`^[a-z]${no}(:|$)`).test(key))
  }
  /** Fields of hosts' records that are the run's. */
  const fieldsOf = async (no: string) => {
    const found: string[] = []
    for (const key of await redis.keys('*:[h]:*')) {
      const record = await redis.hgetall(key)
      const mine = Object.keys(record).filter((field) => field === `p${no}` || field === `d${no}`)
      if (record.r === no) mine.push('r')
      found.push(...mine.map((field) => `${key} ${field}`))
    }
    return found
  }
  const numberOf = async ({ run }: Desk) => (await redis.hget(`${root}runs`, run)) ?? ''
  const dumpOf = async (no: string) =>
    new Map(
      await Promise.all(
        (await keysOf(no)).toSorted().map(async (key) => [key, await redis.dumpBuffer(root + key)] as const),
      ),
    )

  it('leaves nothing of a host on which it took turns with another that is forgotten too', async () => {
    const [one, two] = [await openDesk(backend, {}, 'one'), await openDesk(backend, {}, 'two')]
    for (const desk of [one, two]) await backend.offer(desk.run, [shared(1)], false)
    const host = 'shared.test'
    for (const [desk, other] of [
      [one, two],
      [two, one],
    ] as const) {
      const given = await desk.session('', { host })
      await other.lease('', { host })
      await desk.commit({ ...given, host }, { lastFetchAgoMs: null })
    }
    expect(await redis.hkeys(`${root}h:${host}`)).toEqual(expect.arrayContaining(['m']))
    for (const desk of [one, two]) {
      await marked(desk)
      await backend.clearForgotten(desk.run, () => {})
    }
    expect(await redis.keys('*:h:*')).toEqual([])
  })

  it('leaves no key and no field of its number, and everything of a run whose number begins with it', async () => {
    const desk = await openFull('ended')
    await redis.set(`${root}last_run`, 9)
    const other = await openFull('other')
    const [no, otherNo] = [await numberOf(desk), await numberOf(other)]
    expect([no, otherNo]).toEqual(['1', '10'])
    const found = new Set((await keysOf(no)).map((key) => key[0]))
    expect([...found].toSorted()).toEqual(letters)
    expect((await fieldsOf(no)).length).toBeGreaterThan(manyHosts)

    await marked(desk)
    const [before, fields, progress] = [
      await dumpOf(otherNo),
      await fieldsOf(otherNo),
      await other.progress(),
    ]
    const slices: number[] = []
    await backend.clearForgotten('ended', (removed) => slices.push(removed))
    expect(slices.length).toBeGreaterThan(5)
    expect(Math.max(...slices)).toBeLessThan(2_000)
    expect(await keysOf(no)).toEqual([])
    expect(await fieldsOf(no)).toEqual([])
    expect(await dumpOf(otherNo)).toEqual(before)
    expect(await fieldsOf(otherNo)).toEqual(fields)
    expect(await other.progress()).toEqual(progress)
    expect(await redis.keys(`*ended*`)).toEqual([])
    expect(await redis.hgetall(`${root}forgetting`)).toEqual({})
    // A host that both had is the other's alone now, and gives what it has.
    expect(await other.lease('x', { host: 'shared.test' })).toMatchObject({ kind: 'urls' })
    expect((await backend.runs()).map(({ run }) => run)).toEqual(['other'])
  })

  it('is finished by the next call, wherever it was broken off', async () => {
    for (let last = 1, wasWhole = false; !wasWhole; last++) {
      const desk = await openFull('ended')
      const no = await numberOf(desk)
      await marked(desk)
      let slices = 0
      const broken = backend.clearForgotten('ended', () => {
        if (++slices === last) throw new Error('killed')
      })
      wasWhole = await broken.then(
        () => true,
        () => false,
      )
      if (!wasWhole) {
        await expect(backend.openRun('ended', {}, noLimits)).rejects.toThrow('is being forgotten')
        expect(await backend.setStanding('ended', 'running', null)).toBe(false)
        await expect(desk.offer(desk.urlOf('a', 9))).rejects.toThrow('there is no run ended')
        expect(await backend.runs()).toMatchObject([{ run: 'ended', standing: 'forgetting' }])
        expect(await mark('ended')).toEqual({ kind: 'marked' })
        await backend.clearForgotten('ended', () => {})
      }
      expect([await keysOf(no), await fieldsOf(no), await backend.runs()]).toEqual([[], [], []])
    }
  })

  it('is written to by nobody, though another run takes over a host that a dead worker held for it', async () => {
    const desk = await openFull('ended')
    const other = await openDesk(backend, {}, 'other')
    const no = await numberOf(desk)
    await other.offer(shared(7))
    await marked(desk)
    expect(await other.lease('x', { host: 'shared.test' })).toMatchObject({
      kind: 'urls',
      urls: { length: 1 },
    })
    await backend.clearForgotten('ended', () => {})
    expect([await keysOf(no), await fieldsOf(no)]).toEqual([[], []])
  })

  it('gives its memory back on a server that is full', async () => {
    const desk = await openFull('ended')
    const { seedings } = await backend.progress(desk.run)
    await backend.endRun({ run: desk.run, seedings, as: 'done' })
    await redis.config('SET', 'maxmemory', '1mb')
    try {
      await expect(desk.offer(desk.urlOf('a', 99))).rejects.toThrow('OOM')
      await eventually(
        () => mark(desk.run),
        ({ kind }) => kind === 'marked',
      )
      await backend.clearForgotten(desk.run, () => {})
    } finally {
      await redis.config('SET', 'maxmemory', '0')
    }
    expect((await redis.keys('*')).filter((key) => /:[a-z]\d/.test(key))).toEqual([])
  })
})
