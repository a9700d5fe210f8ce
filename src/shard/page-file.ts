import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, type PageOutcome, type PageRow, type Permission, pageOutcomes } from '../records/index.js'
import { reopenManifest } from './dataset.js'
import type { Field } from './field.js'
import { pageEntryName, pageFileName } from './layout.js'
import { type PageEntry, pageEntryBytes, readPageEntries, readPageEntry } from './page-entry.js'
import { ParquetFile } from './parquet.js'
import { type ParquetRow, readParquet } from './parquet-reader.js'
import { UnreadableDataset } from './problem.js'
import { putBuilt } from './read-back.js'
import type { Store } from './store.js'

/** A row as readers of the dataset meet it. */
type PageRecord = ReturnType<typeof recordOf>

/** The columns of the page ledger, in order. */
export const pageFields: readonly Field<keyof PageRecord>[] = [
  ['url', 'string'],
  ['host', 'string'],
  ['outcome', 'string'],
  ['reason', 'string'],
  ['detail', 'string'],
  ['http_status', 'int'],
  ['depth', 'int'],
  ['tries', 'int'],
  ['redirect_to', 'string'],
  ['candidates', 'int'],
  ['rule', 'string'],
  ['value', 'string'],
  ['source', 'string'],
  ['checked_at', 'string'],
  ['images_rule', 'string'],
  ['images_value', 'string'],
  ['images_source', 'string'],
  ['images_checked_at', 'string'],
  ['decided_at', 'string'],
]

/** A file of the page ledger, as the backend settled it. */
export interface PageFile {
  readonly run: string
  readonly file: number
  /** When the last of its rows had come. */
  readonly createdAt: string
  readonly rows: readonly PageRow[]
}

/**
 * Writes a file of the page ledger: built in the scratch folder, stored, known to be stored whole, and only then committed by its entry, which is created once.
 * The bytes depend on the file alone, so that writing it again changes nothing. One that has its entry is left alone.
 */
export async function writePageFile(store: Store, page: PageFile, signal: AbortSignal): Promise<PageEntry> {
  const standing = await readPageEntry(store, page.file, signal)
  if (standing !== null) return ofRun(store, standing, page.run)
  const name = pageFileName(page.file)
  const path = join(await store.scratch(), `pages-${page.file}-${randomUUID()}`)
  try {
    const parquet = await ParquetFile.create(path, { name: 'pages', version: 1, fields: pageFields })
    try {
      for (const row of page.rows) await parquet.append(recordOf(row))
      const sums = await parquet.finish()
      await putBuilt(store, { name, path, sums }, signal)
      const entry: PageEntry = {
        v: 1,
        run: page.run,
        file: page.file,
        rows: page.rows.length,
        createdAt: page.createdAt,
        stored: { name, ...sums },
        outcomes: outcomesOf(page.rows),
      }
      await reopenManifest(store, signal)
      const outcome = await store.putBytes(
        pageEntryName(page.file),
        pageEntryBytes(entry),
        { ifAbsent: true },
        signal,
      )
      if (outcome === 'stored') return entry
      const other = await readPageEntry(store, page.file, signal)
      if (other?.stored.sha256 !== sums.sha256) {
        throw new Error(`${store.url}: ${name} was committed with other content`)
      }
      return entry
    } finally {
      await parquet.abandon()
    }
  } finally {
    await rm(path, { force: true })
  }
}

function ofRun(store: Store, entry: PageEntry, run: string): PageEntry {
  if (entry.run !== run) throw new Error(`${store.url}: ${entry.stored.name} is of run ${entry.run}`)
  return entry
}

/** Every row of the page ledger, file by file. */
export async function* readPages(store: Store, signal: AbortSignal): AsyncGenerator<PageRow> {
  for (const entry of await readPageEntries(store, signal)) {
    const copy = await store.localCopy(entry.stored.name, signal)
    const place = `${store.url}: ${entry.stored.name}`
    if (copy === null) throw new UnreadableDataset(`${place} is missing`)
    try {
      for await (const row of readPageRows(copy.path)) {
        signal.throwIfAborted()
        yield row
      }
    } catch (error) {
      signal.throwIfAborted()
      throw new UnreadableDataset(`${place} cannot be read: ${messageOf(error)}`, error)
    } finally {
      await copy.release()
    }
  }
}

/** The rows of a local file of the page ledger. Throws where it is none. */
export async function* readPageRows(path: string): AsyncGenerator<PageRow> {
  const names = pageFields.map(([name]) => name)
  for await (const record of readParquet(path, names)) yield rowOf(record)
}

/** Rows by what became of the URL, in the order of `pageOutcomes`. */
export function outcomesOf(rows: Iterable<Pick<PageRow, 'outcome'>>): PageEntry['outcomes'] {
  const counts = new Map<PageOutcome, number>()
  for (const { outcome } of rows) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  return Object.fromEntries(
    pageOutcomes.flatMap((outcome) => (counts.has(outcome) ? [[outcome, counts.get(outcome)]] : [])),
  )
}

function recordOf(row: PageRow) {
  return {
    url: row.url,
    host: row.host,
    outcome: row.outcome,
    reason: row.reason,
    detail: row.detail,
    http_status: row.httpStatus,
    depth: row.depth,
    tries: row.tries,
    redirect_to: row.redirectTo,
    candidates: row.candidates,
    rule: row.permission?.rule ?? null,
    value: row.permission?.value ?? null,
    source: row.permission?.source ?? null,
    checked_at: row.permission?.checkedAt ?? null,
    images_rule: row.imagesRefusal?.rule ?? null,
    images_value: row.imagesRefusal?.value ?? null,
    images_source: row.imagesRefusal?.source ?? null,
    images_checked_at: row.imagesRefusal?.checkedAt ?? null,
    decided_at: row.decidedAt,
  }
}

function rowOf(record: ParquetRow): PageRow {
  const text = (name: keyof PageRecord) => {
    const value = record[name]
    return typeof value === 'string' ? value : null
  }
  const number = (name: keyof PageRecord) => {
    const value = record[name]
    return typeof value === 'number' ? value : null
  }
  const permission = (of: '' | 'images_'): Permission | null => {
    const rule = text(`${of}rule`)
    if (rule === null) return null
    const checkedAt = text(`${of}checked_at`) ?? ''
    return { rule, value: text(`${of}value`), source: text(`${of}source`) ?? '', checkedAt }
  }
  const outcome = pageOutcomes.find((name) => name === record.outcome)
  if (outcome === undefined) throw new Error(`there is no outcome ${String(record.outcome)} of a page`)
  return {
    url: text('url') ?? '',
    host: text('host') ?? '',
    outcome,
    reason: text('reason'),
    detail: text('detail'),
    httpStatus: number('http_status'),
    depth: number('depth') ?? 0,
    tries: number('tries') ?? 0,
    redirectTo: text('redirect_to'),
    candidates: number('candidates'),
    permission: permission(''),
    imagesRefusal: permission('images_'),
    decidedAt: text('decided_at') ?? '',
  }
}
