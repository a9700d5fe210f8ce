import type { Row } from '../records/index.js'

/** A kept row with its stored image. */
export interface SourceSample {
  readonly row: Row
  /** Valid until the next sample is asked for. */
  readonly image: Buffer
}

/** Rows and images that shards are written from, by their numbers. */
export interface ShardSource {
  /** Kept rows with their images, in the order of `numbers`. */
  samples(numbers: Uint32Array, signal: AbortSignal): AsyncGenerator<SourceSample>
  /** The rejected rows with these numbers, which must ascend. Not beside `samples`. */
  rows(numbers: Uint32Array, signal: AbortSignal): AsyncGenerator<Row>
  close(): Promise<void>
}

/** Things of known sizes that lie in files. */
export interface Places {
  /** Bytes of a thing. */
  sizeOf(number: number): number | Promise<number>
  /** Fills `into`, which is as large as the thing. */
  readInto(number: number, into: Buffer): Promise<void>
  /** Called while no read is under way: closes what need not be open. */
  trim(): Promise<void>
}

/** Things that are read at the same time; as many again are on their way to where they are used. */
const atOnce = 32

/**
 * Reads things in the order of `numbers`, ahead of their use. Two pieces of memory take turns: one is filled while what lies in the other is
 * used: those of an answer are valid until the next one is asked for.
 */
export async function* readAhead(
  numbers: Uint32Array,
  places: Places,
  signal: AbortSignal,
): AsyncGenerator<readonly Buffer[]> {
  let spare: Buffer = Buffer.alloc(0)
  let other: Buffer = Buffer.alloc(0)
  const read = (from: number): Promise<Buffer[]> => {
    const things = fill(spare, Array.from(numbers.subarray(from, from + atOnce)), places)
    const filled = things.then(({ slab, parts }) => {
      spare = other
      other = slab
      return parts
    })
    // A failure is met where the things are awaited; until then it must not count as unhandled.
    filled.catch(() => {})
    return filled
  }
  let ahead = read(0)
  try {
    for (let from = 0; from < numbers.length; from += atOnce) {
      const parts = await ahead
      signal.throwIfAborted()
      await places.trim()
      ahead = read(from + atOnce)
      yield parts
    }
  } finally {
    // The files may be closed only when nothing reads them; how the last reads ended no longer matters.
    await Promise.allSettled([ahead])
  }
}

async function fill(
  spare: Buffer,
  numbers: readonly number[],
  places: Places,
): Promise<{ slab: Buffer; parts: Buffer[] }> {
  const sizes = await Promise.all(numbers.map((number) => places.sizeOf(number)))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  const slab = spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(bytes)
  let at = 0
  const reads = numbers.map(async (number, i) => {
    const part = slab.subarray(at, at + (sizes[i] ?? 0))
    at += part.length
    await places.readInto(number, part)
    return part
  })
  const done = await Promise.allSettled(reads)
  const failed = done.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return { slab, parts: await Promise.all(reads) }
}
