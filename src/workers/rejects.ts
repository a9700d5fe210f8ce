import {
  createRefusals,
  createRejectList,
  noRefusals,
  type Refusals,
  type RejectList,
  unionOfEntries,
} from '../records/index.js'
import { readRejectFile, readRetracted, retractedName, type Store } from '../shard/index.js'

/** What a run may never take, as it is known now. */
export interface Rejects {
  /** At most five seconds old. Rejects only with the signal's reason. */
  current(signal: AbortSignal): Promise<Refusals>
}

/** Of what belongs to no run. */
export const nothingRejected: Rejects = { current: async () => noRefusals }

interface RejectsDeps {
  /** Of the dataset, which holds its tombstones and the lists of its run. */
  readonly store: Pick<Store, 'read' | 'stat' | 'url'>
  /** SHA-256 of the lists that the run was given. */
  readonly lists: readonly string[]
  /** The tombstones could not be looked at; those that are known hold. */
  readonly onTrouble: (error: Error) => void
  /** Milliseconds, from any zero. */
  readonly now: () => number
}

/** A tombstone that is written while a run goes on holds after this. */
const lookMs = 5_000

/**
 * Lists and tombstones of a run. Tombstones are looked at again while they are asked for: they are never taken back, so a file of the same size
 * is the same.
 *
 * @throws Error where one of them cannot be read: nothing may be taken without them.
 */
export async function openRejects(
  { store, lists, onTrouble, now }: RejectsDeps,
  signal: AbortSignal,
): Promise<Rejects> {
  const read = []
  for (const sha256 of lists) read.push(await readRejectFile(store, sha256, signal))
  const listed: RejectList = createRejectList(unionOfEntries(read))
  const sizeOf = async () => (await store.stat(retractedName, signal))?.size ?? 0
  // Its size first: what is added in between is seen at the next look.
  let size = await sizeOf()
  let refusals = createRefusals(listed, createRejectList(await readRetracted(store, signal)))
  let lookedAtMs = now()
  let looking: Promise<void> | null = null

  const look = async (): Promise<void> => {
    try {
      const found = await sizeOf()
      if (found !== size) {
        refusals = createRefusals(listed, createRejectList(await readRetracted(store, signal)))
        size = found
      }
    } catch (error) {
      onTrouble(error instanceof Error ? error : new Error(String(error)))
    } finally {
      lookedAtMs = now()
      looking = null
    }
  }
  return {
    current: async (stop) => {
      stop.throwIfAborted()
      if (now() - lookedAtMs >= lookMs) {
        looking ??= look()
        await looking
      }
      return refusals
    },
  }
}
