import type { Backend, BellKind, Bells, RunEntry } from '../backend/index.js'
import { messageOf } from '../records/index.js'
import { sweepParts } from '../shard/index.js'
import type { Observe } from './observe/events.js'
import type { Lines, OpenLine } from './pipelines.js'
import { publishedRun } from './published-run.js'
import { createPublisher } from './published-status.js'
import { reconcile } from './resources.js'
import { isTimeOver, tend } from './schedule.js'

export interface StewardDeps {
  readonly backend: Backend
  readonly bells: Bells
  readonly lines: Lines
  readonly observe: Observe
  /** Of this process; names the holder of a duty. */
  readonly worker: string
  /** What waits is rung, and the time counted, at most so often; 0 = in every round. */
  readonly ringMs: number
  /** Runs whose place is in order already: reconciled, and swept of what nobody names. */
  readonly inOrder: readonly string[]
  /** Whether the state of a run is to be written beside its dataset. */
  readonly publishes: boolean
  readonly now: () => number
}

export interface Steward {
  /** Looks after every run that goes on and that no other process looks after. */
  round(signal: AbortSignal): Promise<void>
  /** Nobody works: the time until the next round is none that the runs worked. */
  rest(): void
  /** The backend may have forgotten its last moments: the stores are asked anew what they know. */
  distrust(): void
  /** Leaves its duties to others. */
  close(): Promise<void>
}

const dutyMs = 10_000
/** Who has it looks after the run. */
export const stewardDuty = (run: string): string => `steward/${run}`
/** How often what nobody names is swept, and how old it must be: a writer that lives is younger. */
const sweepEveryMs = 600_000
const strayAgeMs = 3_600_000
/** How often the state of a run is written beside its dataset. */
const publishEveryMs = 30_000

