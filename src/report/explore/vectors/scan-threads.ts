import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { FromScanThread, Hit, ToScanThread, VectorFile } from './scan-messages.js'

/** A file of vectors could not be read, or the thread that held it died. */
export class ScanFailed extends Error {
  override readonly name = 'ScanFailed'
}

/** Who holds vectors and compares them. */
export interface Scanner {
  /** Where it has one of this number already, that is dropped. Throws ScanFailed. */
  load(file: number, vectors: VectorFile): Promise<void>
  drop(file: number): void
  /** Nearest first. Throws ScanFailed. */
  search(query: Float32Array, most: number): Promise<readonly Hit[]>
  vector(file: number, row: number): Promise<Float32Array | null>
  close(): Promise<void>
}

/** So many of the quick scan are compared again as they are stored. */
const comparedExactly = 100

interface Pending {
  resolve(answer: FromScanThread): void
  reject(error: ScanFailed): void
}

/** Threads among which the files of vectors are dealt, so that a search takes all of them, and the process that serves none of its time. */
export function scanThreads(count: number): Scanner {
  const threads = Array.from({ length: Math.max(1, count) }, () => scanThread())
  /** By file, who has it; and how many vectors each has. */
  const holders = new Map<number, { readonly thread: number; readonly rows: number }>()
  const rowsOf = (thread: number) =>
    [...holders.values()].reduce((sum, held) => sum + (held.thread === thread ? held.rows : 0), 0)
  const ask = async (thread: number, message: Ask): Promise<FromScanThread> => {
    const asked = threads[thread]
    if (asked === undefined) throw new RangeError(`no thread ${thread}`)
    return await asked.ask(message)
  }
  const scanner: Scanner = {
    async load(file, vectors) {
      scanner.drop(file)
      const loads = threads.map((_, thread) => rowsOf(thread))
      const thread = loads.indexOf(Math.min(...loads))
      holders.set(file, { thread, rows: vectors.rows })
      try {
        await ask(thread, { kind: 'load', file, vectors })
      } catch (error) {
        holders.delete(file)
        throw error
      }
    },
    drop(file) {
      const held = holders.get(file)
      if (held === undefined) return
      holders.delete(file)
      threads[held.thread]?.post({ kind: 'drop', file })
    },
    async search(query, most) {
      const message = { kind: 'search', query, most, exact: comparedExactly } as const
      const answers = await Promise.all(threads.map(({ ask }) => ask(message)))
      const hits = answers.flatMap((answer) => (answer.kind === 'hits' ? answer.hits : []))
      return hits.sort((a, b) => b.cosine - a.cosine).slice(0, most)
    },
    async vector(file, row) {
      const held = holders.get(file)
      if (held === undefined) return null
      const answer = await ask(held.thread, { kind: 'vector', file, row })
      return answer.kind === 'vector' ? answer.vector : null
    },
    async close() {
      await Promise.all(threads.map(({ close }) => close()))
    },
  }
  return scanner
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
type Ask = Without<Exclude<ToScanThread, { kind: 'drop' }>, 'id'>

function scanThread() {
  const script = createRequire(import.meta.url).resolve('#threads/report/explore/vectors/scan-thread.js')
  const worker = new Worker(script, { name: 'vectors', execArgv: [] })
  worker.unref()
  const pending = new Map<number, Pending>()
  let nextId = 0
  let lost: ScanFailed | null = null
  const lose = (why: string) => {
    lost ??= new ScanFailed(why)
    for (const { reject } of pending.values()) reject(lost)
    pending.clear()
  }
  worker.on('error', (error) => lose(`the thread that compares embeddings died: ${error.message}`))
  worker.on('exit', () => lose('the thread that compares embeddings ended'))
  worker.on('message', (answer: FromScanThread) => {
    const asked = pending.get(answer.id)
    pending.delete(answer.id)
    if (answer.kind === 'failed') asked?.reject(new ScanFailed(answer.message))
    else asked?.resolve(answer)
  })
  return {
    post: (message: ToScanThread) => worker.postMessage(message),
    async ask(message: Ask): Promise<FromScanThread> {
      if (lost !== null) throw lost
      const id = nextId++
      return await new Promise<FromScanThread>((resolve, reject) => {
        pending.set(id, { resolve, reject })
        worker.postMessage({ ...message, id })
      })
    },
    async close() {
      await worker.terminate()
    },
  }
}
