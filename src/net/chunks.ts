/** A length with its extensions. */
const maxLineBytes = 1024

/** Reader of the chunked coding (RFC 9112 section 7.1), piece by piece; ends of lines may be LF alone. */
export class ChunkReader {
  /** `broken`: what should be a chunk has no length. */
  #state: 'length' | 'data' | 'end' | 'done' | 'broken' = 'length'
  #line = ''
  /** Bytes of the chunk that are still to come. */
  #left = 0
  #chunks = 0

  get isDone(): boolean {
    return this.#state === 'done'
  }

  get isBroken(): boolean {
    return this.#state === 'broken'
  }

  /** Whether it stands between two chunks, at the most in the length of the next one. */
  get isBetween(): boolean {
    return (this.#state === 'length' || this.#state === 'end') && /^\s*[0-9a-f]{0,8}\s*$/i.test(this.#line)
  }

  /** Chunks that began, the last one not counted. */
  get chunks(): number {
    return this.#chunks
  }

  /** The parts of the body within `bytes`, as views. What follows the last chunk is passed over. */
  push(bytes: Buffer): readonly Buffer[] {
    const parts: Buffer[] = []
    let at = 0
    while (at < bytes.length && this.#state !== 'done' && this.#state !== 'broken') {
      if (this.#state === 'data') {
        const part = bytes.subarray(at, at + this.#left)
        parts.push(part)
        at += part.length
        this.#left -= part.length
        if (this.#left === 0) this.#state = 'end'
      } else if (this.#state === 'end' && (bytes[at] === 0x0d || bytes[at] === 0x0a)) {
        if (bytes[at] === 0x0a) this.#state = 'length'
        at++
      } else at = this.#readLength(bytes, at)
    }
    return parts
  }

  #readLength(bytes: Buffer, at: number): number {
    this.#state = 'length'
    const lineEnd = bytes.indexOf(0x0a, at)
    const end = lineEnd < 0 ? bytes.length : lineEnd
    this.#line += bytes.toString('latin1', at, Math.min(end, at + maxLineBytes))
    if (this.#line.length >= maxLineBytes) this.#state = 'broken'
    else if (lineEnd >= 0) this.#begin()
    return end + 1
  }

  #begin(): void {
    const size = /^\s*([0-9a-f]{1,8})\s*(?:;.*)?\r?$/i.exec(this.#line)?.[1]
    this.#line = ''
    this.#left = size === undefined ? 0 : Number.parseInt(size, 16)
    if (size === undefined) this.#state = 'broken'
    else this.#state = this.#left === 0 ? 'done' : 'data'
    if (this.#state === 'data') this.#chunks++
  }
}
