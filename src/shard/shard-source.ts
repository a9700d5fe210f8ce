import type { Row } from '../records/index.js'

/** Embeddings of an image and of its caption, in halves. */
export type Embeddings = Readonly<Record<'images' | 'texts', Buffer>>

/** A kept row with its stored image. */
export interface SourceSample {
  readonly row: Row
  /** Of its image and its caption, where the row does not carry them; as long as the image's bytes are valid. */
  readonly embeddings?: Embeddings
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
  /** Bytes of each thing. */
  sizesOf(numbers: readonly number[]): Promise<readonly number[]>
  /** Whether the second thing lies right behind the first. */
  isBehind(first: number, second: number): boolean
  /** Fills `into` with things that lie one behind the other, of which `first` is the first. */
  readInto(first: number, into: Buffer): Promise<void>
}

/** Things that are read at the same time; as many again are on their way to where they are used. */
const atOnce = 32

/**
 * Reads things in the order of `numbers`, of every kind that is asked for, ahead of their use; those that lie one behind the other are one read. Two
 * pieces of memory take turns: one is filled while what lies in the other is used: those of an answer are valid until the next one is asked for.
 *
 * `trim` is called while no read is under way: it closes what need not be open.
 */
export async function* readAhead(
  numbers: Uint32Array,
  kinds: readonly Places[],
  trim: () => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<readonly (readonly Buffer[])[]> {
  let spare: Buffer = Buffer.alloc(0)
  let other: Buffer = Buffer.alloc(0)
  const read = (from: number): Promise<Buffer[][]> => {
    const things = fill(spare, Array.from(numbers.subarray(from, from + atOnce)), kinds)
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
      await trim()
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
  kinds: readonly Places[],
): Promise<{ slab: Buffer; parts: Buffer[][] }> {
  const sizes = await Promise.all(kinds.map((places) => places.sizesOf(numbers)))
  const bytes = sizes.flat().reduce((sum, size) => sum + size, 0)
  const slab = spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(bytes)
  let at = 0
  const parts = sizes.map((own) =>
    own.map((size) => {
      at += size
      return slab.subarray(at - size, at)
    }),
  )
  const reads = kinds.flatMap((places, kind) => readRuns(numbers, parts[kind] ?? [], places, slab))
  const done = await Promise.allSettled(reads)
  const failed = done.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return { slab, parts }
}

/** `parts` stand one behind the other in the slab. */
function readRuns(
  numbers: readonly number[],
  parts: readonly Buffer[],
  places: Places,
  slab: Buffer,
): Promise<void>[] {
  const reads: Promise<void>[] = []
  for (let from = 0, to = 1; from < numbers.length; from = to, to++) {
    while (to < numbers.length && places.isBehind(numbers[to - 1] ?? 0, numbers[to] ?? 0)) to++
    const [first, last] = [parts[from], parts[to - 1]]
    if (first === undefined || last === undefined) throw new RangeError(`no place for ${numbers[from]}`)
    const [start, end] = [first.byteOffset, last.byteOffset + last.length]
    if (end > start)
      reads.push(
        places.readInto(numbers[from] ?? 0, slab.subarray(start - slab.byteOffset, end - slab.byteOffset)),
      )
  }
  return reads
}
