/** Floats of 16 bits (IEEE 754 binary16), as embeddings are stored: little-endian, rounded to the nearest, ties to even. */
export function encodeHalves(values: Float32Array): Buffer {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const bytes = Buffer.allocUnsafe(2 * values.length)
  for (const [i, word] of bits.entries()) bytes.writeUInt16LE(halfOf(word), 2 * i)
  return bytes
}

export function decodeHalves(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Float32Array.from({ length: bytes.length >> 1 }, (_, i) => floatOf(view.getUint16(2 * i, true)))
}

/** The half of a float's 32 bits. */
function halfOf(word: number): number {
  const sign = (word >>> 16) & 0x8000
  const exponent = (word >>> 23) & 0xff
  const fraction = word & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200)
  const half = exponent - 112
  // What rounds up beyond a fraction's last bit carries into the exponent, which is the next half.
  if (half >= 31) return sign | 0x7c00
  if (half > 0) return sign | rounded((half << 23) | fraction, 13)
  if (half < -10) return sign
  return sign | rounded(fraction | 0x800000, 14 - half)
}

function rounded(bits: number, dropped: number): number {
  const kept = bits >>> dropped
  const rest = bits & ((1 << dropped) - 1)
  const middle = 1 << (dropped - 1)
  return rest > middle || (rest === middle && (kept & 1) === 1) ? kept + 1 : kept
}

function floatOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
