import type { PlainText, Pulled } from './gzip-member.js'

const nothing = Buffer.alloc(0)
const cr = 0x0d
const lf = 0x0a

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

  /** Takes line ends; answers how many bytes they were. */
  async skipLineEnds(): Promise<number> {
    let skipped = 0
    for (;;) {
      let at = 0
      while (at < this.held.length && (this.held[at] === cr || this.held[at] === lf)) at++
      this.take(at)
      skipped += at
      if (this.held.length > 0 || !(await this.more())) return skipped
    }
  }

  /** Takes exactly so many bytes; null = it ended before. */
  async read(bytes: number): Promise<Buffer | null> {
    if (this.held.length >= bytes) return this.take(bytes)
    const pieces: Buffer[] = []
    let missing = bytes
    for (;;) {
      const piece = this.take(Math.min(missing, this.held.length))
      pieces.push(piece)
      missing -= piece.length
      if (missing === 0) return Buffer.concat(pieces, bytes)
      if (!(await this.more())) return null
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
