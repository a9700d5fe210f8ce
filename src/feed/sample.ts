import type { CaptionSource, StoredFormat } from '../records/index.js'
import { membersOf, type SampleRecord } from '../shard/index.js'

/** One pair as a job is fed with it. */
export interface FeedSample {
  /** Dataset that it is from, by its number among those of the reader: several may have the same keys. */
  readonly source: number
  readonly key: string
  readonly image: { readonly format: StoredFormat; readonly bytes: Uint8Array }
  /** The one that was asked for. */
  readonly caption: string
  /** KEY.json. */
  readonly record: SampleRecord
  /** All of its members, as they stand in its tar. */
  readonly tar: Uint8Array
}

/** Which text is given as the caption: `best` = the one in KEY.txt; of sources the first that the pair has, else the best. */
export type CaptionWish = 'best' | readonly CaptionSource[]

export interface SampleWish {
  /** Of the dataset, as samples tell it. */
  readonly source: number
  readonly caption: CaptionWish
}

/** Bytes that keep nothing much larger in memory, where somebody keeps them. */
function ownBytes(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength <= 2 * bytes.length) return bytes
  const own = Buffer.allocUnsafeSlow(bytes.length)
  own.set(bytes)
  return own
}

/** The sample with this key in a piece of its tar; null = the piece holds another one. Throws TarError and SyntaxError where it is none. Pure. */
export function sampleIn(
  piece: Buffer,
  offset: number,
  { key, format }: { readonly key: string; readonly format: StoredFormat },
  { source, caption }: SampleWish,
): FeedSample | null {
  const members = membersOf(piece, offset)
  if (members.length !== 3) return null
  const image = members.find(({ name }) => name === `${key}.${format}`)
  const json = members.find(({ name }) => name === `${key}.json`)
  if (image === undefined || json === undefined) return null
  const record = JSON.parse(piece.toString('utf8', json.begin, json.end)) as SampleRecord
  const tar = ownBytes(piece)
  const bytes = tar.subarray(image.begin, image.end)
  return { source, key, image: { format, bytes }, caption: captionOf(record, caption), record, tar }
}

/** Pure. */
export function captionOf({ caption, captions }: SampleRecord, wish: CaptionWish): string {
  if (wish === 'best') return caption
  for (const source of wish) {
    const found = captions.find((one) => one.source === source)
    if (found !== undefined) return found.text
  }
  return caption
}
