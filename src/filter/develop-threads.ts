import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { Develop, DevelopOutcome } from './develop.js'
import type { ThreadAnswer, ThreadRequest } from './develop-thread.js'

export interface DevelopThreads {
  readonly develop: Develop
  /** Ends the threads; what they worked on is lost. */
  readonly close: () => Promise<void>
}

interface DevelopThreadsOptions {
  /** Pictures at once, of which a thread takes two: while one waits for the image library, it has the other. */
  readonly atOnce: number
  /** Longest time for one picture, from the moment it is given; default 90 s: no two of one thread take that long. */
  readonly deadlineMs?: number
  /** What a thread runs; asked when the first one is begun. */
  readonly scriptOf?: () => string
}

/** Memory of a thread's own objects; pixels and files lie beside it. A thread that needs more is ended by the engine. */
const resourceLimits = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 }

/** More would wait for each other: the image library works in libuv's pool, which has four threads. */
const mostThreads = 4

interface Waiting {
  readonly resolve: (outcome: DevelopOutcome) => void
  readonly reject: (reason: unknown) => void
}

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, Waiting>
}

/**
 * Threads that develop pictures, so that the one which holds connections and databases does not. Bytes go there and the
 * stored image comes back by transfer. A thread that ends, or is ended because a picture took too long, loses what it worked on,
 * and the next picture begins another.
 */
export function createDevelopThreads({
  atOnce,
  deadlineMs = 90_000,
  scriptOf = () => createRequire(import.meta.url).resolve('#threads/filter/develop-thread.js'),
}: DevelopThreadsOptions): DevelopThreads {
  const most = Math.max(1, Math.min(mostThreads, Math.ceil(atOnce / 2)))
  const threads = new Set<Thread>()
  let nextId = 0

  const begin = (): Thread => {
    const worker = new Worker(scriptOf(), { name: 'pictures', execArgv: [], resourceLimits })
    const thread: Thread = { worker, waiting: new Map() }
    const end = () => {
      threads.delete(thread)
      for (const { resolve } of thread.waiting.values()) resolve({ reason: 'lost' })
      thread.waiting.clear()
    }
    worker.on('message', (answer: ThreadAnswer) => {
      // A picture that was called off is no longer waited for.
      const waiting = thread.waiting.get(answer.id)
      if ('failed' in answer) waiting?.reject(new Error(`a picture could not be developed: ${answer.failed}`))
      else waiting?.resolve(answer.outcome)
    })
    // What ended it is of no use to anybody: each of its pictures is tried apart, and tells by itself.
    worker.on('error', end)
    worker.on('exit', end)
    threads.add(thread)
    return thread
  }

  const threadFor = (): Thread => {
    const free = [...threads].sort((a, b) => a.waiting.size - b.waiting.size)[0]
    return free === undefined || (free.waiting.size > 0 && threads.size < most) ? begin() : free
  }

  const develop: Develop = (bytes, recipe, signal) => {
    signal.throwIfAborted()
    const id = nextId++
    const thread = threadFor()
    const { worker, waiting } = thread
    return new Promise<DevelopOutcome>((resolve, reject) => {
      const onAbort = () => settle(() => reject(signal.reason))
      const late = setTimeout(() => void worker.terminate(), deadlineMs)
      const settle = (how: () => void) => {
        clearTimeout(late)
        signal.removeEventListener('abort', onAbort)
        waiting.delete(id)
        // A thread without work keeps no process alive.
        if (waiting.size === 0) worker.unref()
        how()
      }
      signal.addEventListener('abort', onAbort)
      waiting.set(id, {
        resolve: (outcome) => settle(() => resolve(outcome)),
        reject: (reason) => settle(() => reject(reason)),
      })
      worker.ref()
      const own = ownBytes(bytes)
      worker.postMessage({ id, bytes: own, recipe } satisfies ThreadRequest, [own.buffer])
    })
  }

  return {
    develop,
    close: async () => {
      await Promise.all([...threads].map(({ worker }) => worker.terminate()))
    },
  }
}

/** The bytes alone in their memory, so that it can be given away: themselves, or a copy where others lie beside them. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes
  const isAlone = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
  return isAlone ? new Uint8Array(buffer) : new Uint8Array(bytes)
}
