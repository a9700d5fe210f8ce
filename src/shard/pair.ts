import { messageOf, type StoredFormat, storedFormats } from '../records/index.js'
import { readCommitted } from './committed.js'
import { type ShardEntry, stemOf } from './entry.js'
import { keyDigits, keyOf, parquetName, shardStem, tarIndexName, tarName } from './layout.js'
import { readParquet } from './parquet-reader.js'
import { UnreadableDataset } from './problem.js'
import { readShard } from './reader.js'
import type { Store } from './store.js'
import { decodeTarIndex } from './tar-index.js'
import { membersOf } from './tar-piece.js'

/** One kept pair as it stands in its tar. */
export interface StoredPair {
  readonly kind: 'pair'
  readonly key: string
  readonly shard: number
  /** KEY.json. */
  readonly record: Readonly<Record<string, unknown>>
  readonly picture: { readonly format: StoredFormat; readonly bytes: Uint8Array }
}

export type PairAnswer =
  | StoredPair
  /** The key was given once, and its pair taken back: nothing will have it again. */
  | { readonly kind: 'taken'; readonly key: string }
  /** `why`: what there is instead, for people. */
  | { readonly kind: 'absent'; readonly why: string }

const uidPattern = /^[0-9a-f]{32}$/

/**
 * The pair of a key or a uid. By its key it is one read of as many bytes as it has, where the shard has an index; a uid is looked for in the
 * parquet files.
 */
export async function readPair(store: Store, name: string, signal: AbortSignal): Promise<PairAnswer> {
  const { entries } = await readCommitted(store, signal)
  const shards = entries.filter(({ shard }) => shard !== null)
  if (shards.length === 0) return { kind: 'absent', why: 'nothing is committed here yet' }
  const uid = name.toLowerCase()
  if (!uidPattern.test(uid)) return await pairOf(store, shards, name, signal)
  const key = await keyOfUid(store, shards, uid, signal)
  return key === null
    ? { kind: 'absent', why: 'no pair has this uid, or the one that had it was taken back' }
    : await pairOf(store, shards, key, signal)
}

/** null = no kept pair has it; those of version 1 have none. */
async function keyOfUid(
  store: Store,
  shards: readonly ShardEntry[],
  uid: string,
  signal: AbortSignal,
): Promise<string | null> {
  for (const entry of shards) {
    const name = parquetName(stemOf(entry))
    const copy = await store.localCopy(name, signal)
    if (copy === null) throw new UnreadableDataset(`${store.url}: ${name} is missing`)
    try {
      for await (const row of readParquet(copy.path, ['uid', 'key'], 'absent')) {
        signal.throwIfAborted()
        if (row.uid === uid && typeof row.key === 'string') return row.key
      }
    } catch (error) {
      signal.throwIfAborted()
      throw new UnreadableDataset(`${store.url}: ${name} cannot be read: ${messageOf(error)}`, error)
    } finally {
      await copy.release()
    }
  }
  return null
}

/** The pair of a key, in shards that are known already: `entries` has no ledger. */
export async function pairOf(
  store: Store,
  entries: readonly ShardEntry[],
  key: string,
  signal: AbortSignal,
): Promise<PairAnswer> {
  const digits = keyDigits(entries[0]?.shardSize ?? 1)
  const example = keyOf(entries[0]?.shard ?? 0, 0, entries[0]?.shardSize ?? 1)
  if (!/^\d+$/.test(key) || key.length < example.length) {
    return {
      kind: 'absent',
      why: `a key has at least ${example.length} digits, such as ${example}, and a uid 32 hex digits`,
    }
  }
  const slot = Number(key.slice(-digits))
  const entry = entries.find(({ shard }) => shard !== null && shardStem(shard) === key.slice(0, -digits))
  if (entry === undefined || entry.shard === null) {
    return { kind: 'absent', why: `there is no shard ${key.slice(0, -digits)}` }
  }
  const slots = entry.samples + entry.taken.length
  if (slot >= slots) {
    const last =
      slots === 0 ? 'it has none' : `its last one is ${keyOf(entry.shard, slots - 1, entry.shardSize)}`
    return { kind: 'absent', why: `shard ${shardStem(entry.shard)} has no such key: ${last}` }
  }
  if (entry.taken.includes(slot)) return { kind: 'taken', key }
  const at = slot - entry.taken.filter((taken) => taken < slot).length
  const place = `${store.url}: ${tarName(stemOf(entry))}`
  try {
    const files =
      (await indexedFiles(store, entry, at, signal)) ?? (await scannedFiles(store, entry, key, signal))
    return pairIn(files, key, entry.shard)
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof UnreadableDataset
      ? error
      : new UnreadableDataset(`${place}: ${key} cannot be read: ${messageOf(error)}`, error)
  }
}

/** By their names. */
type Files = ReadonlyMap<string, Uint8Array>

/** Files of sample `at` of the tar, by their names; null = the shard has no index. */
async function indexedFiles(
  store: Store,
  entry: ShardEntry,
  at: number,
  signal: AbortSignal,
): Promise<Files | null> {
  const stem = stemOf(entry)
  if (!entry.files.some(({ name }) => name === tarIndexName(stem))) return null
  const bounds = await store.readRange(tarIndexName(stem), { offset: 8 * at, size: 16 }, signal)
  const [offset, end] = (bounds === null ? null : decodeTarIndex(bounds)) ?? []
  if (offset === undefined || end === undefined || end <= offset) {
    throw new UnreadableDataset(`${store.url}: ${tarIndexName(stem)} does not say where sample ${at} is`)
  }
  const bytes = await store.readRange(tarName(stem), { offset, size: end - offset }, signal)
  if (bytes === null) throw new UnreadableDataset(`${store.url}: ${tarName(stem)} is missing`)
  const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return new Map(membersOf(piece, offset).map(({ name, begin, end }) => [name, piece.subarray(begin, end)]))
}

/** The same by reading the tar from its beginning. */
async function scannedFiles(
  store: Store,
  entry: ShardEntry,
  key: string,
  signal: AbortSignal,
): Promise<Files> {
  const name = tarName(stemOf(entry))
  const copy = await store.localCopy(name, signal)
  if (copy === null) throw new UnreadableDataset(`${store.url}: ${name} is missing`)
  try {
    for await (const sample of readShard(copy.path)) {
      signal.throwIfAborted()
      if (sample.key !== key) continue
      return new Map([...sample.files].map(([extension, bytes]) => [`${key}.${extension}`, bytes]))
    }
    return new Map()
  } finally {
    await copy.release()
  }
}

/** What the files of a sample say. Throws where they are not those of a pair. */
export function pairIn(files: Files, key: string, shard: number): StoredPair {
  const json = files.get(`${key}.json`)
  const format = storedFormats.find((one) => files.has(`${key}.${one}`))
  const bytes = format === undefined ? undefined : files.get(`${key}.${format}`)
  if (json === undefined || format === undefined || bytes === undefined) {
    throw new Error('there is something else where it should be')
  }
  const record: unknown = JSON.parse(Buffer.from(json).toString('utf8'))
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    throw new Error('its json is no object')
  return { kind: 'pair', key, shard, record: record as StoredPair['record'], picture: { format, bytes } }
}
