import { messageOf } from '../records/index.js'
import { type ShardEntry, stemOf } from './entry.js'
import { keyDigits, tarIndexName, tarName } from './layout.js'
import { pairIn, pairOf, type StoredPair } from './pair.js'
import { UnreadableDataset } from './problem.js'
import { readShard } from './reader.js'
import type { Store } from './store.js'

/** A store that is far away answers each after its own time. */
const readsAtOnce = 8

/**
 * Pairs of keys, shard by shard: each by one read of its own bytes where the shard has an index, else by one reading of the tar. A key that
 * nobody has, whose pair was taken back, or whose shard names no tar, is left out. Throws UnreadableDataset.
 */
export async function* readPairs(
  store: Store,
  entries: readonly ShardEntry[],
  keys: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<StoredPair> {
  const shards = entries.filter(({ shard }) => shard !== null)
  const digits = keyDigits(shards[0]?.shardSize ?? 1)
  const ofStem = new Map<string, string[]>()
  for (const key of [...new Set(keys)].sort()) {
    const stem = key.slice(0, -digits)
    ofStem.set(stem, [...(ofStem.get(stem) ?? []), key])
  }
  for (const entry of shards) {
    const wanted = ofStem.get(stemOf(entry)) ?? []
    const hasTar = entry.files.some(({ name }) => name === tarName(stemOf(entry)))
    if (wanted.length === 0 || !hasTar) continue
    const isIndexed = entry.files.some(({ name }) => name === tarIndexName(stemOf(entry)))
    if (!isIndexed) yield* scanned(store, entry, new Set(wanted), signal)
    else {
      for (let at = 0; at < wanted.length; at += readsAtOnce) {
        const reads = wanted.slice(at, at + readsAtOnce).map((key) => pairOf(store, shards, key, signal))
        for (const answer of await Promise.all(reads)) if (answer.kind === 'pair') yield answer
      }
    }
  }
}

async function* scanned(
  store: Store,
  entry: ShardEntry,
  wanted: ReadonlySet<string>,
  signal: AbortSignal,
): AsyncGenerator<StoredPair> {
  const name = tarName(stemOf(entry))
  const copy = await store.localCopy(name, signal)
  if (copy === null) throw new UnreadableDataset(`${store.url}: ${name} is missing`)
  try {
    for await (const { key, files } of readShard(copy.path)) {
      signal.throwIfAborted()
      if (!wanted.has(key)) continue
      const named = new Map([...files].map(([extension, bytes]) => [`${key}.${extension}`, bytes]))
      yield pairIn(named, key, entry.shard ?? 0)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof UnreadableDataset
      ? error
      : new UnreadableDataset(`${store.url}: ${name} cannot be read: ${messageOf(error)}`, error)
  } finally {
    await copy.release()
  }
}
