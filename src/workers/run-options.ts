import type { RenderMode, Scope, Source } from '../crawl/index.js'
import type { Concept, Provider } from '../filter/index.js'
import type { OptOut, StoredFormat } from '../records/index.js'

/**
 * A run's options with everything filled in; stored with the run, so that a later start can be compared with
 * the first. Plain JSON.
 */
export interface RunOptions {
  /** Canonical http(s) URLs, distinct, in the order given; at least one unless there are sources. */
  readonly seeds: readonly string[]
  /** What candidates come from beside pages. */
  readonly sources: readonly Source[]
  /** Absolute folder, or `s3://bucket/prefix`. */
  readonly out: string
  /** `pglite:` and an absolute folder; '' = none was named, and `out` is no folder that could hold it. */
  readonly backend: string
  /** A name known to the model catalogue, or an absolute folder. */
  readonly model: string
  /** Cosine similarity below which a pair is dropped, -1..1; null = the model's own. */
  readonly threshold: number | null
  /** What is looked for in images; empty = nothing, null = the default set where the model is CLIP, nothing otherwise. */
  readonly concepts: readonly Concept[] | null
  /** Limits; null = none. */
  readonly maxPages: number | null
  readonly maxPairs: number | null
  readonly maxTimeMs: number | null
  /** Links followed from a seed; 0 = the seeds alone. */
  readonly maxDepth: number | null
  readonly maxPagesPerHost: number | null
  readonly scope: Scope
  /** Patterns on whole URLs: globs of `*` and `?`, or `/regular expression/`. Empty include = everything. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Sitemaps that robots.txt names are crawled too. */
  readonly sitemaps: 'on' | 'off'
  /** Which pages a browser looks at too: none, those where it pays, all. */
  readonly render: RenderMode
  /** Least time between two page fetches from one host. */
  readonly delayMs: number
  /** Least time between two image fetches from one host. */
  readonly imageDelayMs: number
  /** Hosts crawled at once. */
  readonly concurrency: number
  readonly userAgent: string
  /** Opt-outs that are not obeyed; sorted. */
  readonly ignoreOptOut: readonly OptOut[]
  /** ISO 639-1 codes of captions to keep; null = all languages. */
  readonly languages: readonly string[] | null
  /** Pixels of the shorter side of the source image. */
  readonly minSide: number
  /** Longer side over shorter side. */
  readonly maxAspect: number
  readonly minBytes: number
  readonly dedupe: 'near' | 'exact' | 'off'
  /** Pixels of the longer side of the stored image; smaller images are stored as they are. */
  readonly imageSize: number
  readonly imageFormat: StoredFormat
  /** 1..100. */
  readonly imageQuality: number
  /** Different images that may share one caption before it counts as boilerplate; null = any number. */
  readonly repeatedText: number | null
  /** Samples in a shard; null = 10,000, less where the run is small. */
  readonly shardSize: number | null
  /** As curl writes them: `HOST1:PORT1:HOST2:PORT2`. */
  readonly connectTo: readonly string[]
  /** CIDRs of private addresses that may be dialled. */
  readonly allowPrivate: readonly string[]
  /** Candidates in a filter batch. */
  readonly batchSize: number
  /** Threads of the model's session; null = as many as there are cores. */
  readonly threads: number | null
  /** What the model is run on. */
  readonly provider: Provider
  /** Seed of the shuffle across shards. */
  readonly seed: string
}
