import type { CaptionSource, StoredFormat } from '../../records/index.js'
import type { Manifest } from '../../shard/index.js'

/** Where a dataset lies, as those that train on it name it. */
export type RecipePlace =
  | { readonly kind: 'folder' /** Absolute. */; readonly path: string }
  | {
      readonly kind: 's3'
      readonly url: string /** null = Amazon's own. */
      readonly endpoint: string | null
    }
  | { readonly kind: 'https'; readonly url: string }

/** What a dataset is, for those that print how to train on it. */
export interface RecipeSet {
  readonly place: RecipePlace
  /** Numbers of the tars that hold a pair or more, ascending. */
  readonly shards: readonly number[]
  /** Pairs, without those that were taken back. */
  readonly samples: number
  readonly format: StoredFormat
  /** Whether its run is at its end; else shards may follow. */
  readonly complete: boolean
  /** Share of the samples of a job that come from it, beside the weights of the others; null = each pair as often as any. */
  readonly weight: number | null
  /** One URL for each shard, that anybody may fetch for a while; null = there are none. */
  readonly signed: readonly string[] | null
}

/** Pairs that have a text of this source. */
export interface SourceCount {
  readonly source: CaptionSource
  readonly pairs: number
}

/** A job, and the datasets that it is to be fed with. */
export interface RecipeFacts {
  /** One or more. */
  readonly sets: readonly RecipeSet[]
  /** Part of a curated dataset that is held back; null = there is none. */
  readonly validation: RecipeSet | null
  /** 1 or more. */
  readonly gpus: number
  /** Of the loader, for each GPU; 0 = it loads in its own process. */
  readonly workers: number
  /** Most frequent first; null = not known. */
  readonly captions: readonly SourceCount[] | null
}

export const consumers = ['open_clip', 'webdataset', 'pytorch', 'datasets', 'energon'] as const
export type Consumer = (typeof consumers)[number]

/** What to paste for one consumer. */
export interface Recipe {
  readonly consumer: Consumer
  readonly title: string
  readonly language: 'shell' | 'python'
  /** To be pasted as they are; none where it cannot read these datasets, which `notes` say. */
  readonly lines: readonly string[]
  /** Sentences: why it is as it is, what it cannot do. */
  readonly notes: readonly string[]
}

/** What a manifest says of its dataset; null = it has no pair. Pure. */
export function recipeSetOf(
  { shards, format, complete }: Pick<Manifest, 'shards' | 'format' | 'complete'>,
  { place, weight }: Pick<RecipeSet, 'place' | 'weight'>,
): RecipeSet | null {
  const full = shards.flatMap(({ shard, samples }) =>
    shard === null || samples === 0 ? [] : [{ shard, samples }],
  )
  if (full.length === 0) return null
  return {
    place,
    weight,
    shards: full.map(({ shard }) => shard).sort((a, b) => a - b),
    samples: samplesOf(full),
    format: format ?? 'jpg',
    complete,
    signed: null,
  }
}

export function samplesOf(sets: readonly Pick<RecipeSet, 'samples'>[]): number {
  return sets.reduce((sum, { samples }) => sum + samples, 0)
}

export function shardsOf(sets: readonly Pick<RecipeSet, 'shards'>[]): number {
  return sets.reduce((sum, { shards }) => sum + shards.length, 0)
}

/** Processes that read at the same time: each takes whole shards. */
export function readersOf({ gpus, workers }: Pick<RecipeFacts, 'gpus' | 'workers'>): number {
  return gpus * Math.max(1, workers)
}

/** Whether there is a shard for each that reads; where not, shards are drawn again and again, so that none stands idle. */
export function hasShardForEach(facts: Pick<RecipeFacts, 'sets' | 'gpus' | 'workers'>): boolean {
  return shardsOf(facts.sets) >= readersOf(facts)
}
