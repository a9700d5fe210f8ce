import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../../records/index.js'
import { openParquet } from './parquet-file.js'

// The thread that decodes one parquet file. A damaged one can have the decoder run for ever: a thread can be ended then, and holds nobody up.

export interface ParquetAsk {
  readonly columns: readonly string[]
  readonly start: number
  readonly end: number
}

export type ParquetAnswer =
  | {
      readonly kind: 'opened'
      readonly rows: number
      readonly columns: readonly string[]
      readonly objects: Readonly<Record<string, readonly string[]>>
      readonly unknownCodec: string | null
    }
  | { readonly kind: 'rows'; readonly rows: readonly unknown[][] }
  /** `syscall`: the one that failed; null = the file was read, and is not what it should be. */
  | { readonly kind: 'failed'; readonly message: string; readonly syscall: string | null }

const port = parentPort
if (port === null) throw new Error('this file is started as a worker thread')
const send = (answer: ParquetAnswer) => port.postMessage(answer)

function failed(error: unknown): ParquetAnswer {
  const message = messageOf(error)
  const syscall = error instanceof Error && 'syscall' in error ? String(error.syscall) : null
  return { kind: 'failed', message, syscall }
}

try {
  const file = await openParquet((workerData as { readonly path: string }).path)
  const { rows, columns, objects, unknownCodec } = file
  port.on('message', ({ columns: wanted, start, end }: ParquetAsk) => {
    file.read(wanted, start, end).then(
      (read) => send({ kind: 'rows', rows: read }),
      (error: unknown) => send(failed(error)),
    )
  })
  send({ kind: 'opened', rows, columns, objects, unknownCodec })
} catch (error) {
  send(failed(error))
}
