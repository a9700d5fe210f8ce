import type { Tables } from '../query/index.js'
import { noRejectEntries, publishedPlace } from '../records/index.js'
import {
  type CuratedFrom,
  type Curation,
  DatasetSource,
  encodeRetracted,
  type NumberedShard,
  numberRows,
  readCuration,
  readEntries,
  readManifest,
  readSnapshot,
  retractedName,
  type Snapshot,
  type Store,
  type Summer,
  strayAgeMs,
  summarise,
  writeCuration,
} from '../shard/index.js'
import type { TextModel } from './caption.js'
import { best, type Chosen, everySample, limitHosts, named, withoutDoubles } from './choose.js'
import { layOut, othersOf } from './lay-out.js'
import { type Pool, readPool } from './pool.js'
import { type Refused, refusedIn } from './refused.js'
import { type CurateRequest, requestProblem } from './request.js'
import { withoutLikes } from './semantic.js'
import { commonOf, curatedFrom, differenceOf } from './sources.js'
import { dealOut } from './split.js'
import { where } from './where.js'
import { type CuratedSet, type CurateProgress, type Job, notesOf, type Out, writeSets } from './write.js'

/** A dataset that is read. */
export interface CurateSource {
  /** As a person gave it: a folder, or an S3 URL. */
  readonly place: string
  readonly store: Store
}

export interface CurateDeps {
  readonly sources: readonly CurateSource[]
  /** Where the dataset goes, or that one of a split. */
  readonly openOut: (side: string | null) => Promise<Store | { readonly message: string }>
  /** Opened where there is a condition in SQL. */
  readonly openTables: () => Promise<Tables | { readonly message: string }>
  /** Embeds captions that are chosen anew; its id is the request's. null = nothing does. */
  readonly model: TextModel | null
  /** How much of sources that lie far away may be on this machine at once. */
  readonly copyBytes: number
  /** Sums the tars; absent = who writes them does. */
  readonly summer?: Summer
  readonly onProgress: (progress: CurateProgress) => void
}

/** Samples that were left after each step, in the order of the steps. */
export type Steps = readonly (readonly [step: string, left: number])[]

export type CurateEnd =
  /** `steps` null = it was whole already. */
  | {
      readonly kind: 'done'
      readonly steps: Steps | null
      readonly sets: readonly CuratedSet[]
      readonly from: CuratedFrom
      /** Said beside the counts. */
      readonly notes: readonly string[]
    }
  /** It cannot be asked for so. */
  | { readonly kind: 'refused'; readonly message: string }
  /** A source is no dataset, or what it takes is not here. */
  | { readonly kind: 'failed'; readonly message: string }
  /** Something else was curated there. */
  | { readonly kind: 'differs'; readonly message: string }

/**
 * Makes a dataset of pairs that others hold. Nothing is fetched: images and uids are as they were, keys are new. What is written depends on the
 * sources and the request alone, so the same command gives the same bytes, and goes on where it was killed.
 *
 * Memory: some forty bytes a sample of the sources.
 */
export async function curate(
  request: CurateRequest,
  deps: CurateDeps,
  signal: AbortSignal,
): Promise<CurateEnd> {
  const problem = requestProblem(request)
  if (problem !== null) return refusal(problem)
  const snapshots: Snapshot[] = []
  for (const { store } of deps.sources) {
    const snapshot = await readSnapshot(store, signal)
    if ('message' in snapshot) return { kind: 'failed', message: snapshot.message }
    snapshots.push(snapshot)
  }
  const common = commonOf(snapshots, request.by)
  if ('message' in common) return refusal(common.message)
  if (request.model !== null && request.model !== common.modelId) {
    const scored = common.modelId ?? 'no model, or by several'
    return refusal(
      `--model ${request.model}: the pairs are scored by ${scored}; without --model there are no embeddings of the captions`,
    )
  }
  if (request.dedupeCosine !== null && common.modelId === null) return noEmbeddings
  const from = curatedFrom(
    snapshots,
    deps.sources.map(({ place }) => publishedPlace(place)),
    request,
  )
  const refused = refusedIn(snapshots, request.reject?.entries ?? null)
  const outs = await openOuts(request, deps, from, signal)
  if (!Array.isArray(outs)) return outs
  const whole = await wholeSets(sidesOf(outs), from, signal)
  if (whole !== null) return { kind: 'done', steps: null, sets: whole, from, notes: [] }
  const { model, copyBytes, onProgress, summer } = deps
  const job = {
    request,
    model,
    copyBytes,
    onProgress,
    snapshots,
    common,
    from,
    refused,
    ...(summer === undefined ? {} : { summer }),
  }
  return await curateInto(outs, job, deps, signal)
}

