import { openTables } from '../query/index.js'
import { messageOf } from '../records/index.js'
import { readReport, reportDocument } from '../report/index.js'
import { usableCores } from '../run/index.js'
import { reportName, type Store } from '../shard/index.js'
import { formatCount } from './figures.js'
import { meanings } from './report.js'
import { amount } from './summary.js'

/** `written`: with so many bytes. */
export type ReportAnew =
  | { readonly kind: 'written'; readonly bytes: number }
  | { readonly kind: 'not-written'; readonly why: string }

interface ReportAnewCall {
  /** As it was given: commands on the page name it so. */
  readonly place: string
  readonly store: Store
  /** What goes on, for people who wait. */
  onStep(step: string): void
}

/** Writes the page of `pairmill report` into a dataset that has one. Whatever hinders it undoes nothing of what was done before, and is told. */
export async function writeReportAnew(call: ReportAnewCall, signal: AbortSignal): Promise<ReportAnew> {
  try {
    return await write(call, signal)
  } catch (error) {
    signal.throwIfAborted()
    return { kind: 'not-written', why: messageOf(error) }
  }
}

async function write({ place, store, onStep }: ReportAnewCall, signal: AbortSignal): Promise<ReportAnew> {
  const tables = await openTables(
    [store],
    {
      scratch: await store.scratch(),
      threads: usableCores(),
      onProgress: ({ done, total }) => onStep(`${formatCount(done)} of ${amount(total, 'file')} at hand`),
    },
    signal,
  )
  if ('kind' in tables) return { kind: 'not-written', why: tables.message }
  try {
    const data = await readReport({ place, store, tables, meanings, onStep }, signal)
    if ('kind' in data) return { kind: 'not-written', why: data.message }
    const html = Buffer.from(await reportDocument(data))
    await store.putBytes(reportName, html, { ifAbsent: false }, signal)
    return { kind: 'written', bytes: html.byteLength }
  } finally {
    await tables.close()
  }
}
