import { isDeepStrictEqual } from 'node:util'
import { messageOf } from '../records/index.js'
import { checkedCopy } from './checked-copy.js'
import { copiedPages } from './copied.js'
import { manifestPages } from './dataset.js'
import { manifestName, pageEntryName, pageFileName, pagesPrefix } from './layout.js'
import type { Manifest } from './manifest.js'
import { type PageEntry, readPageEntries } from './page-entry.js'
import { outcomesOf, readPageRows } from './page-file.js'
import type { Report } from './problem.js'
import type { Store } from './store.js'
import type { Flux } from './verify-generations.js'

/** Entry of a file of the page ledger; `outcomes` null = nobody counted them. */
type KnownPages = Omit<PageEntry, 'outcomes'> & { readonly outcomes: PageEntry['outcomes'] | null }

/**
 * Re-reads the page ledger: its numbers are dense, its files are as their entries say, and the manifest names them. While the run goes on (the
 * manifest is not complete), the manifest may fall behind, and a file may lie there before its entry: those are answered. `flux`: what somebody
 * is rewriting is left out.
 */
export async function verifyPages(
  store: Store,
  manifest: Manifest | null,
  isCopy: boolean,
  flux: Flux,
  report: Report,
  signal: AbortSignal,
): Promise<{ readonly rows: number; readonly underWay: readonly string[] }> {
  // Before the entries, which decide.
  const files: string[] = []
  for await (const { name } of store.list(pagesPrefix, signal)) files.push(name)
  let entries: readonly KnownPages[]
  try {
    entries = isCopy && manifest !== null ? copiedPages(manifest) : await readPageEntries(store, signal)
  } catch (error) {
    signal.throwIfAborted()
    report(messageOf(error))
    return { rows: 0, underWay: [] }
  }

  entries.forEach(({ file, run, stored }, i) => {
    if (file !== i) report(`file ${i} of the page ledger is missing below file ${file}`)
    if (run !== entries[0]?.run) report(`is of run ${run}, not ${entries[0]?.run}`, { file: stored.name })
    if (stored.name !== pageFileName(file)) report(`is not the name of file ${file}`, { file: stored.name })
  })
  const complete = manifest?.complete === true && flux.change === null
  const named = manifestPages(entries)
  if (complete && !isDeepStrictEqual(manifest.pages, named)) {
    report('names other files of the page ledger than the entries', { file: manifestName })
  }
  for (const page of complete ? [] : (manifest?.pages ?? [])) {
    if (!flux.has(page.name) && !named.some((one) => isDeepStrictEqual(one, page)))
      report(`names ${page.name}, which is not committed so`, { file: manifestName })
  }
  const committed = new Set(entries.map(({ stored }) => stored.name))
  const unnamed = files.filter((name) => !committed.has(name) && !flux.has(name)).sort()
  const mayBeUnderWay = (name: string) => !complete && /^pages\/\d{5,}\.parquet$/.test(name)
  for (const name of unnamed) {
    if (!mayBeUnderWay(name)) report('is not committed: no entry names it', { file: name })
  }

  for (const entry of entries) {
    const isInFlux = flux.has(entry.stored.name) || flux.has(pageEntryName(entry.file))
    if (!isInFlux) await verifyPageFile(store, entry, report, signal)
  }
  return {
    rows: entries.reduce((sum, { rows }) => sum + rows, 0),
    underWay: unnamed.filter(mayBeUnderWay),
  }
}

async function verifyPageFile(
  store: Store,
  { stored, rows, outcomes }: KnownPages,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const at = { file: stored.name }
  const copy = await checkedCopy(store, stored, report, signal)
  if (copy === null) return
  try {
    const found = []
    const urls = new Set<string>()
    for await (const row of readPageRows(copy.path)) {
      signal.throwIfAborted()
      found.push({ outcome: row.outcome })
      if (!URL.canParse(row.url) || new URL(row.url).host !== row.host) {
        report(`row ${found.length - 1} has no URL of its host`, at)
      }
      if (urls.has(row.url)) report(`has ${row.url} twice`, at)
      urls.add(row.url)
    }
    if (found.length !== rows) report(`has ${found.length} rows, its entry says ${rows}`, at)
    if (outcomes !== null && !isDeepStrictEqual(outcomesOf(found), outcomes))
      report('counts other outcomes than its entry', at)
  } catch (error) {
    signal.throwIfAborted()
    report(`is not readable: ${messageOf(error)}`, at)
  } finally {
    await copy.release()
  }
}
