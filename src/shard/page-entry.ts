import { z } from 'zod'
import { pageOutcomes } from '../records/index.js'
import { fileSchema, readEach, readJson } from './entry.js'
import { pageEntriesPrefix, pageEntryName } from './layout.js'
import type { Store } from './store.js'

const pageEntrySchema = z.object({
  v: z.literal(1),
  run: z.string(),
  /** Files of the page ledger are numbered densely. */
  file: z.int().nonnegative(),
  /** 0 = all of them were taken back: its number stays. */
  rows: z.int().nonnegative(),
  /** When the last of its rows had come. */
  createdAt: z.iso.datetime(),
  stored: fileSchema,
  /** Rows by what became of the URL. */
  outcomes: z.partialRecord(z.enum(pageOutcomes), z.int().positive()),
})

/** Entry that commits a file of the page ledger: as long as it is not there, the file is not part of the dataset. */
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

/** Of every committed file whose number is not below `from`, by number. */
export async function readPageEntries(store: Store, signal: AbortSignal, from = 0): Promise<PageEntry[]> {
  const numbers: number[] = []
  for await (const number of pageFiles(store, signal)) if (number >= from) numbers.push(number)
  const names = numbers.sort((a, b) => a - b).map(pageEntryName)
  return await readEach(store, names, pageEntrySchema, signal)
}

/** The highest number of a committed file; -1 = there is none. */
export async function lastPageFile(store: Store, signal: AbortSignal): Promise<number> {
  let last = -1
  for await (const number of pageFiles(store, signal)) last = Math.max(last, number)
  return last
}

/** Numbers of the committed files, in no order. */
async function* pageFiles(store: Store, signal: AbortSignal): AsyncGenerator<number> {
  for await (const { name } of store.list(pageEntriesPrefix, signal)) {
    const number = /\/(\d+)\.json$/.exec(name)?.[1]
    if (number !== undefined) yield Number(number)
  }
}
