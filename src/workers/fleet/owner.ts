import type { Store } from '../../shard/index.js'
import type { RunEntry } from '../backend/backend.js'
import { claimFor, foreignOwner } from '../claim.js'
import { optionsOf } from './launch.js'

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
  return await foreignOwner(store, entry === null ? null : tokenOf(entry), signal)
}
