import { messageOf } from '../records/index.js'
import type { ShardEntry } from './entry.js'
import { rejectedPrefix } from './layout.js'
import { UnreadableDataset } from './problem.js'
import { readShard } from './reader.js'
import type { Store } from './store.js'

/** A small picture of a rejected candidate, with its row. */
export interface RejectedPicture {
  /** As the parquet has it. */
  readonly record: Readonly<Record<string, unknown>>
  /** WebP. */
  readonly bytes: Uint8Array
}

/**
 * Small pictures of what was rejected, as the entries name them; of at most `mostFiles` files, spread evenly over the plans. Throws
 * UnreadableDataset.
 */
export async function* readRejectedPictures(
  store: Store,
  entries: readonly ShardEntry[],
  mostFiles: number,
  signal: AbortSignal,
): AsyncGenerator<RejectedPicture> {
  const names = entries.flatMap(({ files }) =>
    files.flatMap(({ name }) => (name.startsWith(rejectedPrefix) ? [name] : [])),
  )
  const step = Math.max(1, names.length / mostFiles)
  for (let at = 0; at < names.length; at += step) {
    const name = names[Math.floor(at)]
    if (name === undefined) continue
    const copy = await store.localCopy(name, signal)
    if (copy === null) throw new UnreadableDataset(`${store.url}: ${name} is missing`)
    try {
      for await (const { files } of readShard(copy.path)) {
        signal.throwIfAborted()
        const [json, bytes] = [files.get('json'), files.get('webp')]
        if (json === undefined || bytes === undefined) continue
        const record: unknown = JSON.parse(Buffer.from(json).toString('utf8'))
        if (typeof record === 'object' && record !== null && !Array.isArray(record))
          yield { record: record as RejectedPicture['record'], bytes }
      }
    } catch (error) {
      signal.throwIfAborted()
      throw new UnreadableDataset(`${store.url}: ${name} cannot be read: ${messageOf(error)}`, error)
    } finally {
      await copy.release()
    }
  }
}
