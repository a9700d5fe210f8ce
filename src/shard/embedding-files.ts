import type { Row } from '../records/index.js'
import type { Field } from './field.js'
import { npyHeader } from './npy.js'
import { ParquetFile, type Table } from './parquet.js'
import { wellFormed } from './sample-record.js'
import { type FileSums, SummedFile } from './summed-file.js'

/** Row of the metadata that clip-retrieval looks up beside an embedding. */
interface EmbeddedRecord {
  /** The sample's key. */
  readonly image_path: string
  readonly caption: string
  readonly uid: string | null
  readonly url: string
}

const fields: readonly Field<keyof EmbeddedRecord>[] = [
  ['image_path', 'string'],
  ['caption', 'string'],
  ['uid', 'string'],
  ['url', 'string'],
]
const metadataTable: Table<keyof EmbeddedRecord> = { name: 'embeddings', version: 1, fields }

/** What is stored for each of the three files of a shard. */
export type EmbeddingFiles<T> = Readonly<Record<'images' | 'texts' | 'metadata', T>>

/** Dimensions of the embeddings that rows carry; null = one carries none, or not all carry as many: they were not made by one model. */
export function dimensionsOf(rows: readonly Row[]): number | null {
  const [first] = rows
  const length = first?.embeddings?.length
  if (length === undefined || rows.some((row) => row.embeddings?.length !== length)) return null
  return Buffer.byteLength(first?.embeddings ?? '', 'base64') / 4
}

/** Writes the embeddings of a shard's samples in their order, as clip-retrieval and autofaiss read them. */
export async function writeEmbeddings(
  rows: readonly Row[],
  dimensions: number,
  keyAt: (i: number) => string,
  paths: EmbeddingFiles<string>,
): Promise<EmbeddingFiles<FileSums>> {
  const images = await SummedFile.create(paths.images)
  const texts = await SummedFile.create(paths.texts)
  const metadata = await ParquetFile.create(paths.metadata, metadataTable)
  try {
    for (const file of [images, texts]) await file.append(npyHeader(rows.length, dimensions))
    for (const [i, row] of rows.entries()) {
      const both = Buffer.from(row.embeddings ?? '', 'base64')
      await images.append(both.subarray(0, 2 * dimensions))
      await texts.append(both.subarray(2 * dimensions))
      const { caption, url, uid = null } = row
      await metadata.append({ image_path: keyAt(i), caption: wellFormed(caption), uid, url })
    }
    return { images: await images.finish(), texts: await texts.finish(), metadata: await metadata.finish() }
  } finally {
    for (const file of [images, texts, metadata]) await file.abandon()
  }
}
