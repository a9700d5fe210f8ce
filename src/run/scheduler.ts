import type { Backend, Hub, RunEntry, WorkKind, WorkQueue } from '../backend/index.js'
import { messageOf } from '../records/index.js'
import { strayAgeMs, sweepParts } from '../shard/index.js'
import { backlogMark, isNearlyFull } from './backlog.js'
import type { ManifestWriter } from './manifest-writer.js'
import type { Observe } from './observe/events.js'
import type { Phase } from './phase.js'
import type { OpenPipeline, Pipelines } from './pipelines.js'
import { publishedRun } from './published-run.js'
import { createPublisher } from './published-status.js'
import { reconcile } from './resources.js'
import { isTimeOver, schedule } from './schedule.js'

interface SchedulerDeps {
  readonly backend: Backend
  readonly queue: WorkQueue
  readonly server: Pick<Hub['server'], 'memory' | 'met'>
  readonly pipelines: Pipelines
  readonly observe: Observe
  /** Of this process; names the holder of a duty. */
  readonly worker: string
  /** Workers are notified of what waits, and the time is counted, at most so often; 0 = in every round. */
  readonly notifyMs: number
  /** Runs whose place is in order already: reconciled, and swept of what nobody names. */
  readonly inOrder: readonly string[]
  /** Whether the state of a run is to be written beside its dataset. */
  readonly publishes: boolean
  readonly now: () => number
}

const dutyMs = 10_000
/** Whose holder looks after the run. */
export const schedulerDuty = (run: string): string => `steward/${run}`
/** How often what nobody names is swept. */
const sweepEveryMs = 600_000
/** How often the state of a run is written beside its dataset. */
const publishEveryMs = 30_000

/** What this process knows of a run that it looks after. */
interface Scheduled {
  /** When the run was made: one that was made later under its name is another. */
  readonly createdMs: number
  /** When its time was counted last; null = it rested since, or another process has it. */
  countedAtMs: number | null
  /** Its crawl waits for the filters, as of the last look: such time does not count. */
  crawlWaits: boolean
  isReconciled: boolean
  /** null = never by this process. */
  sweptAtMs: number | null
  publishedAtMs: number | null
  /** What describes its dataset; null = this process does not. */
  manifest: ManifestWriter | null
}

/** What drives runs on: notifies workers, plans, ends. One process at a time for each run, another within seconds after it died. */
export class Scheduler {
  readonly #deps: SchedulerDeps
  readonly #scheduled = new Map<string, Scheduled>()
  #isServerNearlyFull = false
  #rounds = 0

  constructor(deps: SchedulerDeps) {
    this.#deps = deps
  }

  /** Looks after every run that goes on and that no other process looks after. */
  async round(signal: AbortSignal): Promise<void> {
    const { backend, pipelines } = this.#deps
    const entries = await pipelines.refresh()
    await this.#recall(entries)
    this.#isServerNearlyFull = isNearlyFull(this.#deps.server.memory, this.#isServerNearlyFull)
    const workers = await backend.workers()
    const places = (kind: WorkKind) =>
      Math.max(
        1,
        workers.reduce((sum, { body }) => sum + placesOf(body, kind), 0),
      )
    const going = entries.filter(({ ended, standing }) => ended === null && standing !== 'failed')
    // Each is the first one in its turn: who comes first has the room that is left in the queue.
    const first = this.#rounds++ % Math.max(going.length, 1)
    for (const entry of [...going.slice(first), ...going.slice(0, first)]) {
      if (signal.aborted) return
      try {
        await this.#look(entry, places, going.length, signal)
      } catch (error) {
        this.#tellTrouble(entry.run, error, signal)
      }
    }
  }

