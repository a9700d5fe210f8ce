import { planStems, readEntry } from './entry.js'
import { partsPrefix } from './layout.js'
import type { Plan } from './plan.js'
import type { Store } from './store.js'

const never: AbortSignal = new AbortController().signal

/** Removes the parts of a plan. Throws, and removes nothing, while one of its shards is not committed. */
export async function removePlanParts(store: Store, plan: Plan, signal: AbortSignal = never): Promise<void> {
  for (const stem of planStems(plan)) {
    if ((await readEntry(store, stem, signal)) === null) {
      throw new Error(`plan ${plan.plan} still needs its parts: ${stem} is not committed`)
    }
  }
  for (const part of plan.parts) await store.remove(part.name)
}

/**
 * Removes every part that is not among `namedParts` and answers how many. Only while no attempt is between writing its
 * part and committing its batch: a part that no commit names yet looks the same as one that none ever will.
 */
export async function sweepParts(
  store: Store,
  namedParts: ReadonlySet<string>,
  signal: AbortSignal = never,
): Promise<number> {
  const stray: string[] = []
  for await (const { name } of store.list(partsPrefix, signal)) {
    if (!namedParts.has(name)) stray.push(name)
  }
  for (const name of stray) await store.remove(name)
  return stray.length
}