/** What was taken back from a source is taken back from what is made of it. */
async function writeTombstones(store: Store, { tombstones }: Refused, signal: AbortSignal): Promise<void> {
  const bytes = encodeRetracted(tombstones)
  if (bytes.equals(encodeRetracted(noRejectEntries))) return
  await store.putBytes(retractedName, bytes, { ifAbsent: true }, signal)
}

/** null = it is this command's. */
function differing(store: Store, standing: Curation, from: CuratedFrom): CurateEnd | null {
  const difference = differenceOf(standing.from, from)
  if (difference === null) return null
  const message = `${store.url} was begun by another command: ${difference}; give the same one again, or choose another --out`
  return { kind: 'differs', message }
}

/** Those that hold a dataset. */
const sidesOf = (outs: readonly Out[]): readonly Out[] => (outs.length === 1 ? outs : outs.slice(1))

/** What stands where the same command was carried out to its end; null = something is left to do. */
async function wholeSets(
  sides: readonly Out[],
  from: CuratedFrom,
  signal: AbortSignal,
): Promise<CuratedSet[] | null> {
  const sets: CuratedSet[] = []
  for (const { side, store } of sides) {
    const manifest = await readManifest(store, signal)
    if (manifest?.complete !== true || manifest.curated_from === undefined) return null
    if (differenceOf(manifest.curated_from, from) !== null) return null
    sets.push({ side, summary: summarise(await readEntries(store, signal)) })
  }
  return sets
}

const refusal = (message: string): CurateEnd => ({ kind: 'refused', message })

async function openOuts(
  { split }: CurateRequest,
  deps: CurateDeps,
  from: CuratedFrom,
  signal: AbortSignal,
): Promise<Out[] | CurateEnd> {
  const outs: Out[] = []
  for (const side of [null, ...(split ?? []).map(({ name }) => name)]) {
    const store = await deps.openOut(side)
    if ('message' in store) return refusal(store.message)
    const standing = await readCuration(store, signal)
    const differs = standing === null ? null : differing(store, standing, from)
    if (differs !== null) return differs
    // Where there is no lock the same command may write at this moment, too.
    await store.sweep(strayAgeMs, signal)
    outs.push({ side, store })
  }
  return outs
}

