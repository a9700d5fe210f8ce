import { createHash } from 'node:crypto'
import { z } from 'zod'
import { messageOf, noRejectEntries, type RejectEntries, type UidKind } from '../records/index.js'
import { copiedEntries } from './copied.js'
import { readEach, type ShardEntry, stemOf } from './entry.js'
import { changeText, changeUnderWay } from './generation.js'
import { manifestName, retractedName, statsName, widsName } from './layout.js'
import { type Manifest, manifestSchema, widsSchema } from './manifest.js'
import { UnreadableDataset } from './problem.js'
import { parseRetracted } from './retracted.js'
import type { Store } from './store.js'

/** A dataset as its manifest says it: what is committed later is not in it. */
export interface Snapshot {
  readonly store: Store
  readonly manifest: Manifest
  /** SHA-256 of the manifest's bytes. */
  readonly digest: string
  readonly uids: UidKind
  /** What was taken back from it. */
  readonly tombstones: RejectEntries
  /** Made up from the manifest: only what that says of each shard. */
  readonly entries: readonly ShardEntry[]
  /** ISO 8601: when the last of its shards was planned; the epoch where there is none. */
  readonly endedAt: string
}

const statsSchema = z.object({ end_time: z.number() })

/** Reads what a dataset says of itself; `message`: why it cannot be used. */
export async function readSnapshot(
  store: Store,
  signal: AbortSignal,
): Promise<Snapshot | { readonly message: string }> {
  const bytes = await store.read(manifestName, signal)
  if (bytes === null) return { message: `${store.url} has no ${manifestName}: no dataset is there` }
  const read = manifestSchema.safeParse(parsed(bytes))
  if (!read.success)
    return { message: `${store.url}: ${manifestName} is not readable: ${z.prettifyError(read.error)}` }
  const manifest = read.data
  const change = await changeUnderWay(store, signal)
  if (change !== null) return { message: `${store.url}: ${changeText(change)}` }
  const tombstones = await tombstonesOf(store, signal)
  if ('message' in tombstones) return tombstones
  const index = await store.read(widsName, signal)
  const wids = index === null ? null : widsSchema.safeParse(parsed(index))
  const entries = await copiedEntries(store, manifest, wids?.data ?? null, signal)
  const stats = await readEach(
    store,
    entries.map((entry) => statsName(stemOf(entry))),
    statsSchema,
    signal,
  )
  const ended = stats.reduce((last, { end_time }) => Math.max(last, end_time), 0)
  return {
    ...{ store, manifest, entries, tombstones },
    digest: createHash('sha256').update(bytes).digest('hex'),
    uids: manifest.uids ?? (manifest.options.dedupe === 'off' ? 'pair' : 'content'),
    endedAt: new Date(ended * 1000).toISOString(),
  }
}

/** A file of them that cannot be read forbids everything: nothing that was taken back may come again. */
async function tombstonesOf(
  store: Store,
  signal: AbortSignal,
): Promise<RejectEntries | { readonly message: string }> {
  const bytes = await store.read(retractedName, signal)
  if (bytes === null) return noRejectEntries
  const read = parseRetracted(Buffer.from(bytes).toString('utf8'))
  return 'entries' in read ? read.entries : { message: `${store.url}/${retractedName}: ${read.message}` }
}

/** A file of a dataset on this machine; refused where it is missing, or not as long as the manifest says. */
export async function copyOf(
  store: Store,
  file: { readonly name: string; readonly size: number },
  signal: AbortSignal,
) {
  const found = await store.stat(file.name, signal)
  if (found !== null && found.size !== file.size) {
    throw new UnreadableDataset(
      `${store.url}: ${file.name} has ${found.size} bytes, its manifest says ${file.size}`,
    )
  }
  const copy = await store.localCopy(file.name, signal)
  if (copy === null) throw new UnreadableDataset(`${store.url}: ${file.name} is missing`)
  return copy
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    return messageOf(error)
  }
}
