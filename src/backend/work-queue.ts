import { DelayedError, type Job, type Queue, type Worker } from 'bullmq'

/** Kinds of work that can be rung for: a host to visit, a batch to filter, a plan to carry out. */
export const bellKinds = ['session', 'batch', 'plan'] as const
export type BellKind = (typeof bellKinds)[number]

export interface Ring {
  readonly v: 1
  readonly run: string
  /** Host, batch or plan. */
  readonly key: string
}

/** `again`: there is more to do under this key, in so many ms. */
export type Visited = { readonly kind: 'done' } | { readonly kind: 'again'; readonly inMs: number }
export type Visit = (ring: Ring) => Promise<Visited>

export interface BellMaker {
  queue(name: string): Queue<Ring>
  worker(
    name: string,
    process: (job: Job<Ring>, token?: string) => Promise<void>,
    options: { concurrency: number },
  ): Worker<Ring>
}

export interface Answering {
  /** Takes nothing new, and waits until what is under way has ended, unless `now`. */
  close(now: boolean): Promise<void>
}

/**
 * Doorbells over BullMQ. A ring can be lost, doubled or late and nothing is lost with it: the backend knows what is to be done, and
 * whoever answers asks it. Rings of one key are held together by BullMQ's deduplication; one that comes while the key is being
 * answered is kept for afterwards (keepLastIfActive).
 */
export interface Bells {
  ring(kind: BellKind, run: string, keys: readonly string[], delayMs?: number): Promise<void>
  answer(kind: BellKind, concurrency: number, visit: Visit, onError: (error: Error) => void): Answering
  /** Takes the rings of a run away that nobody answers yet, as far as none comes or goes meanwhile. */
  drop(run: string): Promise<void>
  /** Takes every ring away. For a process that is alone: it rings anew from the backend. */
  silence(): Promise<void>
  close(): Promise<void>
}

/** The holder of a key may let go of it long before its lease ends, and cannot wake others that wait for it: they look again this soon. */
const busyMs = 1_000

/** The answer to a ring whose key another one holds. */
export function busyFor(inMs: number): Visited {
  return { kind: 'again', inMs: Math.min(inMs, busyMs) }
}

/** After the frontier said 'not yet', so that the next visit does not come a hair too early. */
export const marginMs = 2

/** Jobs that are looked at in one call. */
const jobsAtOnce = 500

export function createBells(make: BellMaker): Bells {
  const queues = new Map(bellKinds.map((kind) => [kind, make.queue(kind)]))
  const queueOf = (kind: BellKind): Queue<Ring> => {
    const queue = queues.get(kind)
    if (queue === undefined) throw new Error(`no queue for ${kind}`)
    return queue
  }
  return {
    ring: async (kind, run, keys, delayMs = 0) => {
      if (keys.length === 0) return
      await queueOf(kind).addBulk(
        keys.map((key) => ({
          name: kind,
          data: { v: 1 as const, run, key },
          opts: {
            // A ring takes the place of one that was put off: by whose clock, and how far off that was, no longer matters.
            deduplication: { id: `${run}/${key}`, keepLastIfActive: true, replace: true },
            delay: delayMs,
            removeOnComplete: true,
            removeOnFail: true,
          },
        })),
      )
    },
    answer: (kind, concurrency, visit, onError) => {
      const worker = make.worker(
        kind,
        async (job, token) => {
          const visited = await visit(job.data)
          if (visited.kind === 'done') return
          await job.moveToDelayed(Date.now() + visited.inMs + marginMs, token)
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
    silence: async () => {
      for (const queue of queues.values()) await queue.obliterate({ force: true })
    },
    close: async () => {
      for (const queue of queues.values()) await queue.close()
    },
  }
}
