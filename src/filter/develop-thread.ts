import { parentPort } from 'node:worker_threads'
import { messageOf } from '../records/index.js'
import { type Developed, developPicture, type Recipe, type Undeveloped } from './develop.js'

/** One picture, whose bytes came by transfer. */
export interface ThreadRequest {
  readonly id: number
  readonly bytes: Uint8Array
  readonly recipe: Recipe
}

/** Answer to the request of the same number; `failed`: a bug, for people. */
export type ThreadAnswer = { readonly id: number } & (
  | { readonly outcome: Developed | Undeveloped }
  | { readonly failed: string }
)

const port = parentPort
if (port === null) throw new Error('this file is started as a worker thread')
const never = new AbortController().signal

port.on('message', async ({ id, bytes, recipe }: ThreadRequest) => {
  try {
    const outcome = await developPicture(bytes, recipe, never)
    if (!('stored' in outcome)) return port.postMessage({ id, outcome } satisfies ThreadAnswer)
    // The library's own memory cannot be handed on, so the stored image is copied once, into some that can.
    const stored = { ...outcome.stored, bytes: new Uint8Array(outcome.stored.bytes) }
    const answer: ThreadAnswer = { id, outcome: { ...outcome, stored } }
    port.postMessage(answer, [stored.bytes.buffer])
  } catch (error) {
    port.postMessage({ id, failed: messageOf(error) } satisfies ThreadAnswer)
  }
})
