import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { imagesPerRun } from './batches.js'
import type { FromPrepare, PrepareData, Tensor, TextBatchTokens, ToPrepare } from './prepare-messages.js'

/** Makes pictures and texts ready for the model, in a thread of its own and in the order of the calls. */
export interface Preparer {
  /** The end token of texts. */
  readonly endId: number
  /** Tensor of at most `imagesPerRun` pictures; it may be longer than they are. */
  pictures(pictures: readonly Uint8Array[]): Promise<Tensor>
  /** Takes a tensor back that is no longer looked at, for other pictures. */
  giveBack(tensor: Tensor): void
  texts(texts: readonly string[]): Promise<readonly TextBatchTokens[]>
  close(): Promise<void>
}

type Answer = Extract<FromPrepare, { id: number }>
type Wish<Kind extends ToPrepare['kind']> = Omit<Extract<ToPrepare, { kind: Kind }>, 'kind' | 'id'>

/** Waits until the tokenizer was read. A thread that dies takes the one that asked for it with it: its error is thrown there. */
export async function openPreparer(data: PrepareData): Promise<Preparer | { readonly refused: string }> {
  const entry = createRequire(import.meta.url).resolve('#threads/filter/clip/prepare-thread.js')
  const worker = new Worker(entry, { workerData: data, name: 'clip-prepare', execArgv: [] })
  worker.on('error', (error) => {
    throw error
  })
  const started = await new Promise<Exclude<FromPrepare, Answer>>((resolve) =>
    worker.once('message', resolve),
  )
  if (started.kind === 'refused') {
    await worker.terminate()
    return { refused: started.message }
  }

  const waiting = new Map<number, (answer: Answer) => void>()
  let nextId = 0
  worker.on('message', (answer: Answer) => {
    waiting.get(answer.id)?.(answer)
    waiting.delete(answer.id)
  })
  const ask = <Kind extends ToPrepare['kind']>(
    kind: Kind,
    wish: Wish<Kind>,
    transferred: ArrayBuffer[] = [],
  ) => {
    const id = nextId++
    return new Promise<Extract<Answer, { kind: Kind }>>((resolve) => {
      waiting.set(id, resolve as (answer: Answer) => void)
      worker.postMessage({ kind, id, ...wish }, transferred)
    })
  }

  const spare: Tensor[] = []
  const tensorLength = imagesPerRun * 3 * data.preprocessing.cropSide ** 2
  return {
    endId: started.endId,
    pictures: async (pictures) => {
      const tensor = spare.pop() ?? new Float32Array(tensorLength)
      return (await ask('pictures', { pictures, tensor }, [tensor.buffer])).tensor
    },
    giveBack: (tensor) => void spare.push(tensor),
    texts: async (texts) => (texts.length === 0 ? [] : (await ask('texts', { texts })).batches),
    close: async () => {
      await worker.terminate()
    },
  }
}