/** What drives the runs of a fleet on: rings, plans, ends. One process at a time for each run, another within seconds after it died. */
export function createSteward(deps: StewardDeps): Steward {
  const { backend, bells, lines, observe, worker } = deps
  // null = it rested since.
  const tendedAt = new Map<string, number | null>()
  const reconciled = new Set<string>(deps.inOrder)
  const sweptAt = new Map<string, number>(deps.inOrder.map((run) => [run, deps.now()]))
  const publishedAt = new Map<string, number>()
  /** When each run was made that the others are about: one that was made later under its name is another. */
  const madeAt = new Map<string, number>()

  const recall = async (entries: readonly RunEntry[]): Promise<void> => {
    const listed = new Map(entries.map((entry) => [entry.run, entry.createdMs]))
    for (const [run, createdMs] of madeAt) {
      if (listed.get(run) === createdMs) continue
      madeAt.delete(run)
      if (tendedAt.delete(run)) await backend.dropDuty({ duty: stewardDuty(run), token: worker })
      reconciled.delete(run)
      sweptAt.delete(run)
      publishedAt.delete(run)
    }
    for (const [run, createdMs] of listed) madeAt.set(run, createdMs)
  }

  const sweep = async (run: string, { store }: OpenLine, signal: AbortSignal): Promise<void> => {
    const last = sweptAt.get(run)
    if (last !== undefined && deps.now() - last < sweepEveryMs) return
    sweptAt.set(run, deps.now())
    const named = async () => new Set(await backend.liveParts(run))
    const files =
      (await sweepParts(store, named, strayAgeMs, signal)) + (await store.sweep(strayAgeMs, signal))
    if (files > 0) observe({ kind: 'swept', run, files })
  }

  /** `ended`: the last word on the run. */
  const publish = async (run: string, { store }: OpenLine, ended: boolean): Promise<void> => {
    if (!deps.publishes) return
    const last = publishedAt.get(run)
    if (!ended && last !== undefined && deps.now() - last < publishEveryMs) return
    publishedAt.set(run, deps.now())
    const snapshot = await publishedRun(backend, run)
    const trouble = (error: Error) => observe({ kind: 'trouble', run, key: null, message: error.message })
    if (snapshot !== null) await createPublisher(store, trouble)(snapshot)
  }

  /**
   * The end of a run: everything that nobody names, however young. While no batch is leased no attempt has a token to commit with, so a
   * part that was listed before that was seen is nobody's for good. An upload can be that of a run which was set going at this moment:
   * who misses it does it again. A worker that lost its lease and does not know it yet may still write a part after this, which nobody
   * will ever name. False = a batch is leased: it is not over.
   */
  const sweepAll = async (run: string, { store }: OpenLine, signal: AbortSignal): Promise<boolean> => {
    const idle = async () => (await backend.progress(run)).batchesLeased === 0
    const named = async () => ((await idle()) ? new Set(await backend.liveParts(run)) : null)
    const parts = await sweepParts(store, named, 0, signal)
    if (!(await idle())) return false
    const files = parts + (await store.sweep(0, signal))
    if (files > 0) observe({ kind: 'swept', run, files })
    return true
  }

  const look = async (entry: RunEntry, places: (kind: BellKind) => number, signal: AbortSignal) => {
    const { run } = entry
    const claimed = await backend.claimDuty({ duty: stewardDuty(run), token: worker, leaseMs: dutyMs })
    if (!claimed) {
      tendedAt.delete(run)
      reconciled.delete(run)
      return
    }
    const line = await lines.of(run)
    if (line === null) return await backend.dropDuty({ duty: stewardDuty(run), token: worker })
    if ('message' in line) {
      observe({ kind: 'problem', run, message: line.message })
      await backend.dropDuty({ duty: stewardDuty(run), token: worker })
      return
    }
    if (!reconciled.has(run)) {
      await reconcile(backend, line.store, run, signal)
      reconciled.add(run)
    }
    const now = deps.now()
    const before = tendedAt.get(run) ?? null
    const isDue = before === null || now - before >= deps.ringMs
    if (isDue) tendedAt.set(run, now)
    if (isDue && before !== null && entry.standing === 'running') await backend.addElapsed(run, now - before)
    const { maxTimeMs } = line.options
    const { progress, phase } = await tend(
      { run, backend, bells, limits: entry.limits, maxTimeMs, batch: line.batch, shard: line.shard, places },
      { ring: isDue },
    )
    if (isTimeOver(progress, maxTimeMs) && entry.standing === 'running') {
      await backend.setStanding(run, 'stopped', 'max-time')
      return
    }
    if (phase.kind !== 'done') {
      await publish(run, line, false)
      return await sweep(run, line, signal)
    }
    if (!(await sweepAll(run, line, signal))) return
    await line.description.finish(phase.limit === null, signal)
    const as = phase.limit === 'stopped' ? (entry.note ?? 'stopped') : (phase.limit ?? 'done')
    if (await backend.endRun({ run, seedings: progress.seedings, as })) {
      observe({ kind: 'run_ended', run, as })
      await publish(run, line, true)
      await backend.dropDuty({ duty: stewardDuty(run), token: worker })
    }
  }

  return {
    round: async (signal) => {
      const entries = await lines.refresh()
      await recall(entries)
      const workers = await backend.workers()
      const places = (kind: BellKind) =>
        Math.max(
          1,
          workers.reduce((sum, { body }) => sum + placesOf(body, kind), 0),
        )
      for (const entry of entries) {
        if (entry.ended !== null || entry.standing === 'failed' || signal.aborted) continue
        try {
          await look(entry, places, signal)
        } catch (error) {
          if (signal.aborted) return
          observe({ kind: 'trouble', run: entry.run, key: null, message: messageOf(error) })
        }
      }
    },
    rest: () => {
      for (const run of tendedAt.keys()) tendedAt.set(run, null)
    },
    distrust: () => reconciled.clear(),
    close: async () => {
      for (const run of tendedAt.keys()) await backend.dropDuty({ duty: stewardDuty(run), token: worker })
    },
  }
}

/** What a worker's beat says of its places. */
function placesOf(body: Record<string, unknown>, kind: BellKind): number {
  const places = body.places as Partial<Record<BellKind, number>> | undefined
  return places?.[kind] ?? 0
}
