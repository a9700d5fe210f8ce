import { DelayedError, Queue, Worker, type WorkerOptions } from 'bullmq'
import { marginMs, type WorkItem, type WorkKind, type WorkQueue } from '../work-queue.js'
import type { RedisClient } from './connection.js'
import { queuePrefixOf } from './keys.js'
import type { ServerMonitor } from './server-monitor.js'

/** A job that dies with its worker is found again after this long; its lease in the backend outlives it. */
const lockDurationMs = 30_000
const stalledIntervalMs = 5_000

/** BullMQ writes down what happens to each job, for listeners; there are none. */
const maxEvents = 100
/** Items that may wait where more are told in passing. */
const few = 256
/** An item that is put off for longer is dropped: its time stands in the backend, and the scheduler notifies when it comes. */
const longestDelayMs = 2_000
/** Jobs that are looked at in one call. */
const jobsAtOnce = 500

interface RedisQueueSettings {
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
  // Its version is all that BullMQ asks INFO for; without it, it waits in whole seconds.
  const shared = { connection: redis, prefix: queuePrefixOf(prefix), skipVersionCheck: !mayAskInfo }
  const opened = (kind: WorkKind): KindQueue => {
    const queue = new Queue<WorkItem, void, WorkKind>(kind, {
      ...shared,
      streams: { events: { maxLen: maxEvents } },
    })
    queue.on('error', onError)
    return queue
  }
  const queues = { session: opened('session'), batch: opened('batch'), plan: opened('plan') }
  const notify: WorkQueue['notify'] = async (kind, run, keys, delayMs = 0) => {
    if (keys.length > 0) await queues[kind].addBulk(keys.map((key) => jobFor(kind, run, key, delayMs)))
  }
  return {
    notify,
    hint: async (kind, run, keys) => {
      if (keys.length === 0) return
      await notify(kind, run, keys.slice(0, Math.max(few - (await queues[kind].getWaitingCount()), 0)))
    },
    size: (kind) => queues[kind].getJobCountByTypes('waiting', 'active', 'delayed'),
    consume: redisConsumers(shared, monitor, onError),
    drop: async (run) => {
      for (const queue of Object.values(queues)) await dropItems(queue, run)
    },
    clear: async () => {
      for (const queue of Object.values(queues)) await queue.obliterate({ force: true })
    },
    close: async () => {
      for (const queue of Object.values(queues)) await queue.close()
    },
  }
}

/** A notification as BullMQ takes it. Pure. */
function jobFor(kind: WorkKind, run: string, key: string, delayMs: number) {
  return {
    name: kind,
    data: { v: 1 as const, run, key },
    opts: {
      // It takes the place of one that was put off: by whose clock, and how far off that was, no longer matters.
      deduplication: { id: `${run}/${key}`, keepLastIfActive: true, replace: true },
      delay: delayMs,
      removeOnComplete: true,
      removeOnFail: true,
    },
  }
}

/** Consumers of one process: they stand still together while the server takes no writes. `onError`: where one cannot be told so. */
function redisConsumers(
  shared: Pick<WorkerOptions, 'connection' | 'prefix' | 'skipVersionCheck'>,
  monitor: RedisQueueSettings['monitor'],
  onError: (error: Error) => void,
): WorkQueue['consume'] {
  const workers = new Set<Worker>()
  monitor?.onChange(() => {
    // Neither asks the server for anything, nor waits for what is under way.
    for (const worker of workers) {
      const changed = monitor.takesWork ? worker.resume() : worker.pause(true)
      Promise.resolve(changed).catch(onError)
    }
  })
  return (kind, concurrency, work, onError) => {
    const worker = new Worker<WorkItem>(
      kind,
      async (job, token) => {
        const result = await work(job.data)
        if (result.kind === 'done' || result.inMs > longestDelayMs) return
        await job.moveToDelayed(Date.now() + result.inMs + marginMs, token)
        throw new DelayedError()
      },
      {
        ...shared,
        concurrency,
        lockDuration: lockDurationMs,
        stalledInterval: stalledIntervalMs,
        // A job that lost its worker any number of times is still only a doorbell.
        maxStalledCount: 1_000_000_000,
      },
    )
    workers.add(worker)
    worker.on('closing', () => workers.delete(worker))
    worker.on('error', onError)
    worker.on('failed', (_job, error) => onError(error))
    return { close: (now) => worker.close(now) }
  }
}

type KindQueue = Queue<WorkItem, void, WorkKind>

/** Removes what waits for a run, page by page: a page that lost some is followed by what moved up. */
async function dropItems(queue: KindQueue, run: string): Promise<void> {
  for (const state of ['waiting', 'delayed'] as const) {
    for (let first = 0; ; ) {
      const jobs = await queue.getJobs([state], first, first + jobsAtOnce - 1)
      // One that was answered meanwhile is none.
      const ids = jobs.flatMap((job) => (job?.id && job.data.run === run ? [job.id] : []))
      const removed = await Promise.all(ids.map((id) => queue.remove(id)))
      if (jobs.length < jobsAtOnce) break
      first += jobsAtOnce - removed.reduce((sum, one) => sum + one, 0)
    }
  }
}
