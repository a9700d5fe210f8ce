import { parentPort, workerData } from 'node:worker_threads'
import type { FromThread, ThreadData, ToThread } from './messages.js'
import { type Encoder, openEncoder } from './sessions.js'

// The thread that holds the model for the life of the process: a model run blocks the thread that calls it.

type Job = Extract<ToThread, { kind: 'job' }>

async function answer(encoder: Encoder, job: Job): Promise<FromThread> {
  const { id } = job
  const stopped = () => Atomics.load(job.cancelled, 0) !== 0
  try {
    const embedded = await encoder.embed(job.pictures, job.texts, stopped)
    return embedded === null ? { kind: 'cancelled', id } : { kind: 'embeddings', id, ...embedded }
  } catch (cause) {
    return { kind: 'failed', id, message: cause instanceof Error ? cause.message : String(cause) }
  }
}

function buffersOf(message: FromThread): ArrayBuffer[] {
  if (message.kind === 'embeddings') return [message.pictures.buffer, message.texts.buffer] as ArrayBuffer[]
  return []
}

const port = parentPort
if (port === null) throw new Error('this file is started as a worker thread')
const send = (message: FromThread) => port.postMessage(message, buffersOf(message))

const encoder = await openEncoder(workerData as ThreadData)
if ('refused' in encoder) {
  send({ kind: 'refused', about: encoder.about, message: encoder.refused })
} else {
  // Model runs give way to the event loop, so jobs are chained: one after the other, in order of arrival.
  let last: Promise<void> = Promise.resolve()
  port.on('message', (message: ToThread) => {
    if (message.kind === 'job') {
      last = last.then(async () => send(await answer(encoder, message)))
    } else {
      last = last.then(async () => {
        await encoder.close()
        port.close()
      })
    }
  })
  send({ kind: 'ready', embeddingDim: encoder.embeddingDim, maxTokens: encoder.maxTokens })
}
