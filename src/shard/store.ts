/** Where parts, plans, entries and shards lie. Names are '/'-separated and relative (see layout). */
export interface Store {
  /** `file:///abs/dir` or `s3://bucket/prefix`. */
  readonly url: string
  /**
   * Whole or not at all; the local file is moved, or copied and removed: it is gone afterwards unless the call threw.
   * `ifAbsent`: answers `exists` and changes nothing where the name is taken; otherwise it replaces.
   */
  putFile(name: string, localPath: string, options: PutOptions, signal: AbortSignal): Promise<PutOutcome>
  /** As `putFile`, of bytes in memory. */
  putBytes(name: string, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<PutOutcome>
  /** null = there is no such name. */
  read(name: string, signal: AbortSignal): Promise<Uint8Array | null>
  /** Size in bytes; null = there is no such name. */
  stat(name: string): Promise<{ size: number } | null>
  /** A local path that holds the bytes until `release` (a folder: the file itself; S3: one download); null = absent. */
  localCopy(name: string, signal: AbortSignal): Promise<LocalCopy | null>
  /** Names that begin with `prefix` and have no '/' after it, in no order. Sizes in bytes. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<{ name: string; size: number }>
  /** A name that is not there is no error. */
  remove(name: string): Promise<void>
  /** A local folder for files under construction; for a folder store, on its own file system. */
  scratch(): Promise<string>
}

export interface PutOptions {
  readonly ifAbsent: boolean
}

export type PutOutcome = 'stored' | 'exists'

export interface LocalCopy {
  readonly path: string
  release(): Promise<void>
}
