/** A shard's vectors as they lie in a file: 16-bit floats, row by row. */
export interface VectorFile {
  readonly path: string
  /** Bytes before the first vector. */
  readonly offset: number
  readonly rows: number
  readonly dimensions: number
}

export interface Hit {
  /** Number of the vectors' file. */
  readonly file: number
  readonly row: number
  readonly cosine: number
}

export type ToScanThread =
  | { readonly kind: 'load'; readonly id: number; readonly file: number; readonly vectors: VectorFile }
  | { readonly kind: 'drop'; readonly file: number }
  | {
      readonly kind: 'search'
      readonly id: number
      readonly query: Float32Array
      readonly most: number
      /** So many of the quick scan are compared exactly. */
      readonly exact: number
    }
  | { readonly kind: 'vector'; readonly id: number; readonly file: number; readonly row: number }

export type FromScanThread = { readonly id: number } & (
  | { readonly kind: 'loaded' }
  | { readonly kind: 'hits'; readonly hits: readonly Hit[] }
  | { readonly kind: 'vector'; readonly vector: Float32Array | null }
  | { readonly kind: 'failed'; readonly message: string }
)
