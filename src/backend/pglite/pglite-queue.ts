import { createPostgresBackend, Queue, Worker } from 'bullmq'
import { type BellMaker, type Bells, createBells } from '../work-queue.js'
import type { Database } from './database.js'
import { type PoolShape, poolOf } from './pool.js'

/** A job that dies with its worker is found again after this long; its lease in the backend outlives it. */
const lockDurationMs = 30_000
const stalledIntervalMs = 5_000

/** Doorbells in the same database as the backend. */
export function pgliteBells(database: Database, onError: (error: Error) => void): Bells {
  // BullMQ's own type of a pool has overloads of `on` that only a real pg.Pool spells out.
  const connection = poolOf(database) as PoolShape & Parameters<typeof createPostgresBackend>[1]['connection']
  const make: BellMaker = {
    queue: (name) => {
      const queue = new Queue(name, { connection }, createPostgresBackend)
      queue.on('error', onError)
      return queue as unknown as ReturnType<BellMaker['queue']>
    },
    worker: (name, process, { concurrency }) =>
      new Worker(
        name,
        process as never,
        {
          connection,
          concurrency,
          lockDuration: lockDurationMs,
          stalledInterval: stalledIntervalMs,
          // A job that lost its worker any number of times is still only a doorbell.
          maxStalledCount: 1_000_000_000,
        },
        createPostgresBackend,
      ) as unknown as ReturnType<BellMaker['worker']>,
  }
  return createBells(make)
}
