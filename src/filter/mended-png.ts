import { constants, crc32, createInflateRaw, deflateSync, inflateRawSync } from 'node:zlib'
import { imageSize } from './dimensions.js'
import { ascii, view } from './sniff.js'

/** Most bytes of rows that are laid out to be packed again. */
const mostBytes = 64 << 20

/** Channels of each colour type (PNG specification, 11.2.2). */
const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** First column and row of each pass of an interlaced picture, and the steps between them (8.2). */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

/** A PNG with the checksums and the end that its data should have; null = its data does not unfold to all of its rows. */
export async function mendedPng(bytes: Uint8Array): Promise<Uint8Array | null> {
  const wanted = rowsBytes(bytes)
  if (wanted === null || wanted > mostBytes) return null
  const { before, data } = partsOf(bytes)
  const rows = await unfolded(data, wanted)
  if (rows === null) return null
  const packed = deflateSync(rows, { level: 0 })
  return Buffer.concat([
    bytes.subarray(0, 8),
    ...before,
    chunk('IDAT', packed),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Most bytes of rows that are unfolded while others wait. */
const mostWaitedBytes = 16 << 20

/** Whether the data of a PNG unfolds to all of its rows, whatever of its end is missing. Says no of large ones. Pure. */
export function hasAllRows(bytes: Uint8Array): boolean {
  const wanted = rowsBytes(bytes)
  if (wanted === null || wanted > mostWaitedBytes) return false
  try {
    const rows = inflateRawSync(partsOf(bytes).data.subarray(2), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: wanted,
    })
    return rows.length === wanted
  } catch (error) {
    // There is more than that.
    return error instanceof RangeError
  }
}

/** Chunks before the data, and the data of all chunks of it. */
function partsOf(bytes: Uint8Array): { readonly before: readonly Uint8Array[]; readonly data: Buffer } {
  const before: Uint8Array[] = []
  const data: Uint8Array[] = []
  for (let at = 8; at + 8 <= bytes.length; ) {
    const next = at + 12 + view(bytes).getUint32(at)
    if (ascii(bytes, at + 4, 4) === 'IDAT') data.push(bytes.subarray(at + 8, next - 4))
    else if (data.length === 0) before.push(bytes.subarray(at, next))
    at = next
  }
  return { before, data: Buffer.concat(data) }
}

/** Bytes of all rows as they are packed, each with its filter; null = the header says nothing that could be read. */
function rowsBytes(bytes: Uint8Array): number | null {
  const size = imageSize(bytes)
  const channels = channelsOf[bytes[25] ?? -1]
  if (typeof size === 'string' || channels === undefined) return null
  const bits = channels * (bytes[24] ?? 0)
  const passBytes = (width: number, height: number) =>
    width <= 0 || height <= 0 ? 0 : height * (1 + Math.ceil((width * bits) / 8))
  if (bytes[28] === 0) return passBytes(size.width, size.height)
  return passes.reduce(
    (sum, [x, y, dx, dy]) =>
      sum + passBytes(Math.ceil((size.width - x) / dx), Math.ceil((size.height - y) / dy)),
    0,
  )
}

/** The first bytes that a zlib stream unfolds to, its checksum left aside; null = it ends or breaks before them. */
async function unfolded(stream: Uint8Array, wanted: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH })
  inflate.end(stream.subarray(2))
  try {
    for await (const piece of inflate) {
      chunks.push(piece as Buffer)
      size += (piece as Buffer).length
      if (size >= wanted) return Buffer.concat(chunks, wanted)
    }
  } catch {
    // The data is broken: rows are missing.
  }
  return null
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length)
  out.set(body, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}
