import {
  type Committed,
  type LocalCopy,
  parquetName,
  readCommitted,
  type Store,
  stemOf,
  UnreadableDataset,
} from '../shard/index.js'
import type { TableFile } from './views.js'

/** Parquet files of datasets, on this machine until `release`. */
export interface LocalFiles {
  /** Of each dataset. */
  readonly committed: readonly Committed[]
  readonly samples: readonly TableFile[]
  readonly pages: readonly TableFile[]
  release(): Promise<void>
}

/** Files that can be read already, of all that are wanted. */
export interface TablesProgress {
  readonly done: number
  readonly total: number
}

/** A store that is far away answers each after its own time. */
const copiesAtOnce = 8

/** Has the files that each dataset names as committed, and no other: of a folder as they lie there, of S3 as copies. */
export async function localFiles(
  sources: readonly Store[],
  onProgress: (progress: TablesProgress) => void,
  signal: AbortSignal,
): Promise<LocalFiles> {
  const committed: Committed[] = []
  const wanted: (Wanted & { readonly table: 'samples' | 'pages' })[] = []
  for (const [source, store] of sources.entries()) {
    const found = await readCommitted(store, signal)
    committed.push(found)
    for (const file of samplesOf(found)) wanted.push({ ...file, store, source, table: 'samples' })
    for (const { name, file } of found.pages) {
      wanted.push({ name, number: file, store, source, table: 'pages' })
    }
  }
  const copies: LocalCopy[] = []
  const release = async () => {
    for (const copy of copies) await copy.release()
  }
  try {
    const files: (TableFile | undefined)[] = []
    let next = 0
    const lane = async () => {
      for (let at = next++; at < wanted.length; at = next++) {
        const file = wanted[at]
        if (file === undefined) return
        const copy = await file.store.localCopy(file.name, signal)
        if (copy === null) throw new UnreadableDataset(`${file.store.url}: ${file.name} is missing`)
        copies.push(copy)
        onProgress({ done: copies.length, total: wanted.length })
        files[at] = { path: copy.path, source: file.source, number: file.number }
      }
    }
    const stop = (error: unknown) => {
      next = wanted.length
      throw error
    }
    const lanes = Array.from({ length: copiesAtOnce }, () => lane().catch(stop))
    const failed = (await Promise.allSettled(lanes)).find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const of = (table: 'samples' | 'pages') =>
      files.filter((file, at) => file && wanted[at]?.table === table) as TableFile[]
    return { committed, samples: of('samples'), pages: of('pages'), release }
  } catch (error) {
    await release()
    throw error
  }
}

interface Wanted {
  readonly name: string
  readonly number: number | null
  readonly store: Store
  readonly source: number
}

function samplesOf({ entries }: Committed): Pick<Wanted, 'name' | 'number'>[] {
  return entries.flatMap((entry) => {
    const name = parquetName(stemOf(entry))
    return entry.files.some((file) => file.name === name) ? [{ name, number: entry.shard }] : []
  })
}
