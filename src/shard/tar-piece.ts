import { blockBytes, decodeHeader, paddingBytes, TarError } from './tar.js'

/**
 * Members of a piece of a tar that begins with one and ends behind one, by their names; not copied. `offset`: of the piece, for errors. Throws
 * TarError.
 */
export function membersOf(piece: Buffer, offset: number): ReadonlyMap<string, Uint8Array> {
  const members = new Map<string, Uint8Array>()
  for (let at = 0; at < piece.length; ) {
    if (at + blockBytes > piece.length) throw new TarError('tar header cut off', offset + at)
    const header = decodeHeader(piece.subarray(at, at + blockBytes), offset + at)
    if (header === null) throw new TarError('end of a tar within a sample', offset + at)
    const begin = at + blockBytes
    if (begin + header.size > piece.length)
      throw new TarError(`tar cut off in member ${header.name}, which begins`, offset + at)
    members.set(header.name, piece.subarray(begin, begin + header.size))
    at = begin + header.size + paddingBytes(header.size)
  }
  return members
}
