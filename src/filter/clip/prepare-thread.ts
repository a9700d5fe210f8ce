import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { planTextBatches } from './batches.js'
import { createNormalise } from './normalise.js'
import type { FromPrepare, PrepareData, TextBatchTokens, ToPrepare } from './prepare-messages.js'
import { type CaptionTokenizer, createTokenizer } from './tokenizer.js'

// The thread that makes pictures and texts ready while the model's thread, which a run of the model blocks, is at the ones before.

const port = parentPort
if (port === null) throw new Error('this file is started as a worker thread')
const send = (message: FromPrepare, transferred: ArrayBuffer[] = []) => port.postMessage(message, transferred)

const { tokenizerPath, maxTokens, fixedLength, preprocessing } = workerData as PrepareData
const tokenizer = createTokenizer(await readFile(tokenizerPath, 'utf8'), maxTokens)
const normalise = createNormalise(preprocessing)
const pictureSize = 3 * preprocessing.cropSide ** 2

function tokensOf({ endId, encode }: CaptionTokenizer, texts: readonly string[]): TextBatchTokens[] {
  const encoded = texts.map(encode)
  return planTextBatches(encoded.map((ids) => fixedLength ?? ids.length)).map(({ length, members }) => {
    const ids = new BigInt64Array(members.length * length).fill(BigInt(endId))
    const mask = new BigInt64Array(members.length * length)
    for (const [row, member] of members.entries()) {
      for (const [i, id] of (encoded[member] ?? []).entries()) {
        ids[row * length + i] = BigInt(id)
        mask[row * length + i] = 1n
      }
    }
    return { members, ids, mask }
  })
}

if ('error' in tokenizer) {
  send({ kind: 'refused', message: `${tokenizerPath} ${tokenizer.error}` })
} else {
  port.on('message', (wish: ToPrepare) => {
    if (wish.kind === 'texts') {
      send({ kind: 'texts', id: wish.id, batches: tokensOf(tokenizer, wish.texts) })
      return
    }
    const { id, pictures, tensor } = wish
    for (const [i, picture] of pictures.entries()) normalise(picture, tensor, i * pictureSize)
    send({ kind: 'pictures', id, tensor }, [tensor.buffer])
  })
  send({ kind: 'ready', endId: tokenizer.endId })
}
