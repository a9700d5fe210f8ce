import { copiedEntries, copiedPages } from './copied.js'
import { readEntries, readJson, type ShardEntry } from './entry.js'
import { manifestName } from './layout.js'
import { manifestSchema } from './manifest.js'
import { readPageEntries } from './page-entry.js'
import type { Store } from './store.js'

/** Contents of a dataset as it is committed at this moment. */
export interface Committed {
  /** Shards by number, then ledgers by plan. */
  readonly entries: readonly ShardEntry[]
  /** Files of the page ledger, by number. */
  readonly pages: readonly PageFileName[]
}

/** A file of the page ledger: its number, its name in the store, its bytes. */
interface PageFileName {
  readonly file: number
  readonly name: string
  readonly size: number
}

/** By the entries; of a copy without `.pairmill/`, by its manifest. Nothing where nothing is committed. */
export async function readCommitted(store: Store, signal: AbortSignal): Promise<Committed> {
  const entries = await readEntries(store, signal)
  const pages = (await readPageEntries(store, signal)).map(fileOf)
  if (entries.length > 0 || pages.length > 0) return { entries, pages }
  const manifest = await readJson(store, manifestName, manifestSchema, signal)
  if (manifest === null) return { entries, pages }
  return {
    entries: await copiedEntries(store, manifest, null, signal),
    pages: copiedPages(manifest).map(fileOf),
  }
}

function fileOf({
  file,
  stored,
}: {
  readonly file: number
  readonly stored: Omit<PageFileName, 'file'>
}): PageFileName {
  return { file, name: stored.name, size: stored.size }
}
