import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileDigest } from '../file-digest.js'
import { SourceError } from '../source.js'

/** A file that can be read from any byte on, wherever it lies. */
export interface ByteFile {
  /** Version that tells it from any other file that may lie there another time; without blanks. */
  readonly version: string
  /** Its first bytes, at most `startBytes`; fewer only where it has fewer. */
  readonly start: Buffer
  /** To its end, in pieces. Throws where it cannot be read, or has become another one meanwhile. */
  bytes(from: number, signal: AbortSignal): AsyncIterable<Buffer>
  close(): Promise<void>
}

/** `absent`: it is certain that there is no such file. `refused`: it may not be read, and asking again does not help. */
export type OpenedFile =
  | { readonly kind: 'file'; readonly file: ByteFile }
  | { readonly kind: 'absent' | 'refused'; readonly detail: string }

/** Throws a SourceError where it cannot be said what is there. */
export type OpenFile = (place: string, signal: AbortSignal) => Promise<OpenedFile>

export const startBytes = 64 * 1024
const pieceBytes = 256 * 1024

/** A file of this machine; `path` is absolute. */
export const openLocalFile: OpenFile = async (path) => {
  try {
    return { kind: 'file', file: await localFile(path) }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent', detail: 'there is no such file' }
    if (code === null) throw error
    throw new SourceError(`${path} cannot be read: ${error instanceof Error ? error.message : code}`, error)
  }
}

async function localFile(path: string): Promise<ByteFile> {
  const version = await fileDigest(path)
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(startBytes), 0, startBytes, 0)
    return {
      version,
      start: buffer.subarray(0, bytesRead),
      bytes: (from) => createReadStream(path, { start: from, highWaterMark: pieceBytes }),
      close: async () => {},
    }
  } finally {
    await handle.close()
  }
}
