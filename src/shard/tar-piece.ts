import { blockBytes, decodeHeader, paddingBytes, TarError } from './tar.js'

/** A member in a piece of a tar: its bytes are those from `begin` to `end`. */
interface PieceMember {
  readonly name: string
  readonly begin: number
  readonly end: number
}

/** Members of a piece of a tar that begins with one and ends behind one, in order. `offset`: of the piece, for errors. Throws TarError. */
export function membersOf(piece: Buffer, offset: number): PieceMember[] {
  const members: PieceMember[] = []
  for (let at = 0; at < piece.length; ) {
    if (at + blockBytes > piece.length) throw new TarError('tar header cut off', offset + at)
    const header = decodeHeader(piece, offset + at, at)
    if (header === null) throw new TarError('end of a tar within a sample', offset + at)
    const begin = at + blockBytes
    const end = begin + header.size
    if (end > piece.length)
      throw new TarError(`tar cut off in member ${header.name}, which begins`, offset + at)
    members.push({ name: header.name, begin, end })
    at = end + paddingBytes(header.size)
  }
  return members
}
