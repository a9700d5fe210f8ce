import { open } from 'node:fs/promises'
import { decodeHalves, messageOf } from '../records/index.js'
import { checkedCopy } from './checked-copy.js'
import { type ShardEntry, stemOf } from './entry.js'
import { embeddingNames } from './layout.js'
import { parseNpyHeader } from './npy.js'
import { readParquet } from './parquet-reader.js'
import type { Report } from './problem.js'
import type { Store } from './store.js'
import { readExactly } from './tar-reader.js'

/** A sample as its tar and parquet have it. */
export interface ScoredSample {
  readonly key: string
  readonly uid: string | null
  /** null = it was not scored, or its row could not be read. */
  readonly score: number | null
}

/** Halves are exact to one part in 2,048. */
const normTolerance = 0.005
const scoreTolerance = 0.002

/** Re-reads the embeddings of one shard: as many as samples, of length 1, and as near to each other as the sample's score says. */
export async function verifyEmbeddings(
  store: Store,
  entry: ShardEntry,
  samples: readonly ScoredSample[],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const names = embeddingNames(stemOf(entry))
  const files = Object.values(names).map((name) => entry.files.find((file) => file.name === name))
  const [images, texts, metadata] = files
  // Captions that were chosen anew may have none.
  if (images === undefined || metadata === undefined) {
    if (files.some((file) => file !== undefined))
      report('its entry names some of its embeddings, and not all')
    return
  }
  const copies = []
  for (const file of [images, texts ?? images, metadata])
    copies.push(await checkedCopy(store, file, report, signal))
  try {
    const [imageCopy, textCopy, metadataCopy] = copies
    if (imageCopy && textCopy) {
      const rows = pairsOf(imageCopy.path, textCopy.path)
      const scored = texts === undefined ? samples.map((sample) => ({ ...sample, score: null })) : samples
      await verifyPairs(rows, scored, (message, key) => report(message, { file: names.images, key }), signal)
    }
    if (metadataCopy) await verifyMetadata(metadataCopy.path, samples, report, names.metadata, signal)
  } finally {
    for (const copy of copies) await copy?.release()
  }
}

interface EmbeddedPair {
  readonly image: Float32Array
  readonly text: Float32Array
}

async function verifyPairs(
  pairs: AsyncGenerator<EmbeddedPair>,
  samples: readonly ScoredSample[],
  report: (message: string, key: string | null) => void,
  signal: AbortSignal,
): Promise<void> {
  let i = 0
  try {
    for await (const { image, text } of pairs) {
      signal.throwIfAborted()
      const sample = samples[i++]
      if (sample === undefined) continue
      for (const one of [image, text]) {
        if (!(Math.abs(Math.sqrt(dot(one, one)) - 1) <= normTolerance))
          report('has an embedding that is not of length 1', sample.key)
      }
      const cosine = dot(image, text)
      if (sample.score !== null && !(Math.abs(cosine - sample.score) <= scoreTolerance)) {
        report(
          `has embeddings of cosine ${cosine.toFixed(4)}, its score is ${sample.score.toFixed(4)}`,
          sample.key,
        )
      }
    }
    if (i !== samples.length) report(`has ${i} embeddings for ${samples.length} samples`, null)
  } catch (error) {
    signal.throwIfAborted()
    report(`is not readable: ${messageOf(error)}`, null)
  }
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (const [i, value] of a.entries()) sum += value * (b[i] ?? 0)
  return sum
}

/** The rows of both matrices, side by side. Throws where one is no matrix of halves, or their shapes or sizes differ. */
async function* pairsOf(imagePath: string, textPath: string): AsyncGenerator<EmbeddedPair> {
  const [images, texts] = [await open(imagePath), await open(textPath)]
  try {
    const shapes = []
    for (const handle of [images, texts]) {
      const { size } = await handle.stat()
      const start = Buffer.alloc(Math.min(size, 256))
      await readExactly(handle, start, start.length, 0)
      const shape = parseNpyHeader(start)
      if (shape === null) throw new Error('no matrix of 16-bit floats')
      if (size !== shape.offset + 2 * shape.rows * shape.columns)
        throw new Error('its size is not that of its shape')
      shapes.push(shape)
    }
    const [a, b] = shapes
    if (a === undefined || b === undefined || a.rows !== b.rows || a.columns !== b.columns) {
      throw new Error('images and texts have other shapes')
    }
    const bytes = 2 * a.columns
    const row = Buffer.alloc(bytes)
    for (let i = 0; i < a.rows; i++) {
      await readExactly(images, row, bytes, a.offset + i * bytes)
      const image = decodeHalves(row)
      await readExactly(texts, row, bytes, b.offset + i * bytes)
      yield { image, text: decodeHalves(row) }
    }
  } finally {
    await images.close()
    await texts.close()
  }
}

async function verifyMetadata(
  path: string,
  samples: readonly ScoredSample[],
  report: Report,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  let i = 0
  try {
    for await (const { image_path, uid } of readParquet(path, ['image_path', 'uid'])) {
      signal.throwIfAborted()
      const sample = samples[i++]
      if (sample !== undefined && (image_path !== sample.key || (uid ?? null) !== sample.uid)) {
        report(`has ${image_path} in row ${i - 1}, where the tar has another`, { file, key: sample.key })
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    report(`is not readable: ${messageOf(error)}`, { file })
    return
  }
  if (i !== samples.length) report(`has ${i} rows for ${samples.length} samples`, { file })
}
