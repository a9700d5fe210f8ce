/** One thing that is wrong with a dataset. */
export interface Problem {
  readonly shard: number | null
  readonly key: string | null
  /** Name in the store. */
  readonly file: string | null
  readonly message: string
}

/** Collects the problems of one shard; `file` and `key` are as in Problem. */
export type Report = (
  message: string,
  at?: { readonly file?: string | null; readonly key?: string | null },
) => void

/** A dataset that cannot be read: a file that is missing, or that does not hold what it should. What it says is for people. */
export class UnreadableDataset extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'UnreadableDataset'
  }
}
