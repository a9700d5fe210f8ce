const nothing = Buffer.alloc(0)

/** Reads a file from a byte on. */
type BytesFrom = (offset: number) => AsyncIterable<Buffer>

/** Whether bytes begin as the mark does, so far as they go. For a mark so short that a native call would cost more. */
export function agrees(bytes: Buffer, mark: Buffer): boolean {
  const known = Math.min(bytes.length, mark.length)
  for (let i = 0; i < known; i++) if (bytes[i] !== mark[i]) return false
  return true
}

/** A piece of a file that moves forward over it: what of it was read and not yet taken, and where in the file that begins. */
export class ByteWindow {
  /** Read and not taken. Valid until the next call. */
  held: Buffer = nothing
  /** Of the first byte held. */
  offset: number
  readonly #open: BytesFrom
  #chunks: AsyncIterator<Buffer>

  constructor(open: BytesFrom, offset: number) {
    this.#open = open
    this.offset = offset
    this.#chunks = open(offset)[Symbol.asyncIterator]()
  }

  /** Holds more than before; false = the file ends here. */
  async more(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next()
      if (next.done === true) return false
      if (next.value.length === 0) continue
      this.held = this.held.length === 0 ? next.value : Buffer.concat([this.held, next.value])
      return true
    }
  }

  /** Holds at least so many bytes; false = the file ends before. */
  async has(bytes: number): Promise<boolean> {
    while (this.held.length < bytes) if (!(await this.more())) return false
    return true
  }

  /** At most what is held. */
  take(bytes: number): void {
    this.held = this.held.subarray(bytes)
    this.offset += bytes
  }

  /** Goes back, or on, to a byte. */
  async seek(offset: number): Promise<void> {
    const ahead = offset - this.offset
    if (ahead >= 0 && ahead <= this.held.length) {
      this.take(ahead)
      return
    }
    await this.close()
    this.held = nothing
    this.offset = offset
    this.#chunks = this.#open(offset)[Symbol.asyncIterator]()
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}
