import { constants, crc32, createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib'
import { messageOf } from '../../../records/index.js'
import { agrees, type ByteWindow } from './byte-window.js'

/** Next piece of a plain text, its end, or why there is no more. */
export type Pulled =
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'broken'; readonly reason: 'gzip' | 'cut'; readonly detail: string }

/** A plain text, read piece by piece. After its end, or a break, it is not asked again. */
export interface PlainText {
  pull(): Promise<Pulled>
}

/** A member is first tried in one go, on this thread: that costs a fifth of a stream. One that is larger is unfolded piece by piece. */
const oneGoBytes = 128 * 1024
const oneGoPlainBytes = 4 * 1024 * 1024
/** Piece of a large member that is unfolded at a time: its text, at most a thousand times as long, is held. */
const pieceBytes = 16 * 1024
/** File names and comments in the header of a member are not longer. */
const maxHeaderBytes = 64 * 1024
/** CRC-32 and length of the plain text (RFC 1952 section 2.3.1). */
const trailerBytes = 8
const fixedHeaderBytes = 10

const flagHeaderCrc = 0x02
const flagExtra = 0x04
const flagName = 0x08
const flagComment = 0x10
const reservedFlags = 0xe0

/** The beginning of every gzip member that deflates (RFC 1952 section 2.3). */
export const gzipMagic = Buffer.from([0x1f, 0x8b, 0x08])

/**
 * The gzip member that begins at the window's offset. When its end was pulled the window stands behind it; where it is broken, somewhere
 * within or behind it.
 */
export async function openMember(window: ByteWindow): Promise<PlainText> {
  const header = await memberHeader(window)
  if (typeof header !== 'number') return { pull: async () => header }
  for (;;) {
    const whole = inOneGo(window.held.subarray(header))
    if (whole.kind === 'plain') {
      const end = header + whole.consumed
      const isGood =
        (await window.has(end + trailerBytes)) &&
        trailerFault(window.held.subarray(end), crc32(whole.plain), whole.plain.length) === null
      if (!isGood) break
      window.take(end + trailerBytes)
      return once(whole.plain)
    }
    const mayGrow = whole.kind === 'short' && window.held.length < oneGoBytes
    if (!mayGrow || !(await window.more())) break
  }
  // Also one that is broken: records before the break are as good as ever.
  window.take(header)
  return new MemberInPieces(window)
}

/** The first bytes of the text of a member, of which so much is held; null = this is no member. */
export function memberBeginning(held: Buffer): Buffer | null {
  const header = headerLength(held)
  if (typeof header !== 'number') return null
  try {
    return inflateRawSync(held.subarray(header, header + 512), { finishFlush: constants.Z_SYNC_FLUSH })
  } catch {
    // Whatever zlib says against it: it does not unfold.
    return null
  }
}

type Broken = Extract<Pulled, { kind: 'broken' }>

const cut: Broken = { kind: 'broken', reason: 'cut', detail: 'the file ends within it' }
const noMember: Broken = { kind: 'broken', reason: 'gzip', detail: 'no gzip member begins here' }

function once(plain: Buffer): PlainText {
  let given = plain.length === 0
  return {
    pull: async () => {
      if (given) return { kind: 'end' }
      given = true
      return { kind: 'bytes', bytes: plain }
    },
  }
}

async function memberHeader(window: ByteWindow): Promise<number | Broken> {
  for (;;) {
    const length = headerLength(window.held)
    if (length === 'no') return noMember
    if (typeof length === 'number') return length
    if (window.held.length > maxHeaderBytes) return noMember
    if (!(await window.more())) return cut
  }
}

