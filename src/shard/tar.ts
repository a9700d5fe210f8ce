/**
 * The ustar format (POSIX.1-1988) as shards use it: regular files only, names up to 100 bytes, and no field that
 * depends on when or where the file was written (mtime 0, mode 0644, owner 0), so that equal members give equal bytes.
 */
export const blockBytes = 512
/** Eleven octal digits. */
const maxMemberBytes = 0o77777777777
const maxNameBytes = 100
const checksumAt = 148
const checksumBytes = 8

interface TarHeader {
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

/** Header in the block that begins at byte `at`; null = it is one of zeros, which ends an archive. `offset`: where the block stands, for the error. */
export function decodeHeader(bytes: Buffer, offset: number, at = 0): TarHeader | null {
  // A name begins the block, so one that is not zero is told by its first byte.
  if (bytes[at] === 0 && bytes.subarray(at, at + blockBytes).every((byte) => byte === 0)) return null
  const stated = octal(bytes, at + checksumAt, checksumBytes)
  if (stated === null || stated !== checksumOf(bytes, at))
    throw new TarError('tar header with a wrong checksum', offset)
  if (!ustar.every((byte, i) => bytes[at + 257 + i] === byte))
    throw new TarError('tar header that is not ustar', offset)
  const type = bytes[at + 156]
  if (type !== 0x30 && type !== 0) throw new TarError('tar member that is not a regular file', offset)
  if (bytes[at + 345] !== 0) throw new TarError('tar member with a name prefix', offset)
  const size = octal(bytes, at + 124, 12)
  if (size === null) throw new TarError('tar header with an unreadable size', offset)
  let end = at
  while (end < at + maxNameBytes && bytes[end] !== 0) end++
  if (end === at) throw new TarError('tar member without a name', offset)
  return { name: bytes.toString('utf8', at, end), size }
}

const ustar = Buffer.from('ustar')

/** The checksum counts its own field as eight spaces. */
function checksumOf(bytes: Buffer, at = 0): number {
  let sum = checksumBytes * 0x20
  for (let i = at; i < at + checksumAt; i++) sum += bytes[i] as number
  for (let i = at + checksumAt + checksumBytes; i < at + blockBytes; i++) sum += bytes[i] as number
  return sum
}

/** Octal digits, with blanks before them, and blanks and zeros behind; null = it is none. */
function octal(bytes: Buffer, from: number, length: number): number | null {
  let at = from
  let end = from + length
  while (end > from && isBlank(bytes[end - 1])) end--
  while (at < end && bytes[at] === 0x20) at++
  if (at === end) return null
  let value = 0
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 7) return null
    value = 8 * value + digit
  }
  return value
}

const isBlank = (byte: number | undefined): boolean => byte === 0 || byte === 0x20
