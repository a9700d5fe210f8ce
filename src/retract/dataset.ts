import { createHash } from 'node:crypto'
import {
  type DatasetInfo,
  type Manifest,
  type PageEntry,
  readEntries,
  readManifest,
  readPageEntries,
  type ShardEntry,
  type Store,
} from '../shard/index.js'
import type { Rules } from './rules.js'

/** A committed dataset, as its own files say it. */
export interface Dataset {
  readonly manifest: Manifest
  readonly entries: readonly ShardEntry[]
  readonly pages: readonly PageEntry[]
}

/** null = it has no manifest that can be read: it was not described yet. */
export async function readDataset(store: Store, signal: AbortSignal): Promise<Dataset | null> {
  const manifest = await readManifest(store, signal)
  if (manifest === null) return null
  return {
    manifest,
    entries: await readEntries(store, signal),
    pages: await readPageEntries(store, signal),
  }
}

/** What a dataset says of itself beyond its entries, without seeds that are taken back. The same one again where none was. Pure. */
export function infoWithout({ manifest }: Dataset, rules: Rules): DatasetInfo {
  const { run, complete, threshold, uids } = manifest
  const common = { run, complete, threshold, uids: uids ?? 'content' }
  const { seeds } = manifest.options
  const left = Array.isArray(seeds) ? seeds.filter((seed) => !isNamed(seed, rules)) : []
  if (!Array.isArray(seeds) || left.length === seeds.length) {
    return { ...common, options: manifest.options, optionsDigest: manifest.optionsDigest }
  }
  const options = { ...manifest.options, seeds: left }
  return {
    ...common,
    options,
    optionsDigest: createHash('sha256').update(JSON.stringify(options)).digest('hex'),
  }
}

function isNamed(seed: unknown, rules: Rules): boolean {
  return typeof seed === 'string' && rules.takesUrl(seed)
}