  /** Nobody works: the time until the next round is none that the runs worked. */
  rest(): void {
    for (const known of this.#scheduled.values()) known.countedAtMs = null
  }

  /** The backend may have forgotten its last moments: the stores are asked anew what they know. */
  distrust(): void {
    for (const known of this.#scheduled.values()) {
      known.isReconciled = false
      this.#describe(known, null)
    }
  }

  /** Writes what descriptions lack, which would stay so until the next start, and leaves its duties to others. */
  async close(signal: AbortSignal): Promise<void> {
    for (const [run, { manifest }] of this.#scheduled) {
      try {
        if (manifest !== null && !signal.aborted && (await this.#claim(run))) await manifest.catchUp(signal)
      } catch (error) {
        this.#tellTrouble(run, error, signal)
      }
      await this.#leave(run)
    }
  }

  async #recall(entries: readonly RunEntry[]): Promise<void> {
    const listed = new Map(entries.map((entry) => [entry.run, entry.createdMs]))
    for (const [run, known] of this.#scheduled) {
      if (listed.get(run) === known.createdMs) continue
      this.#scheduled.delete(run)
      known.manifest?.drop()
      await this.#leave(run)
    }
  }

  #knownOf({ run, createdMs }: RunEntry): Scheduled {
    const known = this.#scheduled.get(run)
    if (known !== undefined) return known
    const isInOrder = this.#deps.inOrder.includes(run)
    const fresh: Scheduled = {
      createdMs,
      countedAtMs: null,
      crawlWaits: false,
      isReconciled: isInOrder,
      sweptAtMs: isInOrder ? this.#deps.now() : null,
      publishedAtMs: null,
      manifest: null,
    }
    this.#scheduled.set(run, fresh)
    return fresh
  }

  #claim(run: string): Promise<boolean> {
    const { backend, worker } = this.#deps
    return backend.claimDuty({ duty: schedulerDuty(run), token: worker, leaseMs: dutyMs })
  }

