import type { FileSums } from './summed-file.js'
import type { SumAlgorithm } from './sums.js'

/** Where parts, plans, entries and shards lie. Names are '/'-separated and relative (see layout). */
export interface Store {
  /** `file:///abs/dir` or `s3://bucket/prefix`. */
  readonly url: string
  /**
   * Whether `ifAbsent` is one step, so that of many writers one wins, wherever they are. Otherwise the store looks
   * first and writes then: who may write a name must be decided elsewhere (plan numbers: by the backend).
   */
  readonly conditional: boolean
  /**
   * Whole or not at all; the local file is moved, or copied and removed: it is gone afterwards unless the call threw.
   * `ifAbsent`: answers `exists` and changes nothing where the name is taken; otherwise it replaces.
   */
  putFile(name: string, localPath: string, options: PutOptions, signal: AbortSignal): Promise<PutOutcome>
  /** As `putFile`, of bytes in memory. */
  putBytes(name: string, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<PutOutcome>
  /** null = there is no such name. */
  read(name: string, signal: AbortSignal): Promise<Uint8Array | null>
  /** A part of it, at least a byte, by one request; less where it ends before, null = there is no such name. */
  readRange(name: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array | null>
  /** Size in bytes; null = there is no such name. */
  stat(name: string, signal: AbortSignal): Promise<{ size: number } | null>
  /**
   * The size of what lies there and the sums asked for (`''` for the other), all of it read again: what proves a write that is not `proven`.
   * null = there is no such name.
   */
  sums(name: string, algorithms: readonly SumAlgorithm[], signal: AbortSignal): Promise<FileSums | null>
  /** A local path that holds the bytes until `release` (a folder: the file itself; S3: one download); null = absent. */
  localCopy(name: string, signal: AbortSignal): Promise<LocalCopy | null>
  /** Names that begin with `prefix` and have no '/' after it, in no order. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<StoredName>
  /**
   * Names at its top, of files and of folders alike, that are `wanted`; in no order, a folder's without a slash. `isAll` false = there are so
   * many names that only the first were looked at.
   */
  top(isWanted: (name: string) => boolean, signal: AbortSignal): Promise<TopNames>
  /** A name that is not there is no error. */
  remove(name: string, signal: AbortSignal): Promise<void>
  /**
   * Takes away what writers that died have begun and that has no name yet, where it is older than `olderThanMs`, and
   * answers how many. A writer that lives must not be older; 0 = nobody else writes.
   */
  sweep(olderThanMs: number, signal: AbortSignal): Promise<number>
  /** A local folder for files under construction; for a folder store, on its own file system. */
  scratch(): Promise<string>
  /** Gives back connections. */
  close(): Promise<void>
}

export interface ByteRange {
  readonly offset: number
  /** Bytes. */
  readonly size: number
}

export interface StoredName {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** When it was written, by the store's clock. */
  readonly modifiedMs: number
}

export interface TopNames {
  readonly names: readonly string[]
  readonly isAll: boolean
}

export interface PutOptions {
  readonly ifAbsent: boolean
  /** Of the file as it was built; who gives them may be told `proven`. */
  readonly sums?: Pick<FileSums, 'size' | 'md5'>
}

/** `proven`: it is stored, and the answer tells that its bytes are those of the sums. `stored` alone tells nothing of them. */
export type PutOutcome = 'proven' | 'stored' | 'exists'

export interface LocalCopy {
  readonly path: string
  release(): Promise<void>
}
