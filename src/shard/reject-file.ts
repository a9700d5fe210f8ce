import { createHash } from 'node:crypto'
import { createDigestSet, type RejectEntries, rejectEntries, rejectKinds } from '../records/index.js'
import { rejectListName } from './layout.js'
import type { Store } from './store.js'

/** A list as it lies beside a dataset: counts of its kinds as a line of JSON, then their digests. Hosts and URLs in it are hashes. */
export interface RejectFile {
  readonly sha256: string
  readonly entries: number
  readonly bytes: Uint8Array
}

const kinds = Object.keys(rejectKinds) as (keyof RejectEntries)[]

/** Equal entries give equal bytes. Pure. */
export function encodeRejectFile(entries: RejectEntries): RejectFile {
  const sizes = Object.fromEntries(kinds.map((kind) => [kind, entries[kind].size]))
  const head = Buffer.from(`${JSON.stringify({ v: 1, ...sizes })}\n`)
  const bytes = Buffer.concat([head, ...kinds.map((kind) => entries[kind].bytes)])
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    entries: kinds.reduce((sum, kind) => sum + entries[kind].size, 0),
    bytes,
  }
}

/** Stores a list where a dataset lies, under its hash, unless it lies there already. */
export async function storeRejectFile(
  store: Pick<Store, 'stat' | 'putBytes'>,
  { sha256, bytes }: RejectFile,
  signal: AbortSignal,
): Promise<void> {
  const name = rejectListName(sha256)
  if ((await store.stat(name, signal))?.size === bytes.length) return
  await store.putBytes(name, bytes, { ifAbsent: false }, signal)
}

/**
 * A list that `storeRejectFile` stored.
 *
 * @throws Error where it is gone or is another: nothing may be taken without it.
 */
export async function readRejectFile(
  store: Pick<Store, 'read' | 'url'>,
  sha256: string,
  signal: AbortSignal,
): Promise<RejectEntries> {
  const name = rejectListName(sha256)
  const bytes = await store.read(name, signal)
  if (bytes === null) throw new Error(`${store.url}/${name}: a list of the run is gone: give it again`)
  if (createHash('sha256').update(bytes).digest('hex') !== sha256)
    throw new Error(`${store.url}/${name}: it is not the list that the run was given: give that again`)
  const end = bytes.indexOf(0x0a)
  const sizes = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()) as Record<string, number>
  let at = end + 1
  return rejectEntries((kind, width) => {
    const from = at
    at += width * (sizes[kind] ?? 0)
    return createDigestSet(width, bytes.subarray(from, at))
  })
}
