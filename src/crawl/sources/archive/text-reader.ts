import type { PlainText, Pulled } from './gzip-member.js'

const nothing = Buffer.alloc(0)
const cr = 0x0d
const lf = 0x0a
const mostSeparators = 16

export type Ended = Exclude<Pulled, { kind: 'bytes' }>

/** Reads a plain text forward: what was pulled and not yet taken, and how it ended. */
export class TextReader {
  held: Buffer = nothing
  /** null = more may come. */
  ended: Ended | null = null
  /** Whether its end is that of a gzip member or of the whole file. */
  readonly of: 'member' | 'file'
  readonly #text: PlainText

  constructor(text: PlainText, of: 'member' | 'file') {
    this.#text = text
    this.of = of
  }

  /** Holds more than before; false = it has ended. */
  async more(): Promise<boolean> {
    if (this.ended !== null) return false
    const pulled = await this.#text.pull()
    if (pulled.kind !== 'bytes') {
      this.ended = pulled
      return false
    }
    this.held = this.held.length === 0 ? pulled.bytes : Buffer.concat([this.held, pulled.bytes])
    return true
  }

  take(bytes: number): Buffer {
    const taken = this.held.subarray(0, bytes)
    this.held = this.held.subarray(bytes)
    return taken
  }

  /** Gives back what was taken last. */
  putBack(bytes: Buffer): void {
    this.held = this.held.length === 0 ? bytes : Buffer.concat([bytes, this.held])
  }

  /** Holds at least so many bytes; false = it ends before. */
  async has(bytes: number): Promise<boolean> {
    while (this.held.length < bytes) if (!(await this.more())) return false
    return true
  }

  /** Takes line ends; answers the first of them, as many as separate two records and some more. */
  async skipLineEnds(): Promise<Buffer> {
    let skipped: Buffer = nothing
    for (;;) {
      let at = 0
      while (at < this.held.length && (this.held[at] === cr || this.held[at] === lf)) at++
      const taken = this.take(at)
      if (skipped.length === 0) skipped = taken
      else if (skipped.length < mostSeparators) skipped = Buffer.concat([skipped, taken])
      if (this.held.length > 0 || !(await this.more())) return skipped
    }
  }

  /** Takes so many bytes; fewer only where it ended before. */
  async read(bytes: number): Promise<Buffer> {
    if (this.held.length >= bytes) return this.take(bytes)
    const pieces: Buffer[] = []
    let missing = bytes
    for (;;) {
      const piece = this.take(Math.min(missing, this.held.length))
      pieces.push(piece)
      missing -= piece.length
      if (missing === 0 || !(await this.more())) return Buffer.concat(pieces)
    }
  }

  /** Takes so many bytes and drops them, or as many as there are; answers how many it dropped. */
  async drop(bytes: number): Promise<number> {
    let dropped = 0
    for (;;) {
      dropped += this.take(Math.min(bytes - dropped, this.held.length)).length
      if (dropped === bytes || !(await this.more())) return dropped
    }
  }
}
