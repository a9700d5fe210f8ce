import type { Backend, BatchShape, Offer, RunModel, WorkQueue, WorkResult } from '../backend/index.js'
import {
  anchorOf,
  createRuleBook,
  createTurns,
  defaultVisitOptions,
  type OptOutRules,
  type Renderer,
  type Turn,
} from '../crawl/index.js'
import {
  type BatchDeps,
  createDevelopApart,
  type Develop,
  type FilterOptions,
  filterRules,
  type TextOptions,
} from '../filter/index.js'
import type { Dial, Fetch } from '../net/index.js'
import type { RunOptions } from '../options/index.js'
import { hostOf, optOuts } from '../records/index.js'
import type { Store } from '../shard/index.js'
import type { Semaphore } from '../timing/index.js'
import { crawlHost } from './crawl-worker.js'
import { judgeBatch } from './filter-worker.js'
import type { CrawlDeps, CrawlSettings } from './host-session.js'
import {
  createLruMap,
  createPermission,
  createSoft404s,
  createTraps,
  defaultFailing,
  groupsOf,
} from './hosts/index.js'
import { createKnown } from './known.js'
import { writeLedgerFile } from './page-file.js'
import type { Rejects } from './rejects.js'
import { createRendering, type Rendering } from './rendering.js'
import { buildShards, type ShardDeps, type ShardSettings } from './shard-worker.js'
import type { UnderWay } from './under-way.js'

const defaultShardSize = 10_000
/** A small run is cut into so many shards at its end, where it has the samples. */
const defaultMinShards = 8
/** Candidates of one image host in a batch. */
const perHost = 32
const batchAgeMs = 30_000
/** About 20 MB of URLs and keys of candidates that need not be offered again. */
const maxKnown = 100_000

/** What scores the pairs of a run. */
export interface Scoring extends Pick<BatchDeps, 'preprocessing' | 'score' | 'tagger'> {
  readonly model: RunModel
}

interface PipelineDeps {
  readonly run: string
  readonly options: RunOptions
  readonly backend: Backend
  readonly queue: WorkQueue
  readonly store: Store
  readonly rejects: Rejects
  readonly fetch: Fetch
  /** See Net. */
  readonly placeOf: (host: string) => Promise<string | null>
  readonly dial: Dial
  /** The browsers of this process; null = it has none. */
  readonly renderer: Renderer | null
  /** Of this process, whatever run it is for. */
  readonly underWay: UnderWay
  /** Decoding of this process, whatever run it is for. */
  readonly decoding: Semaphore
  /** The threads of this process that do it. */
  readonly develop: Develop
  /** Asked for by the first batch: a process that filters nothing opens no model. `message`: why this process has none. */
  readonly scoring: () => Promise<Scoring | { readonly message: string }>
  /** What the run is scored with; null = nothing was yet. */
  readonly model: () => Promise<RunModel | null>
  /** This process cannot do its part of the run; others may. */
  readonly onProblem: (message: string) => void
  /** Something failed that is tried again. */
  readonly onTrouble: (error: Error) => void
  /** A part is planned so long after its commit, when nothing can take the commit back any more. */
  readonly settleMs: number
  readonly now: () => number
  readonly random: () => number
}

/** Pipeline of one run in one process: from its options to what works on its items. */
export interface Pipeline {
  readonly batch: BatchShape
  readonly shard: { readonly deps: ShardDeps; readonly settings: ShardSettings }
  readonly crawlHost: (host: string, drain: AbortSignal, abort: AbortSignal) => Promise<WorkResult>
  /** null = the batch is another's, or none any more. */
  readonly judgeBatch: (batch: string, drain: AbortSignal, abort: AbortSignal) => Promise<WorkResult | null>
  /** null = the plan is another's, or none any more. */
  readonly buildShards: (plan: number, abort: AbortSignal) => Promise<WorkResult | null>
  /** null = the file of the page ledger is another's, or none any more. */
  readonly writePages: (file: number, abort: AbortSignal) => Promise<WorkResult | null>
}

/** Pages whose copies a process would know. */
const maxRememberedPages = 100_000
const maxRememberedCookies = 10_000
/** Hosts of which it would know what they show for a page that they have not. */
const maxRememberedHosts = 10_000
/** What this process cannot do is left to another for so long. */
const elsewhereMs = 2_000

export function createPipeline(deps: PipelineDeps): Pipeline {
  const { run, options } = deps
  const renderer = options.render === 'never' ? null : deps.renderer
  const crawlSettings = crawlSettingsOf(run, options, renderer !== null)
  const crawlDeps = crawlDepsOf(deps, crawlSettings, renderer)
  const { imageDelayMs, hostConcurrency } = options
  const filterSettings = { run, filter: filterOptions(options), imageDelayMs, hostConcurrency }
  const filterDeps = {
    ...crawlDeps,
    fetch: deps.underWay.fetch(() => 'image', deps.fetch),
    optOuts: optOutRules(options),
    store: deps.store,
    decoding: deps.decoding,
    develop: deps.develop,
    developApart: createDevelopApart(),
    onTrouble: deps.onTrouble,
  }
  const shard = shardOf(deps)
  return {
    batch: crawlSettings.batch,
    shard,
    crawlHost: async (host, drain, abort) => {
      if (options.render === 'always' && renderer === null) {
        deps.onProblem('--render always, and there is no Chromium here')
        return { kind: 'again', inMs: elsewhereMs }
      }
      return crawlHost(crawlDeps, crawlSettings, host, drain, abort)
    },
    judgeBatch: async (batch, drain, abort) => {
      const scoring = await deps.scoring()
      if ('message' in scoring) {
        deps.onProblem(scoring.message)
        return { kind: 'again', inMs: elsewhereMs }
      }
      const { model, ...score } = scoring
      return judgeBatch(
        { ...filterDeps, ...score, modelId: model.id, modelThreshold: model.threshold },
        filterSettings,
        batch,
        drain,
        abort,
      )
    },
    buildShards: async (plan, abort) => {
      const modelId = (await deps.model())?.id ?? null
      return buildShards(shard.deps, { ...shard.settings, modelId }, plan, abort)
    },
    writePages: (file, abort) => writeLedgerFile(shard.deps, shard.settings, file, abort),
  }
}

