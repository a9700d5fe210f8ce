import {
  type DatasetInfo,
  type DescribedEntry,
  descriptionFiles,
  joinedSummary,
  lastOf,
  manifestPages,
  readManifest,
  summarise,
} from './dataset.js'
import { byPlace, readNewEntries } from './entry.js'
import { changeText, type Generation, openChange, readGenerations, writeGeneration } from './generation.js'
import { pageFileName } from './layout.js'
import type { DatasetSummary, Manifest } from './manifest.js'
import { readPageEntries } from './page-entry.js'
import type { Store } from './store.js'

/** Reads and describes a dataset once. */
export async function compileDataset(
  store: Store,
  info: DatasetInfo,
  signal: AbortSignal,
): Promise<DatasetSummary> {
  const description = new Description(store)
  await description.extend(signal)
  return await description.write(info, signal)
}

/**
 * A dataset as the process knows it that describes it. What was read is remembered, so that the next description costs what is new. One
 * process at a time describes a dataset; two do no harm, for a generation is created once, and who finds its number taken reads all anew.
 */
export class Description {
  readonly #store: Store
  /** null = nothing was read yet. */
  #known: Known | null = null

  constructor(store: Store) {
    this.#store = store
  }

  /** Committed shards that are known. */
  get shards(): number {
    return this.#known?.summary.shards ?? 0
  }

  /** Whether there are entries that the last description does not name. */
  get isBehind(): boolean {
    return this.#known !== null && this.#known.entries.length !== this.#known.named
  }

  /** Reads the entries that came since. */
  async extend(signal: AbortSignal): Promise<void> {
    await this.#read(signal)
  }

  async #read(signal: AbortSignal): Promise<Known> {
    // What announces shards is read before them: no shard is announced that is not committed.
    const known = this.#known ?? (await beginning(this.#store, signal))
    const { names, entries } = await readNewEntries(this.#store, known.names, signal)
    for (const name of names) known.names.add(name)
    for (const { reasons: _, languages: __, scores: ___, ...entry } of entries) known.entries.push(entry)
    if (entries.length > 0) {
      known.entries.sort(byPlace)
      known.summary = joinedSummary(known.summary, summarise(entries))
    }
    this.#known = known
    return known
  }

  /** Announces the shards that are new, for who changes a dataset that may be behind; answers the number of the last generation, 0 = there is none. */
  async announce(command: string, signal: AbortSignal): Promise<number> {
    return (await this.#announced(command, signal)).generation
  }

  /** Announces the shards that are new, and writes what describes all that are known: each file by rename, the manifest last. */
  async write(info: DatasetInfo, signal: AbortSignal): Promise<DatasetSummary> {
    const known = await this.#announced(info.command ?? 'run', signal)
    const { entries, summary, generation } = known
    const pages = await this.#listPages(known, info.complete, signal)
    for (const [name, text] of descriptionFiles({ entries, summary, pages, generation }, info))
      await this.#store.putBytes(name, Buffer.from(text), { ifAbsent: false }, signal)
    known.named = entries.length
    return summary
  }

  /** A generation for each row of shards that none announces yet. A kill leaves them open: they are taken up where they are met. */
  async #announced(command: string, signal: AbortSignal): Promise<Known> {
    for (;;) {
      const known = this.#known ?? (await this.#read(signal))
      const row = firstRow(known)
      if (row === null) return known
      const generation: Generation = {
        ...{ v: 1, generation: known.generation + 1, at: row.at, command },
        ...{ reason: null, added: row.added, rewritten: [], files: [] },
      }
      if (await writeGeneration(this.#store, generation, signal)) {
        known.generation = generation.generation
        addRow(known.announced, row.added)
      } else this.#known = null
    }
  }

  /** Files of the page ledger. There may be a hundred thousand, and none ever changes; but at the end of a run the word of a manifest is not taken for them. */
  async #listPages(known: Known, complete: boolean, signal: AbortSignal): Promise<Manifest['pages']> {
    if (complete && known.pagesAreTold) {
      known.pages = []
      known.pagesAreTold = false
    }
    const fresh = manifestPages(await readPageEntries(this.#store, signal, known.pages.length))
    const all = [...known.pages, ...fresh]
    known.pages = withoutGap(all)
    return all
  }
}

interface Known {
  /** Of the entries that were read. */
  readonly names: Set<string>
  readonly entries: DescribedEntry[]
  summary: DatasetSummary
  /** Entries that the stored manifest names. */
  named: number
  /** The last generation, and the shards that are announced by it and those before. */
  generation: number
  readonly announced: Set<number>
  /** Files of the page ledger from the first on, without a gap. */
  pages: Manifest['pages']
  /** Whether the pages were taken from a manifest, and not read from their entries. */
  pagesAreTold: boolean
}

/** The state in which the last description left a dataset. Throws where a change is under way that somebody else has to end. */
async function beginning(store: Store, signal: AbortSignal): Promise<Known> {
  const manifest = await readManifest(store, signal)
  const closed = manifest?.generation ?? 0
  const open = await readGenerations(store, closed + 1, signal)
  const change = openChange(closed, open)
  if (change !== null) throw new Error(`${store.url}: ${changeText(change)}`)
  // A manifest of an earlier version names shards that no generation announces.
  const named = closed === 0 ? [] : (manifest?.shards ?? [])
  const announced = new Set(named.flatMap(({ shard }) => shard ?? []))
  for (const { added } of open) if (added !== null) addRow(announced, added)
  return {
    ...{ names: new Set(), entries: [], summary: summarise([]), announced },
    named: manifest?.shards.length ?? 0,
    generation: open.at(-1)?.generation ?? closed,
    ...{ pages: withoutGap(manifest?.pages ?? []), pagesAreTold: true },
  }
}

type Row = NonNullable<Generation['added']>

function addRow(shards: Set<number>, { from, to }: Row): void {
  for (let shard = from; shard <= to; shard++) shards.add(shard)
}

/** The first shards that follow on one another and that no generation announces, and when the last of them was planned; null = there are none. Pure. */
function firstRow({ entries, announced }: Known): { readonly added: Row; readonly at: string } | null {
  const from = entries.findIndex(({ shard }) => shard !== null && !announced.has(shard))
  const first = entries[from]?.shard ?? null
  if (first === null) return null
  let to = from
  while (entries[to + 1]?.shard === first + (to + 1 - from) && !announced.has(first + (to + 1 - from))) to++
  return { added: { from: first, to: first + (to - from) }, at: lastOf(entries.slice(from, to + 1)) }
}

/** A file of the ledger may come before one of a lower number. Pure. */
function withoutGap(pages: Manifest['pages']): Manifest['pages'] {
  const gap = pages.findIndex(({ name }, file) => name !== pageFileName(file))
  return gap < 0 ? pages : pages.slice(0, gap)
}
