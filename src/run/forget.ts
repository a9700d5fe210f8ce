import type { Hub } from '../backend/index.js'
import { type FleetState, readWorkers, stateOf } from './run-status.js'
import { schedulerDuty } from './scheduler.js'

export type Forgotten =
  /** Nothing of it is left but its dataset. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'unknown'; readonly runs: readonly string[] }
  | { readonly kind: 'goes_on'; readonly state: FleetState }
  /** A worker holds something of it, for so long at most. */
  | { readonly kind: 'held'; readonly inMs: number }
  /** A process reads its sources. */
  | { readonly kind: 'read'; readonly worker: string }

/**
 * Takes the state of an ended run out of the fleet's server, and leaves its dataset, with the claim on its place, alone. What was broken off
 * on the way goes on with the same call; until it has ended the run is none, and its name is not free. `onSlice` hears how many things went.
 */
export async function forgetRun(
  { backend, queue }: Pick<Hub, 'backend' | 'queue'>,
  run: string,
  onSlice: (removed: number) => void,
): Promise<Forgotten> {
  const reader = (await readWorkers(backend)).find(({ reads }) => reads === run)
  if (reader !== undefined) return { kind: 'read', worker: reader.worker }
  const marked = await backend.markForgotten({ run, duties: [schedulerDuty(run)] })
  switch (marked.kind) {
    case 'held':
      return marked
    case 'unknown':
      return { kind: 'unknown', runs: (await backend.runs()).map((entry) => entry.run) }
    case 'goes_on': {
      const entry = (await backend.runs()).find((one) => one.run === run)
      return { kind: 'goes_on', state: entry === undefined ? 'running' : stateOf(entry) }
    }
    case 'marked':
      await queue.drop(run)
      await backend.clearForgotten(run, onSlice)
      return { kind: 'forgotten' }
  }
}
