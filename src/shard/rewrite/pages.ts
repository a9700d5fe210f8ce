import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type PageOutcome, pageOutcomes } from '../../records/index.js'
import { pageEntryName } from '../layout.js'
import { type PageEntry, pageEntryBytes } from '../page-entry.js'
import { outcomesOf } from '../page-file.js'
import type { Built } from '../read-back.js'
import type { Store } from '../store.js'
import { writeSummed } from '../summed-file.js'
import { type Retouch, rewriteParquet } from './parquet.js'
import { withCopy } from './with-copy.js'

/** Builds a file of the page ledger, and its entry, anew in the scratch folder, as `rewriteShard` does a shard. */
export async function rewritePages(
  store: Store,
  entry: PageEntry,
  retouch: Retouch,
  signal: AbortSignal,
): Promise<{ readonly entry: PageEntry; readonly built: readonly Built[] }> {
  const { name } = entry.stored
  const scratch = join(await store.scratch(), `pages-${entry.file}-${randomUUID()}`)
  const left: { outcome: PageOutcome }[] = []
  const counted: Retouch = (row) => {
    const kept = retouch(row)
    if (kept !== null) left.push({ outcome: outcomeOf(kept.outcome) })
    return kept
  }
  const paths = { rows: `${scratch}.parquet`, entry: `${scratch}.json` }
  const sums = await withCopy(store, name, signal, (source) =>
    rewriteParquet(source, paths.rows, counted, signal),
  )
  const next: PageEntry = {
    ...entry,
    rows: left.length,
    stored: { name, ...sums },
    outcomes: outcomesOf(left),
  }
  return {
    entry: next,
    built: [
      { name, path: paths.rows, sums },
      {
        name: pageEntryName(entry.file),
        path: paths.entry,
        sums: await writeSummed(paths.entry, pageEntryBytes(next)),
      },
    ],
  }
}

function outcomeOf(cell: unknown): PageOutcome {
  const outcome = pageOutcomes.find((name) => name === cell)
  if (outcome === undefined) throw new Error(`there is no outcome ${String(cell)} of a page`)
  return outcome
}
