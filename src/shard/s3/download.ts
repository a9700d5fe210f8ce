import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import type { ByteRange } from '../store.js'
import { S3Error } from './fault.js'
import type { S3Link } from './link.js'
import { eachPiece, type Piece, type PieceMemory, pieceBytes, piecesOf } from './pieces.js'

/** One state of an object: what is written over it meanwhile is not mixed in. */
export interface Version {
  readonly etag: string
  /** Bytes. */
  readonly size: number
}

export interface S3Reader {
  /** An object in memory; null = absent. */
  bytes(name: string, signal: AbortSignal): Promise<Buffer | null>
  /** A part of an object, less where it ends before; null = absent. */
  range(name: string, range: ByteRange, signal: AbortSignal): Promise<Buffer | null>
  /** Every byte of an object, front to back, in pieces that are valid until the next; the size; null = absent. */
  stream(name: string, onBytes: (bytes: Buffer) => unknown, signal: AbortSignal): Promise<number | null>
  /** Writes an object to a file, several pieces at once; the size; null = absent. */
  toFile(name: string, file: FileHandle, signal: AbortSignal): Promise<number | null>
}

/** An object that is written over so often while it is read is not one of ours. */
const maxRestarts = 5

export function createReader(link: S3Link, memory: PieceMemory): S3Reader {
  /** The first piece tells what there is: its answer names the whole size. */
  const first = (name: string, onBytes: (bytes: Buffer) => Promise<unknown>, signal: AbortSignal) =>
    memory.use(
      pieceBytes,
      async (buffer) => {
        const found = await readFirst(link, name, buffer, signal)
        if (found !== null) await onBytes(buffer.subarray(0, Math.min(found.size, pieceBytes)))
        return found
      },
      signal,
    )
  const rest = (
    name: string,
    version: Version,
    piece: Piece,
    onBytes: (bytes: Buffer) => Promise<unknown>,
    signal: AbortSignal,
  ) =>
    memory.use(
      piece.size,
      async (buffer) => {
        await readPiece(link, name, version, piece, buffer, signal)
        await onBytes(buffer)
      },
      signal,
    )

  // Bytes that were given out cannot be taken back, so a change in mid-reading is an error here.
  const stream: S3Reader['stream'] = async (name, onBytes, signal) => {
    const give = async (bytes: Buffer) => onBytes(bytes)
    const version = await first(name, give, signal)
    if (version === null) return null
    for (const piece of piecesOf(version.size).slice(1)) await rest(name, version, piece, give, signal)
    return version.size
  }

  return {
    stream,
    async range(name, { offset, size }, signal) {
      const bytes = Buffer.allocUnsafe(size)
      const found = await readFirst(link, name, bytes, signal, offset)
      return found === null ? null : bytes.subarray(0, Math.max(0, Math.min(size, found.size - offset)))
    },
    async bytes(name, signal) {
      return await unlessReplaced(async () => {
        const pieces: Buffer[] = []
        const size = await stream(name, (bytes) => pieces.push(Buffer.from(bytes)), signal)
        return size === null ? null : Buffer.concat(pieces)
      })
    },
    async toFile(name, file, signal) {
      return await unlessReplaced(async () => {
        await file.truncate(0)
        const version = await first(name, (bytes) => writeAll(file, bytes, 0), signal)
        if (version === null) return null
        await eachPiece(
          piecesOf(version.size).slice(1),
          (piece, pieceSignal) =>
            rest(name, version, piece, (bytes) => writeAll(file, bytes, piece.offset), pieceSignal),
          signal,
          link.onAbort,
        )
        return version.size
      })
    },
  }
}

/** Begins again where the object became another in mid-reading. */
async function unlessReplaced<T>(read: () => Promise<T>): Promise<T> {
  for (let restarts = 0; ; restarts++) {
    try {
      return await read()
    } catch (error) {
      const replaced =
        error instanceof S3Error && (error.fault.kind === 'precondition' || error.fault.kind === 'absent')
      if (!replaced || restarts === maxRestarts) throw error
    }
  }
}

/** Fills `into` from `offset` on, as far as the object goes; the object as it was then. null = absent. */
export async function readFirst(
  link: S3Link,
  name: string,
  into: Buffer,
  signal: AbortSignal,
  offset = 0,
): Promise<Version | null> {
  const { GetObjectCommand } = link.sdk
  const input = { ...link.object(name), Range: `bytes=${offset}-${offset + into.length - 1}` }
  try {
    return await link.call(
      `reading ${name}`,
      async (bounded) => {
        const answer = await link.client.send(new GetObjectCommand(input), { abortSignal: bounded })
        const size = wholeSize(answer)
        await collect(answer, into, Math.min(size - offset, into.length), bounded)
        return { etag: answer.ETag ?? '', size }
      },
      { signal },
    )
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    if (error.fault.kind === 'absent') return null
    // Not even the first of these bytes is there: the object ends before it.
    if (error.fault.status === 416) return { etag: '', size: 0 }
    throw error
  }
}

export async function readPiece(
  link: S3Link,
  name: string,
  version: Version,
  piece: Pick<Piece, 'offset' | 'size'>,
  into: Buffer,
  signal: AbortSignal,
): Promise<void> {
  const { GetObjectCommand } = link.sdk
  const input = {
    ...link.object(name),
    Range: `bytes=${piece.offset}-${piece.offset + piece.size - 1}`,
    ...(version.etag === '' ? {} : { IfMatch: version.etag }),
  }
  await link.call(
    `reading ${name} from byte ${piece.offset}`,
    async (bounded) => {
      const answer = await link.client.send(new GetObjectCommand(input), { abortSignal: bounded })
      if (wholeSize(answer) !== version.size) throw bodyCut(`${name} has changed its size`)
      await collect(answer, into, piece.size, bounded)
    },
    { signal },
  )
}

/** Size of the whole object, of which the answer holds a piece. */
function wholeSize(answer: GetObjectCommandOutput): number {
  const total = /\/(\d+)$/.exec(answer.ContentRange ?? '')?.[1]
  const size = total === undefined ? answer.ContentLength : Number(total)
  if (size === undefined) throw bodyCut('an answer that does not say its size')
  return size
}

/** Reads a body of exactly `size` bytes. */
async function collect(
  answer: GetObjectCommandOutput,
  into: Buffer,
  size: number,
  signal: AbortSignal,
): Promise<void> {
  const body = answer.Body as Readable | undefined
  if (body === undefined) throw bodyCut('an answer without a body')
  const cancel = () => body.destroy(new Error('cancelled'))
  signal.addEventListener('abort', cancel, { once: true })
  let filled = 0
  try {
    for await (const chunk of body) {
      const bytes = chunk as Buffer
      if (filled + bytes.length > size) throw bodyCut(`more than the ${size} bytes asked for`)
      into.set(bytes, filled)
      filled += bytes.length
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw bodyCut(`cut after ${filled} of ${size} bytes`)
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
    body.destroy()
  }
  if (filled !== size) throw bodyCut(`cut after ${filled} of ${size} bytes`)
}

function bodyCut(message: string): Error {
  return Object.assign(new Error(message), { code: 'BodyCut' })
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}
