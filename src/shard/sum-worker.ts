import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import type { SumAlgorithm } from './sums.js'

// The thread that sums the files that another one writes. Each question is answered, in their order.

export type SumAsk =
  /** The first `bytes` of shared memory, which follow what was asked of the file before. */
  | {
      readonly kind: 'piece'
      readonly file: number
      readonly shared: SharedArrayBuffer
      readonly bytes: number
    }
  | { readonly kind: 'end' | 'abandon'; readonly file: number }

/** null = the piece was taken, or the file given up. */
export type SumAnswer = Readonly<Record<SumAlgorithm, string>> | null

const port = parentPort
if (port === null) throw new Error('this file is started as a worker thread')

const files = new Map<number, Readonly<Record<SumAlgorithm, Hash>>>()

function answerTo(ask: SumAsk): SumAnswer {
  const { sha256, md5 } = files.get(ask.file) ?? { sha256: createHash('sha256'), md5: createHash('md5') }
  if (ask.kind !== 'piece') {
    files.delete(ask.file)
    return ask.kind === 'abandon' ? null : { sha256: sha256.digest('hex'), md5: md5.digest('hex') }
  }
  files.set(ask.file, { sha256, md5 })
  const bytes = Buffer.from(ask.shared, 0, ask.bytes)
  sha256.update(bytes)
  md5.update(bytes)
  return null
}

port.on('message', (ask: SumAsk) => port.postMessage(answerTo(ask)))
