import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { anchorOf, defaultVisitOptions, hostOf } from '../crawl/index.js'
import { createDecodeApart, decodeImage, prepareImageLibrary } from '../filter/index.js'
import { clearScratch, compileDataset, folderStore, sweepParts } from '../shard/index.js'
import { openPglite } from './backend/pglite/database.js'
import { pgliteBells } from './backend/pglite-bells.js'
import { callThrough, sqlBackend } from './backend/sql-backend.js'
import { type CrawlSettings, defaultFailing, visitHost } from './crawl-worker.js'
import { drive } from './drive.js'
import { type FilterSettings, visitBatch } from './filter-worker.js'
import { lockFolder } from './folder-lock.js'
import { createGate } from './gate.js'
import { createKnownUrls } from './known-urls.js'
import {
  digestOf,
  fatalScore,
  filterOptions,
  messageOf,
  openModel,
  openNet,
  openTagger,
  reconcile,
} from './opening.js'
import { createPermission } from './permission.js'
import { differencesOf, limitsOf, storedOptions } from './resume.js'
import type { Environment, RunEnd, RunHooks, RunOptions, RunPipeline, RunSignals } from './run-types.js'
import { type ShardSettings, visitPlan } from './shard-worker.js'
import { createStatus, type Status } from './status.js'

/** The one run of a folder. */
const runName = 'run'
const defaultShardSize = 10_000
/** A small run is cut into so many shards at its end, where it has the samples. */
const minShards = 8
/** Batches at once: while one waits for its downloads another is scored. */
const batchesAtOnce = 3
/** Candidates of one image host in a batch. */
const perHost = 32
const batchAgeMs = 30_000
/** Images in decoding for each core: while one waits for the event loop between two steps, another has the core. */
const decodesPerCore = 2
/** About 20 MB of URLs that need not be offered again. */
const maxKnownUrls = 100_000

/**
 * The whole line in one process and one folder: opens or resumes the run in `options.out`, works until it is done, a limit is reached or
 * `signals` say so, and leaves a state that resumes.
 */
export const runPipeline: RunPipeline = async (options, environment, hooks, signals) => {
  const privateDir = join(options.out, '.pairmill')
  try {
    mkdirSync(privateDir, { recursive: true })
  } catch (error) {
    return refused('bad_out', `--out ${options.out} cannot be used as a folder: ${messageOf(error)}`)
  }
  const lock = lockFolder(privateDir, new Date())
  if (lock.kind === 'taken') {
    return refused(
      'locked',
      `${options.out} is in use by process ${lock.owner.pid} since ${lock.owner.since}: wait for it, stop it, or choose another --out`,
    )
  }
  const closers: (() => Promise<void>)[] = []
  const status = createStatus(options, privateDir, hooks)
  try {
    return await runLocked(options, environment, hooks, signals, status, closers)
  } catch (error) {
    await status.failed(messageOf(error))
    throw error
  } finally {
    for (const close of closers.reverse()) {
      // What failed to close is lost already; the lock must go all the same.
      await close().catch((error: unknown) => hooks.onNote(`while closing: ${messageOf(error)}`))
    }
    lock.release()
  }
}

