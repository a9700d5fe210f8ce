import type { BellKind, Visited } from '../backend/index.js'
import { pause, steadyClock } from '../timing/index.js'
import type { Description } from './manifest-writer.js'
import type { Phase } from './phase.js'
import type { RunEnd, RunSignals, RunSnapshot } from './run-types.js'
import { isTimeOver, type Tended, tend } from './schedule.js'
import type { Status } from './status.js'

export interface WorkerSpec {
  readonly kind: BellKind
  readonly concurrency: number
  readonly visit: (key: string, drain: AbortSignal) => Promise<Visited>
}

export interface Drive extends Omit<Tended, 'places'> {
  readonly status: Status
  readonly signals: RunSignals
  readonly workers: readonly WorkerSpec[]
  readonly description: Pick<Description, 'catchUp' | 'finish'>
}

const tickMs = 200
/** How often the reaper rings what nobody holds, and the status is written. */
const reapMs = 1_000
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
  const tended: Tended = {
    ...d,
    places: (kind) => d.workers.find((worker) => worker.kind === kind)?.concurrency ?? 1,
  }
  const clock = steadyClock()
  let clockMs = clock()
  let reapedAt = 0
  let told: RunSnapshot | null = null
  try {
    for (;;) {
      if (d.signals.abort.aborted) break
      const now = clock()
      const reap = now - reapedAt >= reapMs
      if (reap) {
        reapedAt = now
        await d.backend.addElapsed(d.run, now - clockMs)
        clockMs = now
      }
      const { progress, phase } = await tend(tended, {
        ring: reap && !d.signals.drain.aborted,
        timeOver: closing.signal.aborted,
      })
      if (isTimeOver(progress, d.maxTimeMs)) closing.abort()
      if (reap) told = await d.status.update(d.backend, d.run, progress)
      if (d.status.troubles() > maxTroubles) throw new Error('too many failures with nothing done in between')
      if (d.signals.drain.aborted) {
        d.status.state('draining')
        break
      }
      if (phase.kind === 'done') return await finished(d, phase)
      await pause(tickMs, d.signals.drain)
    }
  } finally {
    await Promise.all(answering.map((worker) => worker.close(d.signals.abort.aborted)))
  }
  if (d.signals.abort.aborted && told === null) throw d.signals.abort.reason
  await d.description.catchUp(d.signals.abort).catch((error: unknown) => {
    if (!d.signals.abort.aborted) throw error
  })
  d.status.state('stopped')
  const snapshot = await d.status.update(d.backend, d.run, await d.backend.progress(d.run))
  return { kind: 'interrupted', snapshot }
}

async function finished(d: Drive, phase: Phase): Promise<RunEnd> {
  await d.description.finish(phase.limit === null, d.signals.abort)
  d.status.state('done')
  const snapshot = await d.status.update(d.backend, d.run, await d.backend.progress(d.run))
  if (phase.limit === 'stopped') return { kind: 'interrupted', snapshot }
  return phase.limit === null ? { kind: 'done', snapshot } : { kind: 'limit', limit: phase.limit, snapshot }
}
