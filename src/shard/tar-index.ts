/**
 * Index of a tar, as NVIDIA's Energon reads it: for each sample the offset of its first member's header, and at the end that of the blocks that
 * end the archive, each in 64 bits, little-endian. So sample i lies at offsets[i] .. offsets[i + 1], and any one is one ranged read.
 */
export function encodeTarIndex(offsets: readonly number[]): Buffer {
  const bytes = Buffer.allocUnsafe(8 * offsets.length)
  for (const [i, offset] of offsets.entries()) bytes.writeBigUInt64LE(BigInt(offset), 8 * i)
  return bytes
}

/** null = it is none: it is cut in the middle of an offset, or one is larger than any file. */
export function decodeTarIndex(bytes: Uint8Array): number[] | null {
  if (bytes.length % 8 !== 0) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const offsets = Array.from({ length: bytes.length / 8 }, (_, i) => Number(view.getBigUint64(8 * i, true)))
  return offsets.every(Number.isSafeInteger) ? offsets : null
}
