import {
  entryName,
  type Generation,
  keyOf,
  type PageEntry,
  pageEntryName,
  type ShardChange,
  type ShardEntry,
  type Store,
  stemOf,
  surveyPages,
  surveyShard,
} from '../shard/index.js'
import type { Dataset } from './dataset.js'
import type { Rules } from './rules.js'

/** Parts of a dataset that are to be built anew. */
export interface Findings {
  readonly shards: readonly { readonly entry: ShardEntry; readonly change: ShardChange }[]
  readonly pages: readonly PageEntry[]
}

/** Rows that go, or lose a field. */
export interface Counts {
  readonly samples: number
  readonly rejected: number
  readonly pictures: number
  readonly pages: number
  /** Rows of others that lose a field which named one that goes. */
  readonly mended: number
}

/** How far a search is, in shards and files of the page ledger. */
type OnStep = (done: number, total: number) => void

/** Searches every row of a dataset for what the rules take. */
export async function findIn(
  store: Store,
  { entries, pages }: Dataset,
  rules: Rules,
  onStep: OnStep,
  signal: AbortSignal,
): Promise<{ readonly findings: Findings; readonly counts: Counts }> {
  const found: { shards: Findings['shards'][number][]; pages: PageEntry[] } = { shards: [], pages: [] }
  const counts = { samples: 0, rejected: 0, pictures: 0, pages: 0, mended: 0 }
  const total = entries.length + pages.length
  let done = 0
  for await (const [entry, surveyed] of ahead(entries, (one) =>
    surveyShard(store, one, rules.rows, signal),
  )) {
    const { samples, rejected, pictures, change } = surveyed
    counts.samples += samples.gone
    counts.rejected += rejected.gone
    counts.mended += samples.changed + rejected.changed
    counts.pictures += pictures
    if (change !== null) found.shards.push({ entry, change })
    onStep(++done, total)
  }
  for await (const [entry, touched] of ahead(pages, (one) => surveyPages(store, one, rules.pages, signal))) {
    counts.pages += touched.gone
    counts.mended += touched.changed
    if (touched.gone + touched.changed > 0) found.pages.push(entry)
    onStep(++done, total)
  }
  return { findings: found, counts }
}

/** Files that are looked into at once: most of that is waiting for them. */
const atOnce = 4

/** What `look` says of each, in their order. */
async function* ahead<Entry, Looked>(
  entries: readonly Entry[],
  look: (entry: Entry) => Promise<Looked>,
): AsyncGenerator<readonly [Entry, Looked]> {
  for (let from = 0; from < entries.length; from += atOnce) {
    const looked = entries
      .slice(from, from + atOnce)
      .map(async (entry) => [entry, await look(entry)] as const)
    // None may still read when this one gives up.
    await Promise.allSettled(looked)
    for (const one of looked) yield await one
  }
}

/** What an open generation began: the same parts, whichever of their files are as they will be. Pure. */
export function begunBy(
  { files, rewritten }: Generation,
  { entries, pages }: Dataset,
  rules: Rules,
): Findings {
  const names = new Set(files.map(({ name }) => name))
  return {
    shards: entries
      .filter((entry) => names.has(entryName(stemOf(entry))))
      .map((entry) => {
        const taken = rewritten.find(({ shard }) => shard === entry.shard)?.taken ?? []
        const gone = new Set(taken.map((slot) => keyOf(entry.shard ?? 0, slot, entry.shardSize)))
        return { entry, change: { gone, retouch: rules.rows.retouch, names } }
      }),
    pages: pages.filter(({ file }) => names.has(pageEntryName(file))),
  }
}
