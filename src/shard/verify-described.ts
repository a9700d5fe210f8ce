import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { messageOf } from '../records/index.js'
import { croissantSchema, croissantTars, fileObjectType } from './croissant.js'
import { manifestShards, sizesOf, summarise, widsOf } from './dataset.js'
import { energonCountsName, energonCountsSchema, energonSplitName, energonSplitSchema } from './energon.js'
import type { ShardEntry } from './entry.js'
import { croissantName, manifestName, sizesName, widsName } from './layout.js'
import { type Manifest, manifestSchema, sizesSchema, widsSchema } from './manifest.js'
import type { Store } from './store.js'

/** Reports what concerns no single shard. */
export type GlobalReport = (message: string, at?: { readonly file?: string }) => void

/** Files that are compiled from the entries; null = not there, or reported as unreadable. */
export interface Compiled {
  readonly manifest: Manifest | null
  readonly sizes: z.infer<typeof sizesSchema> | null
  readonly wids: z.infer<typeof widsSchema> | null
  readonly croissant: z.infer<typeof croissantSchema> | null
  readonly counts: z.infer<typeof energonCountsSchema> | null
  readonly split: z.infer<typeof energonSplitSchema> | null
}

export async function readCompiled(
  store: Store,
  report: GlobalReport,
  signal: AbortSignal,
): Promise<Compiled> {
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T | null> => {
    const bytes = await store.read(name, signal)
    if (bytes === null) return null
    try {
      return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
    } catch (error) {
      report(`is not readable: ${messageOf(error)}`, { file: name })
      return null
    }
  }
  // The manifest is written last, so nothing that is read after it is behind it.
  return {
    manifest: await read(manifestName, manifestSchema),
    sizes: await read(sizesName, sizesSchema),
    wids: await read(widsName, widsSchema),
    croissant: await read(croissantName, croissantSchema),
    counts: await read(energonCountsName, energonCountsSchema),
    split: await read(energonSplitName, energonSplitSchema),
  }
}

/** At the end of a run the compiled files say exactly what the entries say. `isCopy`: what is hidden may have been left behind. */
export function verifyComplete(
  compiled: Compiled,
  manifest: Manifest,
  entries: readonly ShardEntry[],
  isCopy: boolean,
  report: GlobalReport,
): void {
  const { samples, rows, bytes } = summarise(entries)
  if (!isDeepStrictEqual(manifest.shards, manifestShards(entries))) {
    report('names other shards than the entries', { file: manifestName })
  }
  if (manifest.samples !== samples || manifest.rows !== rows || manifest.bytes !== bytes) {
    report('counts otherwise than the entries', { file: manifestName })
  }
  if (!isDeepStrictEqual(compiled.wids, widsOf(entries)))
    report('is not as the entries say', { file: widsName })
  for (const { name, told, wanted } of listsOf(compiled, entries)) {
    if (name === widsName) continue
    // Version 1 had sizes.json alone, and `cp *` takes no name that begins with a dot.
    const mayBeAbsent = name !== sizesName && (manifest.v === 1 || isCopy)
    if (told === null && mayBeAbsent) continue
    if (!isDeepStrictEqual(told, wanted)) report('is not as the entries say', { file: name })
  }
}

/** Before the end they may name fewer shards, but nothing that is not committed. `isLeftOut`: files that somebody is rewriting. */
export function verifyBehind(
  compiled: Compiled,
  entries: readonly ShardEntry[],
  isLeftOut: (name: string) => boolean,
  report: GlobalReport,
): void {
  const shards = new Map(manifestShards(entries).map((shard) => [shard.files[0]?.name, shard]))
  for (const shard of compiled.manifest?.shards ?? []) {
    if (shard.files.some(({ name }) => isLeftOut(name))) continue
    if (!isDeepStrictEqual(shards.get(shard.files[0]?.name), shard))
      report(`names shard ${shard.shard}, which is not committed so`, { file: manifestName })
  }
  for (const { name, told, wanted } of listsOf(compiled, entries)) {
    if (isLeftOut(name)) continue
    for (const [tar, facts] of told ?? []) {
      if (!isLeftOut(tar) && !isDeepStrictEqual(wanted.get(tar), facts))
        report(`names ${tar}, which is not committed so`, { file: name })
    }
  }
}

/** What a compiled file tells of each tar, by its name. */
type Told = ReadonlyMap<string, unknown>

/** What each compiled file says of the tars (null = it is not there), and what the entries have it say. */
function listsOf(
  { sizes, wids, croissant, counts, split }: Compiled,
  entries: readonly ShardEntry[],
): { readonly name: string; readonly told: Told | null; readonly wanted: Told }[] {
  const wantedSizes = Object.entries(sizesOf(entries))
  const filled = wantedSizes.filter(([, samples]) => samples > 0)
  const index = ({ shardlist }: z.infer<typeof widsSchema>) =>
    byName(shardlist.map((shard) => [shard.url, shard]))
  const tars = ({ distribution }: z.infer<typeof croissantSchema>) =>
    byName(
      distribution
        .filter((file) => file['@type'] === fileObjectType && /^[^/]+\.tar$/.test(file.name))
        .map(({ name, contentSize, sha256 }) => [name, { contentSize, sha256 }]),
    )
  const parts = split === null ? null : Object.values(split.split_parts).flat()
  const once = (names: readonly string[]) => byName(names.map((name) => [name, 'once']))
  return [
    { name: sizesName, told: sizes && byName(Object.entries(sizes)), wanted: byName(wantedSizes) },
    { name: widsName, told: wids && index(wids), wanted: index(widsOf(entries)) },
    {
      name: croissantName,
      told: croissant && tars(croissant),
      wanted: tars({ distribution: croissantTars(manifestShards(entries)) }),
    },
    {
      name: energonCountsName,
      told: counts && byName(Object.entries(counts.shard_counts)),
      wanted: byName(filled),
    },
    { name: energonSplitName, told: parts && once(parts), wanted: once(filled.map(([name]) => name)) },
  ]
}

/** A name that stands twice equals none. */
function byName(all: readonly (readonly [name: string, facts: unknown])[]): Told {
  const found = new Map<string, unknown>()
  for (const [name, facts] of all) found.set(name, found.has(name) ? 'twice' : facts)
  return found
}
