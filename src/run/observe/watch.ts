import type { Backend, Hub, RunEntry, WorkKind } from '../../backend/index.js'
import { inTime } from '../../timing/index.js'
import type { Working } from '../engine.js'
import { pagesWithinBudget } from '../phase.js'
import { restMs } from '../schedule.js'
import { unwatched, type Watched, watchedAfter } from './health.js'

export interface WatchDeps {
  readonly working: Pick<Working, 'vitals'>
  readonly fleet: Pick<Hub, 'connected'> & {
    readonly server: Pick<Hub['server'], 'takesWork'>
    readonly backend: Pick<Backend, 'runs' | 'progress' | 'hostCounts' | 'openBatches' | 'openPlans'>
  }
  /** Kinds of work that the process answers. */
  readonly kinds: readonly WorkKind[]
  /** Milliseconds of a clock that never jumps, such as performance.now. */
  readonly now: () => number
}

/** Keeps an eye on the process that it runs in. */
export interface Watch {
  /** Looks now; while one look goes on there is no second one. */
  look(): Promise<void>
  watched(): Watched
}

const readMs = 3_000

export function createWatch({ working, fleet, kinds, now }: WatchDeps): Watch {
  let watched = unwatched(working.vitals().consumedAtMs, now())
  let looking: Promise<void> | null = null

  const look = async (): Promise<void> => {
    const read = fleet.connected() ? await inTime(() => waitingKinds(fleet.backend, kinds), readMs) : null
    const { active, consumedAtMs } = working.vitals()
    // Where nothing may be begun nothing waits for this process.
    const waiting = read === null || fleet.server.takesWork ? (read?.value ?? null) : []
    watched = watchedAfter(watched, { waiting, active, consumedAtMs }, now())
  }
  return {
    look: () => {
      looking ??= look().finally(() => {
        looking = null
      })
      return looking
    },
    watched: () => watched,
  }
}

/** Of which kinds something waits in any run and is held by nobody. What a run's standing or limits keep from being begun does not wait. */
async function waitingKinds(
  backend: WatchDeps['fleet']['backend'],
  kinds: readonly WorkKind[],
): Promise<readonly WorkKind[]> {
  const waits: Readonly<Record<WorkKind, (entry: RunEntry) => Promise<boolean>>> = {
    session: (entry) => hostsWait(backend, entry),
    batch: async ({ run }) => (await backend.openBatches(run, 1)).length > 0,
    plan: async ({ run }) => (await backend.openPlans(run)).length > 0,
  }
  const found = new Set<WorkKind>()
  for (const entry of await backend.runs()) {
    if (entry.ended !== null || entry.standing === 'failed') continue
    for (const kind of kinds) {
      if (!found.has(kind) && (await waits[kind](entry))) found.add(kind)
    }
    if (found.size === kinds.length) break
  }
  return [...found]
}

/** A host of which a worker was notified is due a moment later; where nobody holds any host, it waits all the same. */
async function hostsWait(
  backend: WatchDeps['fleet']['backend'],
  { run, limits }: RunEntry,
): Promise<boolean> {
  if (!pagesWithinBudget(await backend.progress(run), limits)) return false
  if ((await backend.hostCounts(run, 0)).due > 0) return true
  const { held, due } = await backend.hostCounts(run, restMs)
  return held === 0 && due > 0
}
