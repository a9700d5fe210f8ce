import { createHash } from 'node:crypto'

/** A stream of numbers in [0, 1) that depends on nothing but the text it was made from. */
export type Random = () => number

/** Makes the stream of `text`: 32-bit state, sfc32 over the first 128 bits of the text's SHA-256. */
export function randomOf(text: string): Random {
  const digest = createHash('sha256').update(text).digest()
  let a = digest.readInt32LE(0)
  let b = digest.readInt32LE(4)
  let c = digest.readInt32LE(8)
  let d = digest.readInt32LE(12)
  return () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 4294967296
  }
}

/** An integer from 0 to below `count`; `count` is at least 1. */
export function below(random: Random, count: number): number {
  return Math.floor(random() * count)
}

/** One of the items, each as likely; throws on an empty list, which is a mistake of the caller. */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[below(random, items.length)]
  if (item === undefined) throw new RangeError('pick from an empty list')
  return item
}

/** The items in an order drawn from the stream (Fisher-Yates); the argument is left as it is. */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const rest = [...items]
  const out: T[] = []
  while (rest.length > 0) {
    const i = below(random, rest.length)
    const last = rest.pop() as T
    out.push(i === rest.length ? last : (rest[i] as T))
    if (i < rest.length) rest[i] = last
  }
  return out
}
