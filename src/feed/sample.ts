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
}

/** Which text is given as the caption: `best` = the one in KEY.txt; of sources the first that the pair has, else the best. */
export type CaptionWish = 'best' | readonly CaptionSource[]

export interface SampleWish {
  /** Of the dataset, as samples tell it. */
  readonly source: number
  readonly caption: CaptionWish
}

/** The sample with this key in a piece of its tar; null = the piece holds another one. Throws TarError and SyntaxError where it is none. Pure. */
export function sampleIn(
  piece: Buffer,
  offset: number,
  { key, format }: { readonly key: string; readonly format: StoredFormat },
  { source, caption }: SampleWish,
): FeedSample | null {
  const members = membersOf(piece, offset)
  const [bytes, json] = [members.get(`${key}.${format}`), members.get(`${key}.json`)]
  if (bytes === undefined || json === undefined || members.size !== 3) return null
  const record = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.length).toString()) as SampleRecord
  return { source, key, image: { format, bytes }, caption: captionOf(record, caption), record }
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
