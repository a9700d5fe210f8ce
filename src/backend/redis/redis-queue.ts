import { Queue, Worker } from 'bullmq'
import { createWorkQueue, type QueueMaker, type WorkQueue } from '../work-queue.js'
import type { RedisClient } from './connection.js'
import { queuePrefixOf } from './keys.js'
import type { ServerMonitor } from './server-monitor.js'

/** A job that dies with its worker is found again after this long; its lease in the backend outlives it. */
const lockDurationMs = 30_000
const stalledIntervalMs = 5_000

/** BullMQ writes down what happens to each job, for listeners; there are none. */
const maxEvents = 100

export interface RedisQueueSettings {
  readonly prefix: string
  readonly mayAskInfo?: boolean
  /** While the server takes no writes no item is asked for: BullMQ would ask again at once, thousands of times a second. */
  readonly monitor?: Pick<ServerMonitor, 'takesWork' | 'onChange'>
}

/** Doorbells in the same server as the backend. The connection is shared; each worker makes one more, to wait on. */
export function redisQueue(
  redis: RedisClient,
  { prefix, mayAskInfo = true, monitor }: RedisQueueSettings,
  onError: (error: Error) => void,
): WorkQueue {
  const workers = new Set<Worker>()
  monitor?.onChange(() => {
    // Neither asks the server for anything, nor waits for what is under way.
    for (const worker of workers) {
      const changed = monitor.takesWork ? worker.resume() : worker.pause(true)
      Promise.resolve(changed).catch(onError)
    }
  })
  // Its version is all that BullMQ asks INFO for; without it, it waits in whole seconds.
  const shared = { connection: redis, prefix: queuePrefixOf(prefix), skipVersionCheck: !mayAskInfo }
  const make: QueueMaker = {
    queue: (name) => {
      const queue = new Queue(name, { ...shared, streams: { events: { maxLen: maxEvents } } })
      queue.on('error', onError)
      return queue as unknown as ReturnType<QueueMaker['queue']>
    },
    worker: (name, process, { concurrency }) => {
      const worker = new Worker(name, process as never, {
        ...shared,
        concurrency,
        lockDuration: lockDurationMs,
        stalledInterval: stalledIntervalMs,
        // A job that lost its worker any number of times is still only a doorbell.
        maxStalledCount: 1_000_000_000,
      })
      workers.add(worker)
      worker.on('closing', () => workers.delete(worker))
      return worker as unknown as ReturnType<QueueMaker['worker']>
    },
  }
  return createWorkQueue(make)
}
