import { createHash } from 'node:crypto'

/**
 * A stream of 32-bit integers that is the same for the same seed on every machine and version: xoshiro128** started
 * from SHA-256 of the seed. Part of the output format: changing it changes the bytes of a plan that is run again.
 */
function seededIntegers(seed: string): () => number {
  const state = createHash('sha256').update(seed).digest()
  let a = state.readUInt32LE(0)
  let b = state.readUInt32LE(4)
  let c = state.readUInt32LE(8)
  let d = state.readUInt32LE(12)
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return result
  }
}

/** Shuffles in place, every order equally likely (Fisher and Yates; draws that would favour small numbers are redrawn). */
export function shuffle(values: Uint32Array, seed: string): void {
  const next = seededIntegers(seed)
  for (let i = values.length - 1; i > 0; i--) {
    const j = below(i + 1, next)
    const held = values[i] ?? 0
    values[i] = values[j] ?? 0
    values[j] = held
  }
}

function below(bound: number, next: () => number): number {
  const fair = 0x1_0000_0000 - (0x1_0000_0000 % bound)
  for (;;) {
    const drawn = next()
    if (drawn < fair) return drawn % bound
  }
}

function rotateLeft(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by))
}