async function curateInto(
  outs: readonly Out[],
  job: Omit<Job, 'groupOf'>,
  deps: CurateDeps,
  signal: AbortSignal,
): Promise<CurateEnd> {
  const { request, snapshots, common, from, refused } = job
  const shards = numberRows(snapshots)
  const samplesTotal = shards.reduce((sum, { entry }) => sum + entry.samples, 0)
  const onRead = (samples: number, done: number) =>
    deps.onProgress({ phase: 'read', done, total: shards.length, samples, samplesTotal })
  const pool = await readPool(shards, request.by, common.uids, refused, onRead, signal)
  if ('message' in pool) return refusal(pool.message)
  const chosen = await choose(pool, shards, job, deps, signal)
  if ('message' in chosen) return chosen
  if (chosen.kept.length === 0) return refusal('no pair is left: nothing was written')
  const dealt =
    request.split === null ? [chosen.kept] : dealOut(pool, chosen.kept, request.split, request.groupBy)
  const empty = dealt.findIndex((own) => own.length === 0)
  if (empty >= 0)
    return refusal(
      `no pair is left for ${request.split?.[empty]?.name}: there are too few groups for this --split`,
    )

  const rows = shards.reduce((sum, { entry }) => sum + entry.rows, 0)
  const numbersOf = (of: Chosen) => of.map((i) => pool.numbers[i] ?? 0)
  // The rows that are cut stand in the first dataset of a split.
  const cut = request.keepLedger ? othersOf(rows, numbersOf(chosen.kept)) : new Uint32Array()
  const plans = dealt.map((own, i) => layOut(numbersOf(own), i === 0 ? cut : new Uint32Array(), request))
  const sides = sidesOf(outs)
  for (const { side, store } of outs) {
    const laidOut = plans[sides.findIndex((other) => other.side === side)]
    const curation = { v: 1 as const, from, shards: laidOut?.shards.length ?? 0 }
    const differs = differing(store, await writeCuration(store, curation, signal), from)
    if (differs !== null) return differs
    await writeTombstones(store, refused, signal)
  }
  const sets = await writeSets(
    sides,
    plans,
    shards,
    { ...job, groupOf: groupsIn(pool, chosen.groups) },
    signal,
  )
  return { kind: 'done', steps: chosen.steps, sets, from, notes: notesOf(job) }
}

const noEmbeddings = {
  kind: 'refused',
  message: '--dedupe-cosine compares the embeddings of the images, and the sources have none',
} as const

function groupsIn(pool: Pool, groups: Int32Array | null): Job['groupOf'] {
  if (groups === null) return null
  return (number) => {
    let low = 0
    let high = pool.size - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((pool.numbers[middle] ?? 0) < number) low = middle + 1
      else high = middle
    }
    const group = groups[low] ?? -1
    return group < 0 ? null : group
  }
}

/** Who stays, step by step: each takes from what the one before it left. */
async function choose(
  pool: Pool,
  shards: readonly NumberedShard[],
  { request, snapshots, common, refused }: Omit<Job, 'groupOf'>,
  deps: CurateDeps,
  signal: AbortSignal,
): Promise<
  { kept: Chosen; steps: Steps; groups: Int32Array | null } | Extract<CurateEnd, { readonly message: string }>
> {
  const steps: (readonly [string, number])[] = []
  let kept = everySample(pool)
  const step = (name: string, left: Chosen) => {
    kept = left
    steps.push([name, left.length])
  }
  step('sources', kept)
  if (!refused.isEmpty)
    step(
      'reject',
      kept.filter((i) => pool.refused[i] !== 1),
    )
  if (request.where !== null) {
    const tables = await deps.openTables()
    if ('message' in tables) return { kind: 'failed', message: tables.message }
    try {
      const problem = await tables.whereProblem(request.where)
      if (problem !== null) return { kind: 'refused', message: `--where "${request.where}": ${problem}` }
      const holds = await where(tables, request.where, shards, signal)
      step(
        'where',
        kept.filter((i) => holds[i] === 1),
      )
    } finally {
      await tables.close()
    }
  }
  if (request.uids !== null) step('uids', named(pool, kept, request.uids))
  let groups: Int32Array | null = null
  if (snapshots.length > 1) step('duplicates', withoutDoubles(pool, kept, common.alike))
  if (request.dedupeCosine !== null) {
    const source = new DatasetSource(shards, { cutReason: 'curated_out' }, deps.copyBytes)
    const semantic = await withoutLikes(pool, kept, request.dedupeCosine, source, signal).finally(() =>
      source.close(),
    )
    if (semantic === null) return noEmbeddings
    groups = semantic.groups
    step('dedupe-cosine', semantic.kept)
  }
  if (request.top !== null) step('top', best(pool, kept, request.top, request.per))
  if (request.maxPerHost !== null) step('max-per-host', limitHosts(pool, kept, request.maxPerHost))
  return { kept, steps, groups }
}