  /** Has a description kept by this writer alone; null = by another process. */
  #describe(known: Scheduled, manifest: ManifestWriter | null): void {
    if (known.manifest !== manifest) known.manifest?.drop()
    known.manifest = manifest
  }

  #tellTrouble(run: string, error: unknown, signal: AbortSignal): void {
    if (signal.aborted) return
    const message = messageOf(error)
    // The state of the server is told once, not with every call that it refuses.
    const kind = this.#deps.server.met(message) === null ? 'trouble' : 'refused'
    this.#deps.observe({ kind, run, key: null, message })
  }

  #leave(run: string): Promise<void> {
    return this.#deps.backend.dropDuty({ duty: schedulerDuty(run), token: this.#deps.worker })
  }

  async #look(
    entry: RunEntry,
    places: (kind: WorkKind) => number,
    runs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { backend, queue, pipelines, observe } = this.#deps
    const { run, limits } = entry
    const known = this.#knownOf(entry)
    if (!(await this.#claim(run))) {
      known.countedAtMs = null
      known.isReconciled = false
      this.#describe(known, null)
      return
    }
    const pipeline = await pipelines.of(run)
    if (pipeline === null || 'message' in pipeline) {
      if (pipeline !== null) observe({ kind: 'problem', run, message: pipeline.message })
      return await this.#leave(run)
    }
    if (!known.isReconciled) {
      await reconcile(backend, pipeline.store, run, signal)
      known.isReconciled = true
    }
    const isDue = await this.#countTime(entry, known)
    const { batch, shard } = pipeline
    const { maxTimeMs } = pipeline.options
    const { progress, phase } = await schedule(
      { run, backend, queue, limits, maxTimeMs, batch, shard, runs, places },
      { notify: isDue },
    )
    known.crawlWaits = progress.crawlWaits
    const mark = backlogMark(places('batch'), this.#isServerNearlyFull)
    if (progress.backlogMark !== mark) await backend.setBacklogMark(run, mark)
    if (isTimeOver(progress, maxTimeMs) && entry.standing === 'running') {
      await backend.setStanding(run, 'stopped', 'max-time')
    } else if (phase.kind === 'done') {
      await this.#end(entry, pipeline, phase, progress.seedings, signal)
    } else {
      this.#describe(known, pipeline.manifest)
      pipeline.manifest.follow(progress, signal)
      await this.#publish(run, pipeline, known, false)
      await this.#sweep(run, pipeline, known, signal)
    }
  }

  /** Whether the time was counted; workers are notified with it. */
  async #countTime({ run, standing }: RunEntry, known: Scheduled): Promise<boolean> {
    const { backend, now, notifyMs } = this.#deps
    const nowMs = now()
    const before = known.countedAtMs
    if (before !== null && nowMs - before < notifyMs) return false
    known.countedAtMs = nowMs
    if (before !== null && standing === 'running' && !known.crawlWaits)
      await backend.addElapsed(run, nowMs - before)
    return true
  }

  async #end(
    entry: RunEntry,
    pipeline: OpenPipeline,
    phase: Phase,
    seedings: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { run } = entry
    if (!(await this.#sweepAll(run, pipeline, signal))) return
    const known = this.#knownOf(entry)
    this.#describe(known, pipeline.manifest)
    await pipeline.manifest.finish(phase.limit === null, signal)
    const as = phase.limit === 'stopped' ? (entry.note ?? 'stopped') : (phase.limit ?? 'done')
    if (!(await this.#deps.backend.endRun({ run, seedings, as }))) return
    this.#deps.observe({ kind: 'run_ended', run, as })
    this.#describe(known, null)
    await this.#publish(run, pipeline, known, true)
    await this.#leave(run)
  }

  async #sweep(run: string, { store }: OpenPipeline, known: Scheduled, signal: AbortSignal): Promise<void> {
    const { backend, now } = this.#deps
    if (known.sweptAtMs !== null && now() - known.sweptAtMs < sweepEveryMs) return
    known.sweptAtMs = now()
    const named = async () => new Set(await backend.liveParts(run))
    const parts = await sweepParts(store, named, strayAgeMs, signal)
    this.#tellSwept(run, parts + (await store.sweep(strayAgeMs, signal)))
  }

  /**
   * The end of a run: everything that nobody names, however young. While no batch is leased no attempt has a token to commit with, so a
   * part that was listed before that was seen is nobody's for good. An upload can be that of a run which was set going at this moment:
   * who misses it does it again. A worker that lost its lease and does not know it yet may still write a part after this, which nobody
   * will ever name. False = a batch is leased: it is not over.
   */
  async #sweepAll(run: string, { store }: OpenPipeline, signal: AbortSignal): Promise<boolean> {
    const { backend } = this.#deps
    const idle = async () => (await backend.progress(run)).batchesLeased === 0
    const named = async () => ((await idle()) ? new Set(await backend.liveParts(run)) : null)
    const parts = await sweepParts(store, named, 0, signal)
    if (!(await idle())) return false
    this.#tellSwept(run, parts + (await store.sweep(0, signal)))
    return true
  }

  #tellSwept(run: string, files: number): void {
    if (files > 0) this.#deps.observe({ kind: 'swept', run, files })
  }

  /** `ended`: the last word on the run. */
  async #publish(run: string, { store }: OpenPipeline, known: Scheduled, ended: boolean): Promise<void> {
    const { backend, now, observe, publishes } = this.#deps
    if (!publishes) return
    const last = known.publishedAtMs
    if (!ended && last !== null && now() - last < publishEveryMs) return
    known.publishedAtMs = now()
    const snapshot = await publishedRun(backend, run)
    const trouble = (error: Error) => observe({ kind: 'trouble', run, key: null, message: error.message })
    if (snapshot !== null) await createPublisher(store, trouble)(snapshot)
  }
}

/** What a worker's beat says of its places. */
function placesOf(body: Record<string, unknown>, kind: WorkKind): number {
  const places = body.places as Partial<Record<WorkKind, number>> | undefined
  return places?.[kind] ?? 0
}
