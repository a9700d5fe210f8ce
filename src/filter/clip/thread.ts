import { parentPort, workerData } from 'node:worker_threads'
import type { FromThread, ThreadData, ToThread } from './messages.js'
import { type Encoder, openEncoder } from './sessions.js'

// The thread that holds the model for the life of the process: a model run blocks the thread that calls it.

type Job = Extract<ToThread, { kind: 'job' }>

/** The cosine of each pair: embeddings have length 1, so it is their product. */
function cosinesOf(
  pairs: Int32Array,
  pictures: Float32Array,
  texts: Float32Array,
  dim: number,
): Float32Array {
  const cosines = new Float32Array(pairs.length / 2)
  for (let pair = 0; pair < cosines.length; pair++) {
    const picture = (pairs[pair * 2] as number) * dim
    const text = (pairs[pair * 2 + 1] as number) * dim
    let sum = 0
    for (let i = 0; i < dim; i++) sum += (pictures[picture + i] as number) * (texts[text + i] as number)
    cosines[pair] = sum
  }
  return cosines
}

async function answer(encoder: Encoder, job: Job): Promise<FromThread> {
  const { id } = job
  const stopped = () => Atomics.load(job.cancelled, 0) !== 0
  try {
    const texts = await encoder.embedTexts(job.texts, stopped)
    const pictures = texts === null ? null : await encoder.embedPictures(job.pictures, stopped)
    if (texts === null || pictures === null) return { kind: 'cancelled', id }
    if (job.output.kind === 'embeddings') return { kind: 'embeddings', id, pictures, texts }
    const cosines = cosinesOf(job.output.pairs, pictures, texts, encoder.embeddingDim)
    return { kind: 'cosines', id, cosines }
  } catch (cause) {
    return { kind: 'failed', id, message: cause instanceof Error ? cause.message : String(cause) }
  }
}

function buffersOf(message: FromThread): ArrayBuffer[] {
  if (message.kind === 'cosines') return [message.cosines.buffer as ArrayBuffer]
  if (message.kind === 'embeddings') return [message.pictures.buffer, message.texts.buffer] as ArrayBuffer[]
  return []
}

const port = parentPort
if (port === null) throw new Error('this file is started as a worker thread')
const send = (message: FromThread) => port.postMessage(message, buffersOf(message))

const encoder = await openEncoder(workerData as ThreadData)
if ('refused' in encoder) {
  send({ kind: 'refused', message: encoder.refused })
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
