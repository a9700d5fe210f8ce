import { z } from 'zod'
import {
  digestsOfHex,
  hexOfDigests,
  noRejectEntries,
  type RejectEntries,
  rejectEntries,
  rejectKinds,
  unionOfEntries,
} from '../records/index.js'
import { retractedName } from './layout.js'
import type { Store } from './store.js'

const hexOf = (bytes: number) =>
  z
    .array(z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${2 * bytes} hex digits`))
    .default([])

/** Kinds of tombstones: what a dataset says of itself; MD5s are of lists alone. */
const kinds = ['hosts', 'urls', 'images', 'phashes', 'uids'] as const

/**
 * Tombstones of a dataset: what was taken back from it, and must not come back. A host, with `*.` in front where all below it are meant, and a
 * URL stand as SHA-256 of their canonical spelling, so that the file names none; `images` are SHA-256 of fetched bytes. Sorted, each once.
 */
const retractedSchema = z.object({
  v: z.literal(1),
  hosts: hexOf(rejectKinds.hosts),
  urls: hexOf(rejectKinds.urls),
  images: hexOf(rejectKinds.images),
  phashes: hexOf(rejectKinds.phashes),
  uids: hexOf(rejectKinds.uids),
})

export type Retracted = z.infer<typeof retractedSchema>

/** Pure. `message`: what is wrong with the text, for people. */
export function parseRetracted(text: string): { entries: RejectEntries } | { message: string } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { message: 'it is no JSON' }
  }
  const parsed = retractedSchema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return { message: `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'unknown'}` }
  }
  const { data } = parsed
  return {
    entries: rejectEntries((kind, width) =>
      kind === 'md5s' ? noRejectEntries.md5s : digestsOfHex(width, data[kind]),
    ),
  }
}

/** Equal entries give equal bytes. MD5s are left out. Pure. */
export function encodeRetracted(entries: RejectEntries): Buffer {
  const lists = kinds.map((kind) => [kind, [...hexOfDigests(entries[kind])]])
  return Buffer.from(`${JSON.stringify({ v: 1, ...Object.fromEntries(lists) }, null, 1)}\n`)
}

/** Tombstones with those that are added. Pure. */
export const mergeRetracted = (had: RejectEntries, added: RejectEntries): RejectEntries =>
  unionOfEntries([had, added])

/**
 * Tombstones of the dataset in a store; none where it has no such file.
 *
 * @throws Error where the file is none that this version reads: nothing may be taken then.
 */
export async function readRetracted(store: Pick<Store, 'read' | 'url'>, signal: AbortSignal) {
  const bytes = await store.read(retractedName, signal)
  if (bytes === null) return noRejectEntries
  const parsed = parseRetracted(Buffer.from(bytes).toString('utf8'))
  if ('message' in parsed) throw new Error(`${store.url}/${retractedName}: ${parsed.message}`)
  return parsed.entries
}