/** `more`: it cannot be told from so few bytes. */
function headerLength(held: Buffer): number | 'more' | 'no' {
  if (!agrees(held, gzipMagic)) return 'no'
  if (held.length < fixedHeaderBytes) return 'more'
  const flags = held.readUInt8(3)
  if ((flags & reservedFlags) !== 0) return 'no'
  let length = fixedHeaderBytes
  if ((flags & flagExtra) !== 0) {
    if (held.length < length + 2) return 'more'
    length += 2 + held.readUInt16LE(length)
  }
  for (const flag of [flagName, flagComment]) {
    if ((flags & flag) === 0) continue
    const end = held.indexOf(0, length)
    if (end < 0) return 'more'
    length = end + 1
  }
  if ((flags & flagHeaderCrc) !== 0) length += 2
  return held.length < length ? 'more' : length
}

type OneGo =
  | { readonly kind: 'plain'; readonly plain: Buffer; readonly consumed: number }
  /** The member goes on behind the bytes that are held. */
  | { readonly kind: 'short' }
  /** Too large, or broken. */
  | { readonly kind: 'other' }

function inOneGo(input: Buffer): OneGo {
  try {
    // With `info` there is more in the answer than its type says.
    const { buffer, engine } = inflateRawSync(input, {
      info: true,
      maxOutputLength: oneGoPlainBytes,
      chunkSize: 64 * 1024,
    }) as unknown as { buffer: Buffer; engine: InflateRaw }
    return { kind: 'plain', plain: buffer, consumed: engine.bytesWritten }
  } catch (error) {
    const code = codeOf(error)
    if (code === 'Z_BUF_ERROR') return { kind: 'short' }
    if (code === 'ERR_BUFFER_TOO_LARGE' || code.startsWith('Z_')) return { kind: 'other' }
    throw error
  }
}

/** A member whose text is not held as a whole. */
class MemberInPieces implements PlainText {
  readonly #window: ByteWindow
  readonly #inflate = createInflateRaw()
  #pieces: Buffer[] = []
  #crc = 0
  /** Of the text, modulo 2^32. */
  #length = 0
  #error: Error | null = null
  #ended = false

  constructor(window: ByteWindow) {
    this.#window = window
    this.#inflate.on('data', (piece: Buffer) => this.#pieces.push(piece))
    this.#inflate.on('error', (error) => {
      this.#error = error
    })
    this.#inflate.on('end', () => {
      this.#ended = true
    })
  }

  async pull(): Promise<Pulled> {
    for (;;) {
      const piece = this.#pieces.shift()
      if (piece !== undefined) {
        this.#crc = crc32(piece, this.#crc)
        this.#length = (this.#length + piece.length) % 2 ** 32
        return { kind: 'bytes', bytes: piece }
      }
      if (this.#error !== null) return this.#over(brokenBy(this.#error))
      if (this.#ended) return this.#over(await this.#checked())
      if (!(await this.#window.has(1))) return this.#over(cut)
      const input = this.#window.held.subarray(0, pieceBytes)
      const before = this.#inflate.bytesWritten
      await this.#feed(input)
      this.#window.take(this.#inflate.bytesWritten - before)
    }
  }

  /** Bytes behind the end of the member's text are left. */
  #feed(input: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#inflate.off('end', done).off('error', done)
        resolve()
      }
      this.#inflate.once('end', done).once('error', done).write(input, done)
    })
  }

  async #checked(): Promise<Pulled> {
    if (!(await this.#window.has(trailerBytes))) return cut
    const fault = trailerFault(this.#window.held, this.#crc, this.#length)
    if (fault !== null) return fault
    this.#window.take(trailerBytes)
    return { kind: 'end' }
  }

  #over(last: Pulled): Pulled {
    this.#inflate.destroy()
    return last
  }
}

function trailerFault(trailer: Buffer, crc: number, length: number): Broken | null {
  if (trailer.readUInt32LE(0) !== crc)
    return { kind: 'broken', reason: 'gzip', detail: 'its checksum is wrong' }
  return trailer.readUInt32LE(4) === length
    ? null
    : { kind: 'broken', reason: 'gzip', detail: 'its length is wrong' }
}

function brokenBy(error: unknown): Broken {
  return { kind: 'broken', reason: 'gzip', detail: messageOf(error) }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
