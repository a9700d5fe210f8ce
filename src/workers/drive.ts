import type { Backend, BatchShape, RunLimits } from './backend/backend.js'
import type { BellKind, Bells, Visited } from './bells.js'
import { pause } from './pause.js'
import { type Phase, phaseOf } from './phase.js'
import type { RunEnd, RunSignals, RunSnapshot } from './run-types.js'
import { isWindowFull, planParts, type ShardDeps, type ShardSettings } from './shard-worker.js'
import type { Status } from './status.js'

export interface WorkerSpec {
  readonly kind: BellKind
  readonly concurrency: number
  readonly visit: (key: string, drain: AbortSignal) => Promise<Visited>
}

export interface Drive {
  readonly run: string
  readonly backend: Backend
  readonly bells: Bells
  readonly status: Status
  readonly limits: RunLimits
  /** Working time over all starts of the run; null = no limit. */
  readonly maxTimeMs: number | null
  readonly batch: BatchShape
  readonly shard: { readonly deps: ShardDeps; readonly settings: ShardSettings }
  readonly signals: RunSignals
  readonly workers: readonly WorkerSpec[]
  /** Compiles what describes the dataset; `complete` = nothing is left to do. */
  readonly finish: (complete: boolean) => Promise<unknown>
}

const tickMs = 200
/** How often the reaper rings what nobody holds, and the status is written. */
const reapMs = 1_000
/** Rung at once for each place of a worker: what waits behind is rung when its turn comes near, and most of it has a ring already. */
const ringsPerPlace = 4
/** So many failures with nothing done in between: the trouble is not passing. */
const maxTroubles = 50

/** Runs the workers until the run is done, a limit ends it, or the signals do. */
export async function drive(d: Drive): Promise<RunEnd> {
  const closing = new AbortController()
  const drain = AbortSignal.any([d.signals.drain, d.signals.abort, closing.signal])
  const answering = d.workers.map((worker) =>
    d.bells.answer(
      worker.kind,
      worker.concurrency,
      (ring) => worker.visit(ring.key, drain),
      (error) => {
        if (!d.signals.abort.aborted) d.status.trouble(error)
      },
    ),
  )
  d.status.state('running')
  let clockMs = Date.now()
  let reapedAt = 0
  let told: RunSnapshot | null = null
  try {
    for (;;) {
      if (d.signals.abort.aborted) break
      const now = Date.now()
      const reap = now - reapedAt >= reapMs
      if (reap) {
        reapedAt = now
        await d.backend.addElapsed(d.run, now - clockMs)
        clockMs = now
        if (!d.signals.drain.aborted) await ringWaiting(d, closing.signal.aborted)
      }
      const progress = await d.backend.progress(d.run)
      if (d.maxTimeMs !== null && progress.elapsedMs >= d.maxTimeMs) closing.abort()
      const phase = phaseOf(progress, d.limits, closing.signal.aborted)
      if (reap) told = await d.status.update(d.backend, d.run, progress)
      if (d.status.troubles() > maxTroubles) throw new Error('too many failures with nothing done in between')
      if (d.signals.drain.aborted) {
        d.status.state('draining')
        break
      }
      if (phase.kind === 'done') return await finished(d, phase)
      if (phase.kind === 'plan' || isWindowFull(progress, d.shard.settings)) {
        await planParts(d.shard.deps, d.shard.settings, phase.kind === 'plan')
      }
      await pause(tickMs, d.signals.drain)
    }
  } finally {
    await Promise.all(answering.map((worker) => worker.close(d.signals.abort.aborted)))
  }
  if (d.signals.abort.aborted && told === null) throw d.signals.abort.reason
  d.status.state('stopped')
  const snapshot = await d.status.update(d.backend, d.run, await d.backend.progress(d.run))
  return { kind: 'interrupted', snapshot }
}

async function finished(d: Drive, phase: Phase): Promise<RunEnd> {
  await d.finish(phase.limit === null)
  d.status.state('done')
  const snapshot = await d.status.update(d.backend, d.run, await d.backend.progress(d.run))
  return phase.limit === null ? { kind: 'done', snapshot } : { kind: 'limit', limit: phase.limit, snapshot }
}

/** A ring can be lost; what waits and is held by nobody is rung again. `closing`: no more than the plans, which are to be ended. */
async function ringWaiting(d: Drive, closing: boolean): Promise<void> {
  const atOnce = (kind: BellKind) =>
    ringsPerPlace * (d.workers.find((worker) => worker.kind === kind)?.concurrency ?? 1)
  if (!closing) {
    await d.backend.closeBatches(d.run, { ...d.batch, dry: false })
    await d.bells.ring('session', d.run, await d.backend.waitingHosts(d.run, atOnce('session')))
    await d.bells.ring('batch', d.run, await d.backend.openBatches(d.run, atOnce('batch')))
  }
  await d.bells.ring('plan', d.run, (await d.backend.openPlans(d.run)).map(String))
}
