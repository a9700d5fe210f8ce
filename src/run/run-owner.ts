import type { RunEntry } from '../backend/index.js'
import { type Store, standingIn, standingProblem } from '../shard/index.js'
import { optionsOf } from './launch.js'
import { claimFor, foreignOwner } from './output-claim.js'

/** A run by its name and the moment it was made: one of the same name, made after the server lost everything, is another. */
function tokenOf({ run, createdMs }: Pick<RunEntry, 'run' | 'createdMs'>): string {
  return `${run}@${createdMs}`
}

/** Binds the place to the run. Answers why it cannot be used; null = it is the run's. */
export async function claimForRun(
  store: Store,
  entry: RunEntry,
  signal: AbortSignal,
): Promise<string | null> {
  if (await isOfOneProcess(store, signal)) return `${store.url} ${belongsToOneProcess}`
  const { run, options } = entry
  const owner = { v: 1, token: tokenOf(entry), run, backend: optionsOf(options).backend } as const
  return await claimFor(store, owner, signal)
}

/** Changes nothing. `entry` null = a run that is yet to be made. Answers why the place cannot be used; null = as far as can be seen it can. */
export async function ownedByOther(
  store: Store,
  entry: RunEntry | null,
  signal: AbortSignal,
): Promise<string | null> {
  const other = await foreignOwner(store, entry === null ? null : tokenOf(entry), signal)
  if (other !== null) return other
  if (await isOfOneProcess(store, signal)) return `${store.url} ${belongsToOneProcess}`
  const standing = await standingIn(store, signal)
  if (entry === null && standing.kind === 'own')
    return `${store.url} holds the dataset of another run: choose another --out`
  return standingProblem(store.url, standing)
}

const belongsToOneProcess =
  'belongs to a run in one process, whose state lies in its .pairmill/: go on with that without a fleet, or choose another --out'

/** Such a run claims nothing: its lock and its database, which lie in its folder, say whose it is. */
async function isOfOneProcess(store: Store, signal: AbortSignal): Promise<boolean> {
  for (const name of ['db', 'lock']) if ((await store.stat(`.pairmill/${name}`, signal)) !== null) return true
  return false
}
