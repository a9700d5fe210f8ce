import {
  DatasetUnusable,
  epochOrder,
  type FeedSource,
  liveOf,
  type OrderFigures,
  openPlace,
  orderedSources,
  orderFigures,
  type RecipeSet,
  readCatalog,
  type SourceCount,
} from '../feed/index.js'
import type { TablesProgress } from '../query/index.js'
import { captionSources } from '../records/index.js'
import { keyDigits, type S3Settings, type Store, UnreadableDataset } from '../shard/index.js'

/** How well orders of the pairs mix the hosts of their pages. */
export interface FedOrder {
  /** Of all ranks together. */
  readonly batchSize: number
  /** The order of an epoch as `openDataset` and `--serve` have it. */
  readonly feed: OrderFigures
  /** As the pairs stand in the tars, one tar behind the other. */
  readonly tars: OrderFigures
  /** Texts of each source, most frequent first. */
  readonly captions: readonly SourceCount[]
}

/** Pairs whose hosts are held at a time. */
const mostPairs = 5_000_000

export interface OrderDeps {
  readonly s3: S3Settings
  /** A folder for what DuckDB needs meanwhile. */
  readonly scratch: string
  readonly onProgress: (progress: TablesProgress) => void
}

/** Reads the hosts of all pairs. `unknown`: why the figures cannot be had, for people. */
export async function readOrder(
  sets: readonly RecipeSet[],
  batchSize: number,
  { s3, scratch, onProgress }: OrderDeps,
  signal: AbortSignal,
): Promise<FedOrder | { readonly unknown: string }> {
  const pairs = sets.reduce((sum, { samples }) => sum + samples, 0)
  if (pairs > mostPairs) return { unknown: `it is told of ${mostPairs} pairs at most` }
  const stores: Store[] = []
  const sources: Omit<FeedSource, 'place'>[] = []
  const close: (() => Promise<void>)[] = []
  try {
    for (const { place, weight } of sets) {
      if (place.kind === 'https') return { unknown: 'the hosts of a dataset behind a URL are not read' }
      const opened = await openPlace(place.kind === 'folder' ? place.path : place.url, s3, signal)
      close.push(() => opened.feed.close())
      if (opened.store !== null) stores.push(opened.store)
      const catalog = await readCatalog(opened.feed, signal)
      sources.push({ catalog, live: liveOf(catalog), weight })
    }
    const { openTables } = await import('../query/index.js')
    const tables = await openTables(stores, { scratch, onProgress }, signal)
    if ('kind' in tables) return { unknown: tables.message }
    try {
      const hosts = new Hosts(sources)
      for await (const rows of tables.rows(hostsSql))
        for (const { source, shard, key, host } of rows)
          hosts.set(Number(source), Number(shard), String(key), typeof host === 'string' ? host : null)
      const [counts = {}] = (await tables.rows(captionsSql).next()).value ?? []
      return {
        batchSize,
        feed: orderFigures(hosts.inOrder(), batchSize),
        tars: orderFigures(hosts.asTheyStand(), batchSize),
        captions: ownSources
          .map((source) => ({ source, pairs: Number(counts[source] ?? 0) }))
          .filter((one) => one.pairs > 0)
          .sort((a, b) => b.pairs - a.pairs),
      }
    } finally {
      await tables.close()
    }
  } catch (error) {
    if (error instanceof DatasetUnusable || error instanceof UnreadableDataset)
      return { unknown: error.message }
    throw error
  } finally {
    for (const one of close) await one()
  }
}

const hostsSql = 'select source, shard, key, coalesce(page_host, image_host) as host from pairs'
/** Sources that give captions: the heading over several pictures never is one. */
const ownSources = captionSources.filter((source) => source !== 'context')
const captionsSql = `select ${ownSources
  .map((source) => `count(caption_${source.replaceAll('-', '_')}) as "${source}"`)
  .join(', ')} from pairs`

/** Hosts of pairs, by where these stand. */
class Hosts {
  readonly #sources: readonly Omit<FeedSource, 'place'>[]
  /** By source and shard, the host of each slot. */
  readonly #hosts: readonly Map<number, (string | null)[]>[]

  constructor(sources: readonly Omit<FeedSource, 'place'>[]) {
    this.#sources = sources
    this.#hosts = sources.map(
      ({ catalog }) =>
        new Map(catalog.shards.map(({ shard, slots }) => [shard, Array<string | null>(slots).fill(null)])),
    )
  }

  /** What came since the manifest was read is of no account. */
  set(source: number, shard: number, key: string, host: string | null): void {
    const catalog = this.#sources[source]?.catalog
    const slots = this.#hosts[source]?.get(shard)
    if (catalog === undefined || slots === undefined) return
    const slot = Number(key.slice(-keyDigits(catalog.shardSize)))
    if (slot < slots.length) slots[slot] = host
  }

  *inOrder(): Generator<string | null> {
    const order = epochOrder(orderedSources(this.#sources, { state: null, windowShards: null }), {
      seed: '0',
      epoch: 0,
    })
    for (const { source, shard, slot } of order) yield this.#hosts[source]?.get(shard)?.[slot] ?? null
  }

  *asTheyStand(): Generator<string | null> {
    for (const [source, { live }] of this.#sources.entries())
      for (const [shard, slots] of this.#hosts[source] ?? [])
        for (const [slot, host] of slots.entries()) if (live.has(shard, slot)) yield host
  }
}