async function runLocked(
  options: RunOptions,
  environment: Environment,
  hooks: RunHooks,
  signals: RunSignals,
  status: Status,
  closers: (() => Promise<void>)[],
): Promise<RunEnd> {
  const lost = new AbortController()
  const abort = AbortSignal.any([signals.abort, lost.signal])

  status.note('opening the database')
  const database = await openPglite(options.backend.replace(/^pglite:/, ''))
  closers.push(() => database.close())
  database.onLost((error) => lost.abort(error))
  const backend = sqlBackend(callThrough(database))
  const opened = await backend.openRun(runName, storedOptions(options), limitsOf(options))
  const differences = opened.seeded ? differencesOf(opened.options, opened.limits, options) : []
  if (differences.length > 0) {
    return {
      ...refused(
        'options_differ',
        `${options.out} holds a run that was started with other options: give the same ones to go on, or choose another --out`,
      ),
      differences,
    }
  }
  // A start that came to nothing, for want of the model perhaps, binds nobody.
  if (!opened.seeded) await backend.setOptions(runName, storedOptions(options))
  await backend.setLimits(runName, limitsOf(options))
  await backend.resetLeases()

  status.note('opening the model')
  const model = await openModel(options, environment, (text) => status.note(text), abort)
  if ('message' in model) return refused('model', model.message)
  const { clip } = model
  if (clip !== null) closers.push(() => clip.close())
  const threshold = options.threshold ?? clip?.model.defaultThreshold ?? null
  if (clip !== null && threshold === null) {
    return refused(
      'model',
      `--model ${options.model} states no threshold of its own: give --threshold (cosine similarity, e.g. 0.25)`,
    )
  }
  status.model(clip === null ? null : { id: clip.model.id, isClip: clip.model.isClip, threshold })
  const { tagger, note } = await openTagger(clip, options.concepts, abort)
  if (note !== null) hooks.onNote(note)

  prepareImageLibrary()
  const net = openNet(options)
  closers.push(() => net.close())
  const store = folderStore(options.out)
  await clearScratch(store)
  const bells = pgliteBells(database, (error) => status.trouble(error))
  closers.push(() => bells.close())
  await bells.silence()

  const shardSettings: ShardSettings = {
    run: runName,
    shardSize: options.shardSize ?? defaultShardSize,
    minShards: options.shardSize === null ? minShards : 1,
    seed: options.seed,
    format: options.imageFormat,
    modelId: clip?.model.id ?? null,
  }
  await reconcile(backend, store, runName, abort)
  const named = new Set(await backend.liveParts(runName))
  await sweepParts(store, named, abort)

  const compile = (complete: boolean, signal: AbortSignal) =>
    compileDataset(
      store,
      {
        run: runName,
        complete,
        options: storedOptions(options),
        optionsDigest: digestOf(storedOptions(options)),
        threshold,
      },
      signal,
    )
  const seedOffers = options.seeds.map((url) => ({
    url,
    host: hostOf(url),
    depth: 0,
    anchor: anchorOf(url, options.scope),
    redirects: 0,
  }))
  await backend.offer(runName, seedOffers, true)

  const productToken = options.userAgent.split(/[/\s]/)[0] ?? ''
  const now = Date.now
  const random = Math.random
  const permit = createPermission({ backend, fetch: net.fetch, now, productToken })
  const crawlSettings: CrawlSettings = {
    run: runName,
    scope: {
      scope: options.scope,
      maxDepth: options.maxDepth,
      include: options.include,
      exclude: options.exclude,
    },
    visit: { ...defaultVisitOptions, imageSize: options.imageSize, productToken },
    delayMs: options.delayMs,
    batch: { batchSize: options.batchSize, batchAgeMs, perHost },
    failing: defaultFailing,
  }
  const filterSettings: FilterSettings = {
    run: runName,
    filter: filterOptions(options),
    imageDelayMs: options.imageDelayMs,
  }
  const known = createKnownUrls(maxKnownUrls)
  const crawlDeps = { backend, bells, fetch: net.fetch, permit, known, now, random }
  const filterDeps = {
    ...crawlDeps,
    store,
    decode: decodeImage,
    decodeApart: createDecodeApart(),
    decoding: createGate(decodesPerCore * availableParallelism()),
    pixelsOf: clip === null ? null : clip.pixelsOf,
    tensorSide: clip?.model.imageSide ?? null,
    score: clip === null ? null : fatalScore(clip, lost),
    tagger,
    modelId: clip?.model.id ?? null,
    modelThreshold: threshold,
  }
  const shardDeps = {
    backend,
    bells,
    store,
    onPlan: async (signal: AbortSignal) => void (await compile(false, signal)),
  }

  status.note(null)
  const end = await drive({
    run: runName,
    backend,
    bells,
    status,
    limits: limitsOf(options),
    maxTimeMs: options.maxTimeMs,
    batch: crawlSettings.batch,
    shard: { deps: shardDeps, settings: shardSettings },
    signals: { drain: signals.drain, abort },
    finish: (complete) => compile(complete, abort),
    workers: [
      {
        kind: 'session',
        concurrency: options.concurrency,
        visit: (key, drain) => visitHost(crawlDeps, crawlSettings, key, drain, abort),
      },
      {
        kind: 'batch',
        concurrency: batchesAtOnce,
        visit: (key, drain) => visitBatch(filterDeps, filterSettings, key, drain, abort),
      },
      {
        kind: 'plan',
        concurrency: 1,
        visit: (key) => visitPlan(shardDeps, shardSettings, Number(key), abort),
      },
    ],
  })
  lost.signal.throwIfAborted()
  return end
}

function refused(
  problem: Extract<RunEnd, { kind: 'refused' }>['problem'],
  message: string,
): RunEnd & { kind: 'refused' } {
  return { kind: 'refused', problem, message }
}
