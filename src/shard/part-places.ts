import type { FileHandle } from 'node:fs/promises'
import { storedFormats } from '../records/index.js'
import { readExactly } from './tar-reader.js'

/** Where the stored image of a row lies in a part. */
export interface PlacedImage {
  readonly row: number
  readonly format: string
  readonly offset: number
  /** Bytes. */
  readonly size: number
}

/** Where everything lies in a part. */
export interface Places {
  readonly images: readonly PlacedImage[]
  readonly ledger: { readonly offset: number; readonly size: number }
}

/** Name of the part's last member: the places of the others, so that nobody has to walk through them. */
export const placesMember = 'places.bin'

const blockBytes = 512
/** Two blocks of zeros end an archive (see `endArchive`). */
const archiveEndBytes = 2 * blockBytes
/** A row number, the number of a format, offset and size, eight bytes each. */
const recordBytes = 32
/** Records, and these eight bytes, behind which the archive ends. */
const mark = Buffer.from('places\0\x01', 'latin1')
const footBytes = 8 + mark.length

/**
 * The member's bytes: a record of each image, one of the ledger, their number and the mark, behind as many zeros as make it end with a block. So
 * they stand at a place that is known from the file's end. Numbers are doubles, exact to 2^53. Pure.
 */
export function encodePlaces({ images, ledger }: Places): Buffer {
  const used = recordBytes * (images.length + 1) + footBytes
  const bytes = Buffer.alloc(Math.ceil(used / blockBytes) * blockBytes)
  let at = bytes.length - used
  const formats: readonly string[] = storedFormats
  const records = images.map(({ row, format, offset, size }) => [row, formats.indexOf(format), offset, size])
  for (const record of [...records, [0, 0, ledger.offset, ledger.size]]) {
    for (const value of record) at = bytes.writeDoubleLE(value, at)
  }
  at = bytes.writeDoubleLE(images.length, at)
  mark.copy(bytes, at)
  return bytes
}

/**
 * The places that a part ends with; null = it has none, being of an earlier version, or none that lie in it: then its members tell. What lies at a place is
 * known to be right by its own hash, and the ledger by its rows.
 */
export async function readPlaces(file: FileHandle): Promise<Places | null> {
  const { size } = await file.stat()
  const end = size - archiveEndBytes
  if (end < footBytes) return null
  const foot = Buffer.alloc(footBytes)
  await readExactly(file, foot, footBytes, end - footBytes)
  const count = foot.readDoubleLE(0)
  const bytes = recordBytes * (count + 1)
  const start = end - footBytes - bytes
  if (!foot.subarray(8).equals(mark) || !Number.isSafeInteger(count) || count < 0 || start < 0) return null
  const records = Buffer.alloc(bytes)
  await readExactly(file, records, bytes, start)
  const places: PlacedImage[] = []
  for (let at = 0; at < bytes; at += recordBytes) {
    const [row = -1, number = -1, offset = -1, length = -1] = [0, 8, 16, 24].map((field) =>
      records.readDoubleLE(at + field),
    )
    const format = storedFormats[number]
    const isWhole = [row, offset, length].every((value) => Number.isSafeInteger(value) && value >= 0)
    if (!isWhole || format === undefined || offset + length > start) return null
    places.push({ row, format, offset, size: length })
  }
  const ledger = places.pop()
  return ledger === undefined
    ? null
    : { images: places, ledger: { offset: ledger.offset, size: ledger.size } }
}
