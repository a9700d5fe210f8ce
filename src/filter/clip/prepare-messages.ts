import type { Preprocessing } from './preprocess.js'

/** Data that the preparing thread is started with. */
export interface PrepareData {
  readonly tokenizerPath: string
  readonly preprocessing: Preprocessing
  readonly maxTokens: number
  /** Tokens of every text, where the model takes no other; null = those of the longest in its batch. */
  readonly fixedLength: number | null
}

/** Tokens of texts that go through the model at once, row by row, filled up to one length. */
export interface TextBatchTokens {
  /** Indexes of the texts. */
  readonly members: readonly number[]
  readonly ids: BigInt64Array
  /** 1 = a token of the text, 0 = filling. */
  readonly mask: BigInt64Array
}

/** Tensor that goes to and fro between the threads without a copy. */
export type Tensor = Float32Array<ArrayBuffer>

export type ToPrepare =
  | {
      readonly kind: 'pictures'
      readonly id: number
      /** 8-bit RGB in shared memory, each of the model's size. */
      readonly pictures: readonly Uint8Array[]
      /** To be filled from its beginning. */
      readonly tensor: Tensor
    }
  | { readonly kind: 'texts'; readonly id: number; readonly texts: readonly string[] }

/** Wishes are answered in their order. */
export type FromPrepare =
  | { readonly kind: 'ready'; readonly endId: number }
  /** `message` names what is wrong with the tokenizer. Nothing follows. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'pictures'; readonly id: number; readonly tensor: Tensor }
  | { readonly kind: 'texts'; readonly id: number; readonly batches: readonly TextBatchTokens[] }
