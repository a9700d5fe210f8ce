import { z } from 'zod'
import { readJson } from './entry.js'
import type { Store } from './store.js'

/** What a curated dataset says of where it comes from: in its manifest, and, from before its first shard, below `.pairmill/`. */
export const curatedFromSchema = z.object({
  sources: z
    .array(
      z.object({
        /** Without what lets somebody in; of a folder the name alone. */
        place: z.string(),
        run: z.string(),
        generation: z.int(),
        /** SHA-256 of its manifest.json. */
        manifest_sha256: z.string(),
      }),
    )
    .readonly(),
  /** All that decides what is kept, and how it is written. */
  request: z.record(z.string(), z.json()).readonly(),
})

export type CuratedFrom = Readonly<z.infer<typeof curatedFromSchema>>

/** Created once, before the first shard: with it the same command goes on, and no run begins here. */
export const curateName = '.pairmill/curate.json'

const curationSchema = z.object({
  v: z.literal(1),
  from: curatedFromSchema,
  /** Shards that are written here. */
  shards: z.int().nonnegative(),
})

export type Curation = Readonly<z.infer<typeof curationSchema>>

/** null = nothing is curated here. */
export async function readCuration(store: Store, signal: AbortSignal): Promise<Curation | null> {
  return await readJson(store, curateName, curationSchema, signal)
}

/** Creates it; answers what stands there then, which may be another's. */
export async function writeCuration(
  store: Store,
  curation: Curation,
  signal: AbortSignal,
): Promise<Curation> {
  const bytes = Buffer.from(`${JSON.stringify(curation, null, 1)}\n`)
  if ((await store.putBytes(curateName, bytes, { ifAbsent: true }, signal)) !== 'exists') return curation
  return (await readCuration(store, signal)) ?? curation
}