function crawlSettingsOf(run: string, options: RunOptions, withSource: boolean): CrawlSettings {
  const { scope, maxDepth, include, exclude, imageSize } = options
  return {
    run,
    scope: { scope, maxDepth, include, exclude },
    visit: {
      ...defaultVisitOptions,
      imageSize,
      ...optOutRules(options),
      withSource,
      rules: createRuleBook(options.rules),
    },
    delayMs: options.delayMs,
    requestDelayMs: options.imageDelayMs,
    hostConcurrency: options.hostConcurrency,
    texts: textOptions(options),
    batch: batchShape(options),
    failing: defaultFailing,
    sitemaps: options.sitemaps === 'on',
  }
}

/** What this process remembers of hosts and pages, and asks them with. */
function crawlDepsOf(
  { options, backend, queue, fetch: fetchAny, now, random, ...deps }: PipelineDeps,
  { scope, visit }: CrawlSettings,
  renderer: Renderer | null,
): CrawlDeps & { readonly turn: Turn } {
  const { underWay } = deps
  const fileReason = ({ pathname }: URL) => (pathname === '/robots.txt' ? 'robots' : 'opt_outs')
  const permit = createPermission({
    backend,
    fetch: underWay.fetch(fileReason, fetchAny),
    now,
    ...optOutRules(options),
  })
  const fetch = underWay.fetch(() => 'page', fetchAny)
  const turn = createTurns()
  const groupsOfHost = async (host: string) => groupsOf(host, await deps.placeOf(host))
  const rendering =
    renderer === null
      ? null
      : createRendering(
          { backend, renderer, permit, dial: deps.dial, groupsOf: groupsOfHost, turn, now, random },
          {
            mode: options.render,
            scope,
            visit,
            userAgent: options.userAgent,
            requestDelayMs: options.imageDelayMs,
          },
        )
  return {
    backend,
    queue,
    fetch,
    permit,
    rejects: deps.rejects,
    known: createKnown(maxKnown),
    traps: createTraps(maxRememberedPages, now),
    cookies: createLruMap(maxRememberedCookies),
    soft404s: createSoft404s({ backend, fetch, permit, turn, now, random }, visit, maxRememberedHosts),
    rendering: rendering === null ? null : toldRendering(rendering, underWay),
    groupsOf: groupsOfHost,
    underWay,
    turn,
    now,
    random,
  }
}

function toldRendering(rendering: Rendering, underWay: UnderWay): Rendering {
  return (url, ...page) =>
    underWay.during({ for: 'browser', host: hostOf(url.url), lengthMs: null }, () => rendering(url, ...page))
}

function shardOf(deps: PipelineDeps): Pipeline['shard'] {
  const { run, options, backend, queue, store, underWay, settleMs } = deps
  return {
    deps: { backend, queue, store, underWay },
    settings: {
      run,
      shardSize: options.shardSize ?? defaultShardSize,
      minShards: options.minShards ?? (options.shardSize === null ? defaultMinShards : 1),
      seed: options.seed,
      format: options.imageFormat,
      settleMs,
    },
  }
}

/** Product token and opt-outs that a run obeys. Pure. */
export function optOutRules({ userAgent, ignoreOptOut }: RunOptions): OptOutRules {
  const ignored: ReadonlySet<string> = new Set(ignoreOptOut)
  return {
    productToken: userAgent.split(/[/\s]/)[0] ?? '',
    obeyed: new Set(optOuts.filter((name) => !ignored.has(name))),
  }
}

/** Rules of a run for texts. Pure. */
export function textOptions({ languages }: RunOptions): TextOptions {
  return { ...filterRules, languages }
}

/** How a run's candidates are dealt into batches. Pure. */
export function batchShape({ batchSize }: Pick<RunOptions, 'batchSize'>): BatchShape {
  return { batchSize, batchAgeMs, perHost }
}

/** The seeds of a run, as the frontier takes them. Pure. */
export function seedOffers({ seeds, scope }: Pick<RunOptions, 'seeds' | 'scope'>): Offer[] {
  return seeds.map((url) => ({
    url,
    host: hostOf(url),
    depth: 0,
    anchor: anchorOf(url, scope),
    redirects: 0,
  }))
}

/** Rules by which a run's pairs are judged. Pure. */
export function filterOptions(options: RunOptions): FilterOptions {
  return {
    ...filterRules,
    ...textOptions(options),
    minSide: options.minSide,
    maxAspect: options.maxAspect,
    minBytes: options.minBytes,
    imageSize: options.imageSize,
    format: options.imageFormat,
    quality: options.imageQuality,
    threshold: options.threshold,
    dedupe: options.dedupe,
    repeatedText: options.repeatedText,
    embeddings: options.embeddings === 'on',
    rejectedPictures: options.rejectedPictures === 'on',
  }
}
