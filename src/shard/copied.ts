import { z } from 'zod'
import { type ShardEntry, type ShardFile, stemOf } from './entry.js'
import { statsName } from './layout.js'
import type { Manifest, Wids } from './manifest.js'
import type { PageEntry } from './page-entry.js'
import type { Store } from './store.js'

/** Samples in a shard of a run that says nothing else; manifests of version 1 do not name the size. */
const defaultShardSize = 10_000

const statsSchema = z.object({ status_dict: z.record(z.string(), z.int()) })

/**
 * Entries of a dataset that was copied without `.pairmill/`, as `cp *` does: what its manifest, its index and its stats say of each shard. The
 * manifest has the sum of every file, so that nothing is believed that it does not name.
 */
export async function copiedEntries(
  store: Store,
  manifest: Manifest,
  wids: Wids | null,
  signal: AbortSignal,
): Promise<ShardEntry[]> {
  const md5s = new Map(wids?.shardlist.map(({ url, md5sum }) => [url, md5sum]))
  const { shardSize } = manifest.options
  const common = {
    v: manifest.v,
    run: manifest.run,
    shardSize: manifest.shardSize ?? (typeof shardSize === 'number' ? shardSize : defaultShardSize),
    format: manifest.format ?? 'jpg',
    modelId: manifest.modelId,
    ...{ createdAt: '', languages: {}, scores: { width: 0.01, first: 0, kept: [], rejected: [] } },
  }
  const entries: ShardEntry[] = []
  for (const { shard, samples, taken, rows, files } of manifest.shards) {
    const place = { shard, plan: shard === null ? ledgerPlan(files) : 0 }
    const reasons = await reasonsOf(store, statsName(stemOf(place)), signal)
    const summed = files.map((file): ShardFile => ({ ...file, md5: md5s.get(file.name) ?? '' }))
    entries.push({ ...common, ...place, samples, taken, rows, files: summed, reasons })
  }
  return entries
}

/** Entries of its page ledger; what became of the pages is not told. */
export function copiedPages({ run, pages }: Manifest): (Omit<PageEntry, 'outcomes'> & { outcomes: null })[] {
  return pages.map(({ rows, ...stored }, file) => ({
    ...{ v: 1 as const, run, file, rows, createdAt: '' },
    stored: { ...stored, md5: '' },
    outcomes: null,
  }))
}

/** Plan whose ledger this is, by the name of its parquet. */
function ledgerPlan(files: readonly { readonly name: string }[]): number {
  const numbers = files.flatMap(({ name }) => /^ledger_(\d+)\.parquet$/.exec(name)?.[1] ?? [])
  return Number(numbers[0] ?? 0)
}

/** Nothing where they cannot be read, which is reported where they are checked. */
async function reasonsOf(store: Store, name: string, signal: AbortSignal): Promise<Record<string, number>> {
  const bytes = await store.read(name, signal)
  if (bytes === null) return {}
  try {
    const { success: _, ...reasons } = statsSchema.parse(
      JSON.parse(Buffer.from(bytes).toString('utf8')),
    ).status_dict
    return Object.fromEntries(Object.entries(reasons).sort(([a], [b]) => (a < b ? -1 : 1)))
  } catch {
    return {}
  }
}
