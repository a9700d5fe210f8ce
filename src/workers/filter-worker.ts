import { randomBytes } from 'node:crypto'
import type { Backend, BatchCommit, LeasedCandidate, WorkResult } from '../backend/index.js'
import type { OptOutRules } from '../crawl/index.js'
import {
  type BatchDeps,
  type BatchResult,
  type Develop,
  type FilterOptions,
  filterBatch,
} from '../filter/index.js'
import type { Fetch } from '../net/index.js'
import { hostOf } from '../records/index.js'
import { type PartReceipt, partName, S3Error, type Store, writePart } from '../shard/index.js'
import { type Semaphore, sleep } from '../timing/index.js'
import { createImageHosts, createSlots, observedFetch, type Permit, type Slots } from './hosts/index.js'
import { createImageFetch } from './image-fetch.js'
import { type KeptLease, withLease } from './lease.js'
import { crashedResult, suspicionOf } from './poison-candidate.js'
import { rejectedResult } from './rejected-result.js'
import type { Rejects } from './rejects.js'
import { type TakenResult, withoutRetracted } from './retracted-rows.js'
import type { Tally, UnderWay } from './under-way.js'

interface FilterSettings {
  readonly run: string
  readonly filter: FilterOptions
  readonly imageDelayMs: number
  /** Fetches at once from a host without a delay. */
  readonly hostConcurrency: number
}

interface FilterDeps
  extends Pick<BatchDeps, 'preprocessing' | 'score' | 'tagger' | 'modelId' | 'modelThreshold'> {
  readonly backend: Backend
  readonly store: Store
  readonly fetch: Fetch
  readonly permit: Permit
  readonly optOuts: OptOutRules
  readonly rejects: Rejects
  /** See CrawlDeps. */
  readonly groupsOf: (host: string) => Promise<readonly string[]>
  readonly underWay: UnderWay
  readonly decoding: Semaphore
  readonly develop: Develop
  /** In a process of its own. */
  readonly developApart: Develop
  /** Something failed that is tried again. */
  readonly onTrouble: (error: Error) => void
  readonly now: () => number
  readonly random: () => number
}

/** Extended while the work goes on, so it need only outlast a stalled moment. */
const leaseMs = 30_000
/** An image whose host has no slot within this is put back. */
const slotWindowMs = 30_000
/** Before a part is tried to be stored again; doubles from try to try. */
const storePauseMs = 1_000
const maxStorePauseMs = 30_000
/** A stale commit (a cited image is kept no more) is looked at anew after this. */
const staleMs = 100

/** Judges one batch, or gives rejects their rows, and commits what it found: the part first, then its name, under the lease. null = the batch is another's, or none any more. */
export async function judgeBatch(
  deps: FilterDeps,
  settings: FilterSettings,
  batch: string,
  drain: AbortSignal,
  abort: AbortSignal,
): Promise<WorkResult | null> {
  if (drain.aborted) return null
  const { run } = settings
  const token = newToken()
  const lease = await deps.backend.leaseBatch({ run, batch, token, leaseMs })
  if (lease.kind === 'gone' || lease.kind === 'busy') return null
  if (lease.kind === 'split') return { kind: 'done' }

  const suspicion = lease.kind === 'batch' ? suspicionOf(lease) : 'none'
  const tally = deps.underWay.tally()
  const resultOf = (signal: AbortSignal): Promise<BatchResult> => {
    if (lease.kind === 'rejects') return rejectedResult(lease.rejects, signal)
    if (suspicion === 'given_up') return crashedResult(lease.candidates)
    const develop = suspicion === 'suspect' ? deps.developApart : deps.develop
    return judge({ ...deps, develop }, settings, lease.candidates, tally, signal)
  }
  let judged = suspicion === 'given_up'
  // A batch that cannot be judged is split until what breaks it is found; one that cannot be stored is not to blame.
  const taken = { run, kind: 'batch', id: batch, token, leaseMs, hasFailed: () => !judged } as const
  const work = async ({ signal }: KeptLease): Promise<WorkResult> => {
    const judgedAll = await resultOf(signal)
    judged = true
    const result = withoutRetracted(judgedAll, await deps.rejects.current(signal))
    const part = await storePart(deps, batch, result, drain, signal)
    tally.commit()
    const committed = await deps.backend.commitBatch(commitOf(settings, { batch, token }, result, part))
    return committed.kind === 'stale' ? { kind: 'again', inMs: staleMs } : { kind: 'done' }
  }
  return await withLease(deps.backend, taken, abort, work).finally(() => tally.commit())
}

