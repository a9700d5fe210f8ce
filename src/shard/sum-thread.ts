import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { SumAnswer, SumAsk } from './sum-worker.js'
import type { Summer, Sums } from './sums.js'

const require = createRequire(import.meta.url)

interface Waiting {
  readonly resolve: (answer: SumAnswer) => void
  readonly reject: (error: unknown) => void
}

/** A thread that sums files beside the one that writes them: a core is spent on the sums, which are most of the work where bytes are only copied. */
export class SumThread implements Summer {
  readonly #worker = new Worker(require.resolve('#threads/shard/sum-worker.js'), {
    name: 'sums',
    execArgv: [],
  })
  /** In the order in which they were asked. */
  readonly #waiting: Waiting[] = []
  /** null = it lives. */
  #death: { readonly error: unknown } | null = null
  #files = 0

  constructor() {
    this.#worker.on('message', (answer: SumAnswer) => this.#waiting.shift()?.resolve(answer))
    this.#worker.on('error', (error) => this.#die(error))
    this.#worker.on('exit', () => this.#die(new Error('the thread that sums has ended')))
  }

  begin(): Sums {
    const file = this.#files++
    return {
      newPiece: (bytes) => Buffer.from(new SharedArrayBuffer(bytes)),
      update: async (piece) => {
        if (!(piece.buffer instanceof SharedArrayBuffer) || piece.byteOffset !== 0)
          throw new TypeError('a piece of other memory')
        await this.#ask({ kind: 'piece', file, shared: piece.buffer, bytes: piece.length })
      },
      digest: async () => {
        const sums = await this.#ask({ kind: 'end', file })
        if (sums === null) throw new Error('the thread that sums gave no sum')
        return sums
      },
      abandon: () => {
        // A thread that has ended keeps nothing.
        this.#ask({ kind: 'abandon', file }).catch(() => {})
      },
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }

  #ask(ask: SumAsk): Promise<SumAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#death !== null) return reject(this.#death.error)
      this.#waiting.push({ resolve, reject })
      this.#worker.postMessage(ask)
    })
  }

  #die(error: unknown): void {
    this.#death ??= { error }
    for (const { reject } of this.#waiting.splice(0)) reject(this.#death.error)
  }
}
