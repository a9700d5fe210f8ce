import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Built,
  type DatasetInfo,
  type Described,
  descriptionFiles,
  type Generation,
  manifestName,
  manifestPages,
  putBuilt,
  rewritePages,
  rewriteShard,
  type Store,
  sumFile,
  summarise,
} from '../shard/index.js'
import { type Dataset, infoWithout } from './dataset.js'
import type { Findings } from './findings.js'
import type { Rules } from './rules.js'

/** Files of a dataset as they will be, built and not stored. */
export interface Change {
  /** Those that differ from what lies there, in the order in which they are stored: what an entry names before it. */
  readonly files: readonly Built[]
  /** The manifest, which closes the change. */
  readonly manifest: Built
  readonly rewritten: Generation['rewritten']
  /** Removes what was built and not stored. */
  discard(): Promise<void>
}

interface ChangeWish {
  readonly rules: Rules
  /** Number of the change. */
  readonly generation: number
  onStep(done: number, total: number): void
}

/**
 * Builds what the findings make of a dataset, in the scratch folder. Called again where some of it, or all but the manifest, is stored, it
 * gives the same bytes.
 */
export async function buildChange(
  store: Store,
  dataset: Dataset,
  findings: Findings,
  { rules, generation, onStep }: ChangeWish,
  signal: AbortSignal,
): Promise<Change> {
  const built: Built[] = []
  const discard = async () => {
    for (const { path } of built) await rm(path, { force: true })
  }
  try {
    let done = 0
    const total = findings.shards.length + findings.pages.length
    const rewritten: { shard: number; taken: readonly number[] }[] = []
    const entries = new Map(dataset.entries.map((entry) => [entry, entry]))
    for (const { entry, change } of findings.shards) {
      const next = await rewriteShard(store, entry, change, signal)
      built.push(...next.built)
      entries.set(entry, next.entry)
      const taken = next.entry.taken.filter((slot) => !entry.taken.includes(slot))
      if (entry.shard !== null && taken.length > 0) rewritten.push({ shard: entry.shard, taken })
      onStep(++done, total)
    }
    const pages = new Map(dataset.pages.map((entry) => [entry, entry]))
    for (const entry of findings.pages) {
      const next = await rewritePages(store, entry, rules.pages.retouch, signal)
      built.push(...next.built)
      pages.set(entry, next.entry)
      onStep(++done, total)
    }
    const left = [...entries.values()]
    const described = {
      ...{ entries: left, summary: summarise(left), generation },
      pages: manifestPages([...pages.values()]),
    }
    for (const [name, text] of await describe(store, described, infoWithout(dataset, rules), signal)) {
      const path = join(await store.scratch(), `described-${randomUUID()}`)
      await writeFile(path, text)
      built.push({ name, path, sums: await sumFile(path, ['sha256', 'md5'], signal) })
    }
    const manifest = built.find(({ name }) => name === manifestName)
    if (manifest === undefined) throw new Error('a dataset has no manifest')
    return { files: built.filter((file) => file !== manifest), manifest, rewritten, discard }
  } catch (error) {
    await discard()
    throw error
  }
}

/** Names and texts of the files that describe a dataset. What its manifest says beyond what this version knows stays in it. */
async function describe(
  store: Store,
  described: Described,
  info: DatasetInfo,
  signal: AbortSignal,
): Promise<readonly (readonly [name: string, text: string])[]> {
  const had = JSON.parse(Buffer.from((await store.read(manifestName, signal)) ?? []).toString('utf8'))
  return descriptionFiles(described, info).map(([name, text]) => {
    if (name !== manifestName) return [name, text]
    const known: object = JSON.parse(text)
    const more = Object.entries(had).filter(([key]) => !(key in known))
    return [
      name,
      more.length === 0 ? text : `${JSON.stringify({ ...known, ...Object.fromEntries(more) }, null, 2)}\n`,
    ]
  })
}

/** Files of the change as its record names them: those that differ from what lies there. Of what an entry names, its word is taken. */
export async function changedFiles(
  store: Store,
  { entries, pages }: Dataset,
  { files }: Change,
  signal: AbortSignal,
): Promise<Generation['files']> {
  const named = new Map(
    [...entries.flatMap((entry) => entry.files), ...pages.map(({ stored }) => stored)].map((file) => [
      file.name,
      file,
    ]),
  )
  const changed: Generation['files'][number][] = []
  for (const { name, sums } of files) {
    const before = named.get(name) ?? (await store.sums(name, ['sha256'], signal))
    if (before?.sha256 === sums.sha256) continue
    const after = { size: sums.size, sha256: sums.sha256 }
    changed.push({
      name,
      before: before === null ? null : { size: before.size, sha256: before.sha256 },
      after,
    })
  }
  return changed
}

/** Stores the files that the record names; each must be what it says. */
export async function storeChange(
  store: Store,
  { files }: Change,
  record: Generation,
  onStep: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const built = new Map(files.map((file) => [file.name, file]))
  const total = record.files.length
  for (const { name, after } of record.files) {
    if (after?.sha256 !== built.get(name)?.sums.sha256) {
      throw new Error(
        `${store.url}: ${name} cannot be made what generation ${record.generation} says: something else of the dataset was changed since`,
      )
    }
  }
  for (const [done, { name }] of record.files.entries()) {
    signal.throwIfAborted()
    const file = built.get(name)
    if (file !== undefined) await putBuilt(store, file, signal)
    onStep(done + 1, total)
  }
}
