import { type FileHandle, open } from 'node:fs/promises'
import { blockBytes, decodeHeader, paddingBytes, TarError } from './tar.js'

interface TarMember {
  readonly name: string
  /** Bytes. */
  readonly size: number
  /** Where its bytes begin in the archive. */
  readonly offset: number
}

interface TarEntry extends TarMember {
  readonly bytes: Buffer
}

/** Read-ahead where only headers are wanted: about one stored image. */
const scanBytes = 64 << 10
const streamBytes = 1 << 20

/**
 * Every member, without its bytes. Strict: a wrong checksum, a cut archive, or one that is not ended by two zero blocks
 * and nothing but zeros after them, throws TarError.
 */
export async function* scanTar(handle: FileHandle): AsyncGenerator<TarMember> {
  const { size } = await handle.stat()
  yield* members(new FileWindow(handle, size, scanBytes))
}

/** Every member with its bytes, in order, one in memory at a time. As strict as `scanTar`. */
export async function* readTar(path: string): AsyncGenerator<TarEntry> {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const window = new FileWindow(handle, size, streamBytes)
    for await (const member of members(window)) {
      yield { ...member, bytes: Buffer.from(await window.at(member.offset, member.size)) }
    }
  } finally {
    await handle.close()
  }
}

async function* members(window: FileWindow): AsyncGenerator<TarMember> {
  let at = 0
  for (;;) {
    if (at + blockBytes > window.size) throw new TarError('tar cut off: no end blocks', at)
    const header = decodeHeader(await window.at(at, blockBytes), at)
    if (header === null) break
    const offset = at + blockBytes
    const next = offset + header.size + paddingBytes(header.size)
    if (next > window.size) throw new TarError(`tar cut off in member ${header.name}, which begins`, at)
    yield { ...header, offset }
    at = next
  }
  if (at + 2 * blockBytes > window.size) throw new TarError('tar with one end block in place of two', at)
  while (at < window.size) {
    const length = Math.min(streamBytes, window.size - at)
    const rest = await window.at(at, length)
    const stray = rest.findIndex((byte) => byte !== 0)
    if (stray >= 0) throw new TarError('tar with bytes after its end', at + stray)
    at += length
  }
}

/** A file read through one moving buffer; what `at` answers is valid until it is called again. */
class FileWindow {
  readonly size: number
  readonly #handle: FileHandle
  readonly #aheadBytes: number
  #buffer = Buffer.alloc(0)
  #start = 0
  #end = 0

  constructor(handle: FileHandle, size: number, aheadBytes: number) {
    this.#handle = handle
    this.size = size
    this.#aheadBytes = aheadBytes
  }

  async at(position: number, length: number): Promise<Buffer> {
    if (position < this.#start || position + length > this.#end) await this.#fill(position, length)
    return this.#buffer.subarray(position - this.#start, position - this.#start + length)
  }

  async #fill(position: number, length: number): Promise<void> {
    const wanted = Math.min(Math.max(length, this.#aheadBytes), this.size - position)
    if (this.#buffer.length < wanted) this.#buffer = Buffer.allocUnsafe(wanted)
    await readExactly(this.#handle, this.#buffer, wanted, position)
    this.#start = position
    this.#end = position + wanted
  }
}

/** Fills the first `length` bytes of `into`; a file that ends before them throws TarError. */
export async function readExactly(
  handle: FileHandle,
  into: Buffer,
  length: number,
  position: number,
): Promise<void> {
  let done = 0
  while (done < length) {
    const { bytesRead } = await handle.read(into, done, length - done, position + done)
    if (bytesRead === 0) throw new TarError('file ended too early', position + done)
    done += bytesRead
  }
}
