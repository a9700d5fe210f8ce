import type { Preprocessing } from './preprocess.js'
import type { Provider } from './provider.js'

/** Data that the thread is started with. */
export interface ThreadData {
  readonly visionPath: string
  readonly textPath: string
  readonly tokenizerPath: string
  readonly preprocessing: Preprocessing
  /** Tokens of the longest text that the model takes, start and end included. */
  readonly maxTokens: number
  /** CPU threads of a model run, at least 1. */
  readonly threads: number
  readonly provider: Provider
}

export type ToThread =
  | {
      readonly kind: 'job'
      readonly id: number
      /** One 32-bit value in shared memory; the job is dropped between two model runs once it is not 0. */
      readonly cancelled: Int32Array
      /** 8-bit RGB in shared memory, each of the model's size. */
      readonly pictures: readonly Uint8Array[]
      readonly texts: readonly string[]
    }
  | { readonly kind: 'close' }

export type FromThread =
  | { readonly kind: 'ready'; readonly embeddingDim: number; readonly maxTokens: number }
  /** `message` names what is wrong: with a file of the model, or with the provider and what to do. Nothing follows. */
  | { readonly kind: 'refused'; readonly about: 'model' | 'provider'; readonly message: string }
  | {
      readonly kind: 'embeddings'
      readonly id: number
      /** `embeddingDim` values for each picture and text, L2-normalised. */
      readonly pictures: Float32Array
      readonly texts: Float32Array
    }
  | { readonly kind: 'cancelled'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
