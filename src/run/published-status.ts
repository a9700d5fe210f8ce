import type { Store } from '../shard/index.js'
import type { RunSnapshot } from './run-types.js'
import { parseSnapshot } from './snapshot.js'

export const publishedName = '.pairmill/status.json'
/** Often enough for people, seldom enough for what a request costs. */
const everyMs = 30_000
/** A run that has not said anything for so long is not going on. */
const silentMs = 4 * everyMs
/** The end of a run does not wait longer for its status to be published. */
const deadlineMs = 10_000

/** Tells a snapshot to those who cannot see this machine, if it is time or the run's state is another. */
export type Publish = (snapshot: RunSnapshot) => Promise<void>

/**
 * Publishes the state of a run beside its dataset. A running one is not waited for and one at a time is under way; one that comes to
 * its end is. What fails is told by `onTrouble` and left out: the dataset does not depend on it.
 */
export function createPublisher(store: Store, onTrouble: (error: Error) => void): Publish {
  let toldAtMs = Number.NEGATIVE_INFINITY
  let told: RunSnapshot['state'] | null = null
  let underWay: Promise<void> | null = null
  const put = async (snapshot: RunSnapshot) => {
    const bytes = Buffer.from(`${JSON.stringify(snapshot, null, 1)}\n`)
    try {
      await store.putBytes(publishedName, bytes, { ifAbsent: false }, AbortSignal.timeout(deadlineMs))
    } catch (error) {
      onTrouble(error instanceof Error ? error : new Error(String(error)))
    }
  }
  return async (snapshot) => {
    const { state } = snapshot
    const goesOn = isMoving(state)
    if (goesOn && (underWay !== null || (state === told && Date.now() - toldAtMs < everyMs))) return
    await underWay
    toldAtMs = Date.now()
    told = state
    underWay = put(snapshot).finally(() => {
      underWay = null
    })
    if (!goesOn) await underWay
  }
}

/** The last published state of the run that writes to a store. */
export async function readPublishedStatus(
  store: Store,
  now: number,
  signal: AbortSignal,
): Promise<RunSnapshot | { readonly problem: string }> {
  const bytes = await store.read(publishedName, signal)
  if (bytes === null) return { problem: `${store.url} holds no run: there is no ${publishedName} under it` }
  const snapshot = parseSnapshot(
    Buffer.from(bytes).toString('utf8'),
    `${store.url}: ${publishedName}`,
    store.url,
  )
  return 'problem' in snapshot ? snapshot : heardOf(snapshot, now)
}

/** The snapshot, or what its silence says: a run that was killed could not say so. Pure. */
export function heardOf(snapshot: RunSnapshot, now: number): RunSnapshot {
  const isSilent = isMoving(snapshot.state) && now - Date.parse(snapshot.updatedAt) > silentMs
  return isSilent ? { ...snapshot, state: 'stopped' } : snapshot
}

function isMoving(state: RunSnapshot['state']): boolean {
  return state === 'starting' || state === 'running' || state === 'draining'
}
