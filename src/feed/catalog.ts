import { messageOf, type StoredFormat } from '../records/index.js'
import {
  type Manifest,
  manifestName,
  manifestSchema,
  shardStem,
  tarIndexName,
  tarName,
} from '../shard/index.js'
import type { FedShard } from './epoch.js'
import { LiveSamples } from './live.js'
import type { FeedPlace } from './place.js'

export interface CatalogShard extends FedShard {
  /** Slots taken back, ascending. */
  readonly taken: readonly number[]
  /** Of its tar. */
  readonly tarBytes: number
}

/** Contents of a dataset as its manifest tells them. */
export interface Catalog {
  /** Changes of the dataset that are done. */
  readonly generation: number
  readonly format: StoredFormat
  /** Samples in the largest shard: fixes the digits of a key. */
  readonly shardSize: number
  /** By number. */
  readonly shards: readonly CatalogShard[]
}

/** A dataset that cannot be fed, or a place that holds none. The message is for people. */
export class DatasetUnusable extends Error {
  override readonly name = 'DatasetUnusable'
}

/** Throws DatasetUnusable where there is none that can be read. */
export async function readFedManifest(place: FeedPlace, signal: AbortSignal): Promise<Manifest> {
  const bytes = await place.read(manifestName, signal)
  if (bytes === null)
    throw new DatasetUnusable(`${place.url} holds no dataset: there is no ${manifestName} in it`)
  try {
    return manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch (error) {
    throw new DatasetUnusable(`${place.url}: ${manifestName} is not readable: ${messageOf(error)}`)
  }
}

export async function readCatalog(place: FeedPlace, signal: AbortSignal): Promise<Catalog> {
  const catalog = catalogOf(await readFedManifest(place, signal))
  if ('problem' in catalog) throw new DatasetUnusable(`${place.url} ${catalog.problem}`)
  return catalog
}

/** `problem`: why it cannot be fed, for people. Pure. */
function catalogOf(
  manifest: Pick<Manifest, 'generation' | 'format' | 'shardSize' | 'shards'>,
): Catalog | { readonly problem: string } {
  const shards: CatalogShard[] = []
  for (const { shard, samples, taken, files } of manifest.shards) {
    if (shard === null) continue
    if (!files.some(({ name }) => name === tarIndexName(shardStem(shard))))
      return {
        problem: `has no index of shard ${shardStem(shard)}: it was written by an earlier version; pairmill curate makes a dataset of it that has`,
      }
    const tarBytes = files.find(({ name }) => name === tarName(shardStem(shard)))?.size ?? 0
    shards.push({ shard, slots: samples + taken.length, taken, tarBytes })
  }
  if (shards.length === 0) return { problem: 'has no pair yet' }
  return {
    generation: manifest.generation,
    format: manifest.format ?? 'jpg',
    shardSize: manifest.shardSize ?? 10_000,
    shards: shards.sort((a, b) => a.shard - b.shard),
  }
}

export function liveOf({ shards }: Catalog): LiveSamples {
  const live = new LiveSamples(new Map(shards.map(({ shard, slots }) => [shard, slots])))
  for (const { shard, taken } of shards) live.take(shard, taken)
  return live
}
