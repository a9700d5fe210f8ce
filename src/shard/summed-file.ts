import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { ownSums, type SumAlgorithm, type Sums } from './sums.js'

export interface FileSums {
  /** Bytes. */
  readonly size: number
  /** Lower-case hex. */
  readonly sha256: string
  readonly md5: string
}

/** Larger pieces are written no faster, and many a part has no more than this. */
const chunkBytes = 1 << 20
/** Bytes after which the disk is given what was written, so that little is left to wait for at the end. */
const syncBytes = 32 << 20

/**
 * Writes a file front to back in large pieces and sums it on the way: while one piece is on its way to the disk the
 * next is filled. `finish` syncs the file before it answers.
 */
export class SummedFile {
  readonly #handle: FileHandle
  readonly #sums: Sums
  /** Each is there when it is first filled, which for most files is the first one alone. */
  #chunk: Buffer | null = null
  #spare: Buffer | null = null
  #filled = 0
  #size = 0
  #closed = false
  /** The write under way, and the sync; they never reject, a failure is kept for the next call. */
  #writing: Promise<void> = Promise.resolve()
  #syncing: Promise<void> = Promise.resolve()
  #unsynced = 0
  #failure: { readonly cause: unknown } | null = null

  private constructor(handle: FileHandle, sums: Sums) {
    this.#handle = handle
    this.#sums = sums
  }

  /** Creates the file; one that stands there already is an error. */
  static async create(path: string, sums: Sums = ownSums(['sha256', 'md5'])): Promise<SummedFile> {
    return new SummedFile(await open(path, 'wx'), sums)
  }

  /** Bytes taken so far. */
  get size(): number {
    return this.#size
  }

  async append(bytes: Uint8Array): Promise<void> {
    let taken = 0
    while (taken < bytes.length) {
      const count = Math.min(bytes.length - taken, chunkBytes - this.#filled)
      this.#chunk ??= this.#sums.newPiece(chunkBytes)
      this.#chunk.set(bytes.subarray(taken, taken + count), this.#filled)
      this.#filled += count
      taken += count
      if (this.#filled === chunkBytes) await this.#flush()
    }
    this.#size += bytes.length
  }

  async finish(): Promise<FileSums> {
    try {
      await this.#flush()
      await this.#syncing
      await this.#settled()
      await this.#handle.sync()
      return { size: this.#size, ...(await this.#sums.digest()) }
    } finally {
      await this.#close()
    }
  }

  /** Gives the file up, finished or not; what was written stays for the caller to remove. */
  async abandon(): Promise<void> {
    await this.#writing
    if (!this.#closed) this.#sums.abandon()
    await this.#close()
  }

  async #close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#syncing
    await this.#handle.close()
  }

  async #flush(): Promise<void> {
    const chunk = this.#chunk
    if (chunk === null) return
    const piece = chunk.subarray(0, this.#filled)
    await this.#settled()
    const fail = (cause: unknown) => {
      this.#failure ??= { cause }
    }
    const written = writeAll(this.#handle, piece).catch(fail)
    const summed = this.#sums.update(piece).catch(fail)
    this.#writing = Promise.all([written, summed]).then(() => {})
    this.#unsynced += piece.length
    if (this.#unsynced >= syncBytes) {
      this.#unsynced = 0
      this.#syncing = this.#syncing.then(() => this.#handle.datasync()).catch(fail)
    }
    this.#chunk = this.#spare
    this.#spare = chunk
    this.#filled = 0
  }

  async #settled(): Promise<void> {
    await this.#writing
    if (this.#failure !== null) throw this.#failure.cause
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done)
    done += bytesWritten
  }
}

/** A small file in one go. */
export async function writeSummed(path: string, bytes: Uint8Array): Promise<FileSums> {
  const file = await SummedFile.create(path)
  try {
    await file.append(bytes)
    return await file.finish()
  } finally {
    await file.abandon()
  }
}

/** Reads a file whole and answers its size in bytes and the sums asked for; `''` for the other. */
export async function sumFile(
  path: string,
  algorithms: readonly SumAlgorithm[],
  signal: AbortSignal,
): Promise<FileSums> {
  const hashes = algorithms.map((name) => [name, createHash(name)] as const)
  const handle = await open(path)
  try {
    const buffer = Buffer.allocUnsafe(1 << 20)
    let size = 0
    for (;;) {
      signal.throwIfAborted()
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, size)
      if (bytesRead === 0) break
      for (const [, hash] of hashes) hash.update(buffer.subarray(0, bytesRead))
      size += bytesRead
    }
    const sums = Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')]))
    return { size, sha256: sums.sha256 ?? '', md5: sums.md5 ?? '' }
  } finally {
    await handle.close()
  }
}
