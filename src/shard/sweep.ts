import { planStems, readEntry } from './entry.js'
import { partsPrefix } from './layout.js'
import type { Plan } from './plan.js'
import type { Store } from './store.js'

/** Age of what a writer that lives has begun, at most: what is older may be swept while others write. */
export const strayAgeMs = 3_600_000

const never: AbortSignal = new AbortController().signal

/** Removes the parts of a plan. Throws, and removes nothing, while one of its shards is not committed. */
export async function removePlanParts(store: Store, plan: Plan, signal: AbortSignal = never): Promise<void> {
  for (const stem of planStems(plan)) {
    if ((await readEntry(store, stem, signal)) === null) {
      throw new Error(`plan ${plan.plan} still needs its parts: ${stem} is not committed`)
    }
  }
  for (const part of plan.parts) await store.remove(part.name, signal)
}

/**
 * Removes every part older than `olderThanMs` that `named` does not answer, and says how many. A part that no commit names yet looks
 * the same as one that none ever will, so no attempt may take longer than that from writing its part to committing its batch; 0 = no
 * attempt is under way. `named` is asked after the parts were listed: what is committed meanwhile stays. It answers null where nothing
 * shall go after all.
 */
export async function sweepParts(
  store: Store,
  named: () => Promise<ReadonlySet<string> | null>,
  olderThanMs: number,
  signal: AbortSignal = never,
): Promise<number> {
  const old: string[] = []
  // Not by the clock where all of it goes: stores tell times rounded up.
  const beforeMs = olderThanMs === 0 ? Number.POSITIVE_INFINITY : Date.now() - olderThanMs
  for await (const { name, modifiedMs } of store.list(partsPrefix, signal)) {
    if (modifiedMs <= beforeMs) old.push(name)
  }
  if (old.length === 0) return 0
  const names = await named()
  if (names === null) return 0
  const stray = old.filter((name) => !names.has(name))
  for (const name of stray) await store.remove(name, signal)
  return stray.length
}
