import { DelayedError, type Job, type Queue, type Worker } from 'bullmq'

/** Kinds of work: a host to crawl, a batch to judge, a plan to carry out. */
export const workKinds = ['session', 'batch', 'plan'] as const
export type WorkKind = (typeof workKinds)[number]

export interface WorkItem {
  readonly v: 1
  readonly run: string
  /** Host, batch or plan. */
  readonly key: string
}

/** `again`: there is more to do under this key, in so many ms. */
export type WorkResult = { readonly kind: 'done' } | { readonly kind: 'again'; readonly inMs: number }
export type Work = (item: WorkItem) => Promise<WorkResult>

export interface QueueMaker {
  queue(name: string): Queue<WorkItem>
  worker(
    name: string,
    process: (job: Job<WorkItem>, token?: string) => Promise<void>,
    options: { concurrency: number },
  ): Worker<WorkItem>
}

export interface Consumer {
  /** Takes nothing new, and waits until what is under way has ended, unless `now`. */
  close(now: boolean): Promise<void>
}

/**
 * Queue of what may be to be done. An item is a doorbell: it can be lost, doubled or late and nothing is lost with it, since the backend knows
 * what is to be done, and whoever consumes the item asks it. Items of one key are held together; a notification that comes while the key is worked
 * on is kept for afterwards.
 */
export interface WorkQueue {
  notify(kind: WorkKind, run: string, keys: readonly string[], delayMs?: number): Promise<void>
  consume(kind: WorkKind, concurrency: number, work: Work, onError: (error: Error) => void): Consumer
  /** Takes the items of a run away that nobody works on yet, as far as none comes or goes meanwhile. */
  drop(run: string): Promise<void>
  /** Takes every item away. For a process that is alone: its scheduler notifies anew from the backend. */
  clear(): Promise<void>
  close(): Promise<void>
}

/** The holder of a key may let go of it long before its lease ends, and cannot wake others that wait for it: they look again this soon. */
const busyMs = 1_000

/** Result of an item whose key another one holds. */
export function busyFor(inMs: number): WorkResult {
  return { kind: 'again', inMs: Math.min(inMs, busyMs) }
}

/** After the frontier said 'not yet', so that the next visit does not come a hair too early. */
export const marginMs = 2

/** Jobs that are looked at in one call. */
const jobsAtOnce = 500

export function createWorkQueue(make: QueueMaker): WorkQueue {
  const queues = new Map(workKinds.map((kind) => [kind, make.queue(kind)]))
  const queueOf = (kind: WorkKind): Queue<WorkItem> => {
    const queue = queues.get(kind)
    if (queue === undefined) throw new Error(`no queue for ${kind}`)
    return queue
  }
  return {
    notify: async (kind, run, keys, delayMs = 0) => {
      if (keys.length === 0) return
      await queueOf(kind).addBulk(
        keys.map((key) => ({
          name: kind,
          data: { v: 1 as const, run, key },
          opts: {
            // A notification takes the place of one that was put off: by whose clock, and how far off that was, no longer matters.
            deduplication: { id: `${run}/${key}`, keepLastIfActive: true, replace: true },
            delay: delayMs,
            removeOnComplete: true,
            removeOnFail: true,
          },
        })),
      )
    },
    consume: (kind, concurrency, work, onError) => {
      const worker = make.worker(
        kind,
        async (job, token) => {
          const result = await work(job.data)
          if (result.kind === 'done') return
          await job.moveToDelayed(Date.now() + result.inMs + marginMs, token)
          throw new DelayedError()
        },
        { concurrency },
      )
      worker.on('error', onError)
      worker.on('failed', (_job, error) => onError(error))
      return { close: (now) => worker.close(now) }
    },
    drop: async (run) => {
      for (const queue of queues.values()) {
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
    },
    clear: async () => {
      for (const queue of queues.values()) await queue.obliterate({ force: true })
    },
    close: async () => {
      for (const queue of queues.values()) await queue.close()
    },
  }
}
