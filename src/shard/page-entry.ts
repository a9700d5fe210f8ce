import { z } from 'zod'
import { pageOutcomes } from '../records/index.js'
import { fileSchema, readAll, readJson } from './entry.js'
import { pageEntriesPrefix, pageEntryName } from './layout.js'
import type { Store } from './store.js'

const pageEntrySchema = z.object({
  v: z.literal(1),
  run: z.string(),
  /** Files of the page ledger are numbered densely. */
  file: z.int().nonnegative(),
  rows: z.int().positive(),
  /** When the last of its rows had come. */
  createdAt: z.iso.datetime(),
  stored: fileSchema,
  /** Rows by what became of the URL. */
  outcomes: z.partialRecord(z.enum(pageOutcomes), z.int().positive()),
})

/** What commits a file of the page ledger: as long as it is not there, the file is not part of the dataset. */
export type PageEntry = Readonly<z.infer<typeof pageEntrySchema>>

export function pageEntryBytes(entry: PageEntry): Buffer {
  return Buffer.from(`${JSON.stringify(entry, null, 1)}\n`)
}

/** null = not committed. */
export async function readPageEntry(
  store: Store,
  file: number,
  signal: AbortSignal,
): Promise<PageEntry | null> {
  return await readJson(store, pageEntryName(file), pageEntrySchema, signal)
}

/** Of every committed file, by number. */
export async function readPageEntries(store: Store, signal: AbortSignal): Promise<PageEntry[]> {
  const entries = await readAll(store, pageEntriesPrefix, pageEntrySchema, signal)
  return entries.sort((a, b) => a.file - b.file)
}

/** The highest number of a committed file; -1 = there is none. */
export async function lastPageFile(store: Store, signal: AbortSignal): Promise<number> {
  let last = -1
  for await (const { name } of store.list(pageEntriesPrefix, signal)) {
    const number = /(\d+)\.json$/.exec(name)?.[1]
    if (number !== undefined) last = Math.max(last, Number(number))
  }
  return last
}
