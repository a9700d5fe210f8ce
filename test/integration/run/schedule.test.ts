import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRedisHub } from '../../../src/backend/redis/redis-hub.js'
import type { WorkQueue } from '../../../src/backend/work-queue.js'
import { schedule } from '../../../src/run/schedule.js'
import { hex, newToken, noLimits, openDesk, roomy } from '../../contracts/backend/desk.js'
import { type RedisServer, serverCommand, startRedis, whyNoServer } from '../../fixtures/redis/server.js'

describe.skipIf(serverCommand === null)(`the queue of a fleet${whyNoServer}`, { timeout: 120_000 }, () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.close())

  /** A run of many hosts, with a scheduler that any number of workers' places stand behind. */
  const opened = async (hosts: number, places: number) => {
    const hub = await openRedisHub(`${server.url}?prefix=q${hex(4)}`, () => {})
    if ('message' in hub) throw new Error(hub.message)
    const desk = await openDesk(hub.backend)
    const urls = Array.from({ length: hosts }, (_, i) => desk.urlOf(`h${i}`, 0))
    for (let i = 0; i < hosts; i += 1_000) await desk.offer(...urls.slice(i, i + 1_000))
    let told = 0
    const queue: WorkQueue = {
      ...hub.queue,
      notify: async (kind, run, keys, delayMs) => {
        told += keys.length
        await hub.queue.notify(kind, run, keys, delayMs)
      },
    }
    const settings = {
      run: desk.run,
      shardSize: 100,
      minShards: 1,
      seed: '',
      format: 'jpg',
      settleMs: 0,
    } as const
    const round = () =>
      schedule(
        {
          run: desk.run,
          backend: hub.backend,
          queue,
          limits: noLimits,
          maxTimeMs: null,
          batch: roomy,
          shard: { deps: { backend: hub.backend, queue }, settings },
          runs: 1,
          places: () => places,
        },
        { notify: true },
      )
    const toldSince = async (act: () => Promise<unknown>) => {
      const before = told
      await act()
      return told - before
    }
    return { hub, desk, round, toldSince }
  }

  it('holds as much as the places can take soon, however many hosts are due', async () => {
    const { hub, round, toldSince } = await opened(3_000, 8)
    expect(await toldSince(round)).toBe(32)
    // Nobody answers: what has an item gets no other one.
    expect(
      await toldSince(async () => {
        for (let i = 0; i < 20; i++) await round()
      }),
    ).toBe(0)
    expect(await hub.queue.size('session')).toBe(32)

    const answered: string[] = []
    const worker = hub.queue.consume(
      'session',
      8,
      async ({ key }) => {
        answered.push(key)
        return { kind: 'done' }
      },
      () => {},
    )
    await expect.poll(() => hub.queue.size('session'), { timeout: 60_000 }).toBe(0)
    await round()
    await expect.poll(() => answered.length, { timeout: 60_000 }).toBe(64)
    // Those that came first are not told of again while others wait.
    expect(new Set(answered).size).toBe(64)
    await worker.close(false)
    await hub.close()
  })

  it('gets no longer by what commits find', async () => {
    const { hub, desk } = await opened(1, 8)
    await desk.offer(desk.urlOf('start', 0))
    const session = await desk.session('start')
    const offers = Array.from({ length: 2_000 }, (_, i) => desk.urlOf(`found${i}`, 0))
    const committed = await desk.commit(session, { offers })
    if (committed.kind !== 'committed') throw new Error(committed.kind)
    expect(committed.hosts.length).toBeGreaterThanOrEqual(2_000)
    for (let i = 0; i < 10; i++) await hub.queue.hint('session', desk.run, committed.hosts)
    expect(await hub.queue.size('session')).toBe(256)
    await hub.close()
  })

  it('has one item for each slot of a run with open batches, and none for batches beyond', async () => {
    const { hub, desk, round, toldSince } = await opened(1, 3)
    await desk.bring(desk.candidates(50), { ...roomy, batchSize: 5 })
    expect((await hub.backend.openBatches(desk.run, 100)).length).toBe(10)
    await toldSince(round)
    expect(await hub.queue.size('batch')).toBe(3)
    expect(await toldSince(round)).toBe(0)
    const [batch = ''] = await hub.backend.openBatches(desk.run, 1)
    await hub.backend.leaseBatch({ run: desk.run, batch, token: newToken(), leaseMs: 60_000 })
    expect((await hub.backend.openBatches(desk.run, 100)).length).toBe(9)
    await hub.close()
  })
})
