import { keyDigits, keyOf } from '../../shard/index.js'
import type { FoundPair, SearchAnswer } from './explore-data.js'
import type { Explored } from './explored.js'
import { pairsOfKeys } from './pair-rows.js'
import { Refusal } from './problem.js'

/** A model that embeds what is looked for as it embedded the pictures of the dataset. */
export interface Embedder {
  readonly id: string
  embedText(text: string, signal: AbortSignal): Promise<Float32Array>
  embedImage(bytes: Uint8Array, signal: AbortSignal): Promise<Float32Array | { readonly problem: string }>
  close(): Promise<void>
}

export type OpenEmbedder = (modelId: string) => Promise<Embedder | { readonly message: string }>

type Query =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  /** Of the dataset itself. */
  | { readonly kind: 'pair'; readonly key: string }

/** Beyond what is shown, for pairs that were taken back meanwhile. */
const spare = 20

/** Looks for pictures by their embeddings. The model is opened by the first search that needs it; where it cannot be, the next one tries again. */
export class Search {
  readonly #explored: Explored
  readonly #open: OpenEmbedder
  #embedder: Promise<Embedder> | null = null

  constructor(explored: Explored, open: OpenEmbedder) {
    this.#explored = explored
    this.#open = open
  }

  /** Throws Refusal, ScanFailed. */
  async find(query: Query, most: number, now: () => number, signal: AbortSignal): Promise<SearchAnswer> {
    const { index, contents } = this.#explored
    if (index.size === 0) await this.#explored.vectorsRead()
    if (index.size === 0)
      throw new Refusal(409, 'there is nothing to search: no embeddings are committed in this dataset')
    const vector = await this.#vectorOf(query, signal)
    if (vector.length !== index.dimensions)
      throw new Refusal(
        409,
        `the model gives ${vector.length} numbers, and the embeddings have ${index.dimensions}`,
      )
    const beganMs = now()
    const near = await index.search(vector, most + spare)
    const size = contents.shards[0]?.shardSize ?? 1
    const live = near.filter(({ shard, slot }) => contents.live.has(shard, slot))
    const keyed = live.map(({ shard, slot, cosine }) => ({ key: keyOf(shard, slot, size), cosine }))
    const tookMs = now() - beganMs
    const rows = await pairsOfKeys(
      this.#explored,
      keyed.map(({ key }) => key),
      signal,
    )
    const found = keyed.flatMap(({ key, cosine }): FoundPair[] => {
      const pair = rows.get(key)
      return pair === undefined || (query.kind === 'pair' && key === query.key) ? [] : [{ pair, cosine }]
    })
    return { found: found.slice(0, most), images: index.size, tookMs }
  }

  async close(): Promise<void> {
    const embedder = await this.#embedder?.catch(() => null)
    await embedder?.close()
  }

  async #vectorOf(query: Query, signal: AbortSignal): Promise<Float32Array> {
    if (query.kind === 'pair') {
      const { contents, index } = this.#explored
      const digits = keyDigits(contents.shards[0]?.shardSize ?? 1)
      const [shard, slot] = [Number(query.key.slice(0, -digits)), Number(query.key.slice(-digits))]
      const vector = this.#explored.isLive(query.key) ? await index.vectorOf(shard, slot) : null
      if (vector === null) throw new Refusal(404, `there is no embedding of a pair ${query.key}`)
      return vector
    }
    const embedder = await this.#opened()
    if (query.kind === 'text') return await embedder.embedText(query.text, signal)
    const vector = await embedder.embedImage(query.bytes, signal)
    if ('problem' in vector) throw new Refusal(415, `this picture cannot be looked for: ${vector.problem}`)
    return vector
  }

  async #opened(): Promise<Embedder> {
    const modelId = this.#explored.contents.shards.find((one) => one.modelId !== null)?.modelId ?? null
    if (modelId === null) throw new Refusal(409, 'no model has scored this dataset: it has no embeddings')
    this.#embedder ??= this.#open(modelId).then((opened) => {
      if ('message' in opened) throw new Refusal(503, opened.message)
      return opened
    })
    try {
      return await this.#embedder
    } catch (error) {
      this.#embedder = null
      throw error
    }
  }
}
