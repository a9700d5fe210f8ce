import { messageOf } from '../../records/index.js'
import { UnreadableDataset } from '../problem.js'
import type { Store } from '../store.js'

/** Work on a local copy of a committed file, which is given back. An UnreadableDataset names the file where it is missing, or the work fails. */
export async function withCopy<T>(
  store: Store,
  name: string,
  signal: AbortSignal,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const copy = await store.localCopy(name, signal)
  if (copy === null) throw new UnreadableDataset(`${store.url}: ${name} is missing`)
  try {
    return await work(copy.path)
  } catch (error) {
    signal.throwIfAborted()
    throw new UnreadableDataset(`${store.url}: ${name} cannot be read: ${messageOf(error)}`, error)
  } finally {
    await copy.release()
  }
}
