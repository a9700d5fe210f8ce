/**
 * The ustar format (POSIX.1-1988) as shards use it: regular files only, names up to 100 bytes, and no field that
 * depends on when or where the file was written (mtime 0, mode 0644, owner 0), so that equal members give equal bytes.
 */
export const blockBytes = 512
/** Eleven octal digits. */
export const maxMemberBytes = 0o77777777777
const maxNameBytes = 100
const checksumAt = 148
const checksumBytes = 8

export interface TarHeader {
  readonly name: string
  readonly size: number
}

/** Fault of a tar, and at which byte of it. */
export class TarError extends Error {
  override readonly name = 'TarError'
  readonly offset: number
  constructor(what: string, offset: number) {
    super(`${what} at byte ${offset}`)
    this.offset = offset
  }
}

/** Zero bytes between the end of a member of `size` bytes and the next block. */
export function paddingBytes(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes
}

/** What the headers of all members have in common. */
const commonHeader = Buffer.alloc(blockBytes)
for (const [text, at] of [
  ['0000644\0', 100],
  ['0000000\0', 108],
  ['0000000\0', 116],
  ['00000000000\0', 136],
  ['0', 156],
  ['ustar\x0000', 257],
  ['0000000\0', 329],
  ['0000000\0', 337],
] as const)
  commonHeader.write(text, at)

/** Throws RangeError where the name or size does not fit ustar: the caller chose it, so it is a bug. */
export function encodeHeader({ name, size }: TarHeader): Buffer {
  const nameLength = Buffer.byteLength(name)
  if (nameLength === 0 || nameLength > maxNameBytes)
    throw new RangeError(`tar name of ${nameLength} bytes: ${name}`)
  if (!Number.isSafeInteger(size) || size < 0 || size > maxMemberBytes)
    throw new RangeError(`tar size ${size}`)
  const block = Buffer.from(commonHeader)
  block.write(name, 0)
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, checksumAt)
  return block
}

/** null = a block of zeros, which ends an archive. `offset` is where the block stands, for the error. */
export function decodeHeader(block: Buffer, offset: number): TarHeader | null {
  // A name begins the block, so one that is not zero is told by its first byte.
  if (block[0] === 0 && block.every((byte) => byte === 0)) return null
  const stated = octal(block, checksumAt, checksumBytes)
  if (stated === null || stated !== checksumOf(block))
    throw new TarError('tar header with a wrong checksum', offset)
  if (block.toString('latin1', 257, 262) !== 'ustar')
    throw new TarError('tar header that is not ustar', offset)
  const type = block[156]
  if (type !== 0x30 && type !== 0) throw new TarError('tar member that is not a regular file', offset)
  if (block[345] !== 0) throw new TarError('tar member with a name prefix', offset)
  const size = octal(block, 124, 12)
  if (size === null) throw new TarError('tar header with an unreadable size', offset)
  const end = block.indexOf(0)
  const name = block.toString('utf8', 0, end < 0 || end > maxNameBytes ? maxNameBytes : end)
  if (name === '') throw new TarError('tar member without a name', offset)
  return { name, size }
}

/** The checksum counts its own field as eight spaces. */
function checksumOf(block: Buffer): number {
  let sum = checksumBytes * 0x20
  for (let i = 0; i < blockBytes; i++) {
    if (i < checksumAt || i >= checksumAt + checksumBytes) sum += block[i] ?? 0
  }
  return sum
}

function octal(block: Buffer, at: number, length: number): number | null {
  const text = block.toString('latin1', at, at + length).replace(/[\0 ]+$/, '')
  return /^ *[0-7]+$/.test(text) ? Number.parseInt(text, 8) : null
}
