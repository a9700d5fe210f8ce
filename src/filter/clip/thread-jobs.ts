import type { Worker } from 'node:worker_threads'
import type { FromThread, ToThread } from './messages.js'

/** The thread with the model died: no call will ever be answered again. */
export class ClipLost extends Error {
  override readonly name = 'ClipLost'
}

/** Answer to a job. */
export type Answer = Extract<FromThread, { kind: 'embeddings' }>

interface Pending {
  resolve(answer: Answer): void
  reject(reason: unknown): void
}

/** Jobs of the model's thread, which takes them in their order. */
interface ThreadJobs {
  /** Rejects with the signal's reason when cancelled, and with `ClipLost` when the thread has died. `pictures`: in shared memory. */
  run(pictures: readonly Uint8Array[], texts: readonly string[], signal: AbortSignal): Promise<Answer>
  /** Ends the thread after the jobs that it has; idempotent. */
  close(): Promise<void>
}

/** `closeDeadlineMs`: longest wait for the thread to end by itself before it is ended. */
export function threadJobs(worker: Worker, closeDeadlineMs: number): ThreadJobs {
  const pending = new Map<number, Pending>()
  let nextId = 0
  /** Why no further job is taken; null = the thread lives. */
  let ended: ClipLost | null = null
  const exited = new Promise<void>((resolve) => {
    const lose = (why: string) => {
      ended ??= new ClipLost(why)
      for (const { reject } of pending.values()) reject(ended)
      pending.clear()
    }
    worker.on('error', (cause) => lose(`The model's thread died: ${cause.message}`))
    worker.on('exit', (code) => {
      lose(`The model's thread ended (exit ${code})`)
      resolve()
    })
  })
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'ready' || message.kind === 'refused') return
    // A cancelled job is no longer waited for: its answer is dropped.
    const job = pending.get(message.id)
    pending.delete(message.id)
    if (message.kind === 'failed') job?.reject(new Error(`The model failed: ${message.message}`))
    else if (message.kind !== 'cancelled') job?.resolve(message)
  })
  const post = (message: ToThread) => worker.postMessage(message)

  return {
    run: async (pictures, texts, signal) => {
      signal.throwIfAborted()
      if (ended !== null) throw ended
      const id = nextId++
      const cancelled = new Int32Array(new SharedArrayBuffer(4))
      let onAbort = () => {}
      const answered = new Promise<Answer>((resolve, reject) => {
        pending.set(id, { resolve, reject })
        onAbort = () => {
          Atomics.store(cancelled, 0, 1)
          pending.delete(id)
          reject(signal.reason)
        }
      })
      signal.addEventListener('abort', onAbort)
      post({ kind: 'job', id, cancelled, pictures, texts })
      return await answered.finally(() => signal.removeEventListener('abort', onAbort))
    },
    close: async () => {
      if (ended === null) {
        ended = new ClipLost('The model was closed')
        post({ kind: 'close' })
      }
      const late = setTimeout(() => void worker.terminate(), closeDeadlineMs)
      await exited
      clearTimeout(late)
    },
  }
}
