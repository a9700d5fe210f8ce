import type { Row } from '../records/index.js'
import type { Field } from './field.js'
import { npyHeader } from './npy.js'
import { ParquetFile, type Table } from './parquet.js'
import { wellFormed } from './sample-record.js'
import type { Embeddings } from './shard-source.js'
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
/** `texts` null = the captions are not those that were embedded. */
export type EmbeddingSums = Readonly<Record<'images' | 'metadata', FileSums> & { texts: FileSums | null }>

/**
 * Writes the embeddings of a shard's samples in their order, as clip-retrieval and autofaiss read them. Where a sample has none, or not as many as the
 * others, they were not made by one model: then there are none of the shard.
 */
export class EmbeddingsWriter {
  readonly #paths: EmbeddingFiles<string>
  readonly #samples: number
  /** null = nothing is written: there was no sample yet, or one of them has none. */
  #open: {
    readonly bytes: number
    readonly images: SummedFile
    readonly texts: SummedFile | null
    readonly metadata: ParquetFile<keyof EmbeddedRecord>
  } | null = null
  #isMixed = false

  readonly #hasTexts: boolean

  /** `hasTexts` false: only the images' are written. */
  constructor(paths: EmbeddingFiles<string>, samples: number, hasTexts: boolean) {
    this.#paths = paths
    this.#samples = samples
    this.#hasTexts = hasTexts
  }

  /** `vectors`: in place of those that the row carries. */
  async add(row: Row, key: string, vectors: Embeddings = carriedBy(row)): Promise<void> {
    if (this.#isMixed) return
    const { caption, url, uid = null } = row
    const { images, texts } = vectors
    const bytes = images.length + texts.length
    this.#open ??= bytes === 0 ? null : await this.#begin(bytes)
    if (this.#open?.bytes !== bytes) {
      this.#isMixed = true
      await this.abandon()
      return
    }
    await this.#open.images.append(images)
    await this.#open.texts?.append(texts)
    await this.#open.metadata.append({ image_path: key, caption: wellFormed(caption), uid, url })
  }

  /** null = there are none. */
  async finish(): Promise<EmbeddingSums | null> {
    if (this.#open === null) return null
    const { images, texts, metadata } = this.#open
    return {
      images: await images.finish(),
      texts: (await texts?.finish()) ?? null,
      metadata: await metadata.finish(),
    }
  }

  async abandon(): Promise<void> {
    const open = this.#open
    this.#open = null
    for (const file of [open?.images, open?.texts, open?.metadata]) await file?.abandon()
  }

  /** `bytes`: of both embeddings of a sample, two a dimension of each. */
  async #begin(bytes: number) {
    const images = await SummedFile.create(this.#paths.images)
    const texts = this.#hasTexts ? await SummedFile.create(this.#paths.texts) : null
    const metadata = await ParquetFile.create(this.#paths.metadata, metadataTable)
    for (const file of [images, texts]) await file?.append(npyHeader(this.#samples, bytes / 4))
    return { bytes, images, texts, metadata }
  }
}

function carriedBy({ embeddings = null }: Row): Embeddings {
  const both = Buffer.from(embeddings ?? '', 'base64')
  return { images: both.subarray(0, both.length / 2), texts: both.subarray(both.length / 2) }
}