async function judge(
  deps: FilterDeps,
  settings: FilterSettings,
  candidates: readonly LeasedCandidate[],
  tally: Tally,
  signal: AbortSignal,
): Promise<BatchResult> {
  const { run, filter } = settings
  const slots = createSlots(deps, settings.imageDelayMs, slotWindowMs)
  const wants = new Map<string, number>()
  for (const { body } of candidates) {
    const host = hostOf(body.imageUrl)
    wants.set(host, (wants.get(host) ?? 0) + 1)
  }
  await slots.plan(wants)
  const hosts = createImageHosts(deps, slots, settings.imageDelayMs)
  const { underWay, score } = deps
  const toldSlots: Pick<Slots, 'take' | 'delayMs' | 'slowDown'> = {
    take: (host, stop) =>
      underWay.during({ for: 'image_delay', host, lengthMs: slots.delayMs(host) }, () =>
        slots.take(host, stop),
      ),
    delayMs: (host) => slots.delayMs(host),
    slowDown: (host, ms) => slots.slowDown(host, ms),
  }
  const batchDeps: BatchDeps = {
    ...deps,
    refusals: () => deps.rejects.current(signal),
    fetchImage: createImageFetch(
      { ...deps, fetch: observedFetch(deps.fetch, deps.now, hosts.onEvent), slots: toldSlots },
      { maxBytes: filter.maxBytes, hostConcurrency: settings.hostConcurrency },
    ),
    score:
      score === null
        ? null
        : (pairs, stop) =>
            underWay.during({ for: 'score', host: null, lengthMs: null }, () => score(pairs, stop)),
    onStep: (step, count) => tally.count(step, count),
    worked: (from, ms) => hosts.worked(hostOf(from), ms),
    findDuplicates: (images) =>
      deps.backend.findDuplicates({
        run,
        images,
        near: filter.dedupe === 'near',
        distance: filter.nearDistance,
      }),
    captionCounts: (texts) => deps.backend.captionCounts(run, texts),
  }
  const result = await filterBatch(batchDeps, candidates, filter, signal)
  await hosts.report()
  return result
}

/**
 * Writes the part of a batch; null = no candidate has a row. While an S3 store cannot take it, what was judged is held under the lease,
 * and tried to be stored again: given back, every image of it would be asked of its site once more. A process that drains tries no further.
 */
async function storePart(
  { store, onTrouble }: FilterDeps,
  batch: string,
  { rows }: BatchResult,
  drain: AbortSignal,
  signal: AbortSignal,
): Promise<PartReceipt | null> {
  if (rows.length === 0) return null
  for (let pauseMs = storePauseMs; ; pauseMs = Math.min(2 * pauseMs, maxStorePauseMs)) {
    try {
      // A name of its own: an attempt that failed may have been stored, without an answer.
      return await writePart(store, partName(batch, newToken()), rows, signal)
    } catch (error) {
      const woken = AbortSignal.any([drain, signal])
      if (!(error instanceof S3Error) || woken.aborted) throw error
      onTrouble(error)
      await sleep(pauseMs, woken)
    }
  }
}

const newToken = () => randomBytes(12).toString('hex')

/** What is committed of a batch whose rows are in this part. Pure. */
function commitOf(
  { run, filter }: FilterSettings,
  held: Pick<BatchCommit, 'batch' | 'token'>,
  { rows, deferred, counters, dropped }: TakenResult,
  part: PartReceipt | null,
): BatchCommit {
  return {
    run,
    ...held,
    part: part === null ? null : { name: part.name, size: part.size, sha256: part.sha256, rows: part.rows },
    kept: rows.flatMap(({ row }, index) =>
      row.reason === null && row.sha256 !== null && row.phash !== null
        ? [{ row: index, sha256: row.sha256, phash: row.phash, score: row.clipScore }]
        : [],
    ),
    cited: rows.flatMap(({ row }) => (row.duplicateOf === null ? [] : [row.duplicateOf])),
    deferred,
    dropped,
    counters,
    dedupe: filter.dedupe,
    distance: filter.nearDistance,
  }
}
