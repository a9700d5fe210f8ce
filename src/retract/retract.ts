import type { TakenBack } from '../backend/index.js'
import type { RejectEntries } from '../records/index.js'
import {
  changeText,
  clearScratch,
  Description,
  encodeRetracted,
  type Generation,
  mergeRetracted,
  openChange,
  putBuilt,
  readGenerations,
  readRetracted,
  retractedName,
  type Store,
  strayAgeMs,
  writeGeneration,
} from '../shard/index.js'
import { buildChange, type Change, changedFiles, storeChange } from './change.js'
import { type Dataset, infoWithout, readDataset } from './dataset.js'
import { begunBy, type Counts, type Findings, findIn } from './findings.js'
import type { Held, Refused } from './hold.js'
import { type Named, tombstonesOf } from './named.js'
import { type Rules, rulesOf } from './rules.js'
import { tidyState } from './state.js'

export interface RetractWish {
  readonly named: readonly Named[]
  /** Kept in the record of the change. */
  readonly reason: string
  readonly isDryRun: boolean
  /** ISO 8601. */
  readonly at: string
}

/** Steps of the work, each with how much of it is done. */
export type RetractStep = 'search' | 'build' | 'store' | 'state'

/** Page of `pairmill report` in a dataset of which something goes. `aside`: in its place stands one that shows nothing. `foreign`: a file of that name is none, and stays. */
export type ReportPage = 'none' | 'foreign' | 'aside'

export interface RetractHooks {
  onStep(step: RetractStep, done: number, total: number): void
  /** Takes the page of a report out of sight, since it may show what goes. Behind a kill the one in its place says that a report is due. */
  setReportAside(store: Store, signal: AbortSignal): Promise<ReportPage>
}

/** What went, or would go by a dry run. */
export interface RetractReport {
  readonly kind: 'retracted'
  readonly isDryRun: boolean
  /** Change that was under way and is ended; null = there was none. */
  readonly completed: Pick<Generation, 'generation' | 'reason'> | null
  /** Number of the new change; null = nothing in the dataset is changed. */
  readonly generation: number | null
  readonly counts: Counts
  /** Shards and ledgers, and files of the page ledger, that are written anew, of so many. */
  readonly rewritten: { readonly shards: number; readonly ofShards: number; readonly pageFiles: number }
  /** Bytes by which the dataset is smaller. */
  readonly bytes: number
  /** null = no database of its run was opened. */
  readonly state: TakenBack | null
  /** Where it is set aside, one is to be written anew. */
  readonly reportPage: ReportPage
}

/**
 * Takes what is named back from a dataset that is held. A change that was broken off is ended first. Tombstones come before all: the dataset is
 * then made what they leave of it, by a change whose record names every file before the first of them is replaced, and that the manifest closes.
 */
export async function retract(
  held: Held,
  wish: RetractWish,
  hooks: RetractHooks,
): Promise<RetractReport | Refused> {
  const { store, signal } = held
  const had = await readRetracted(store, signal)
  const tombstones = mergeRetracted(had, tombstonesOf(wish.named))
  if (rulesOf(tombstones).names(wish.reason)) {
    return refused(
      'usage',
      '--reason is kept in the dataset, and names what is taken back: say it without the name',
    )
  }
  let dataset = await readDataset(store, signal)
  if (dataset === null) {
    return refused(
      'busy',
      `${store.url} has no manifest.json that can be read: let its run go on to its end first`,
    )
  }
  const open = await openIn(store, dataset, signal)
  if (open !== null && (wish.isDryRun || open.command !== 'retract'))
    return refused('busy', `${store.url}: ${changeText(open)}`)
  await clearScratch(store)
  if (open !== null) {
    const rules = rulesOf(had)
    await end(held, dataset, open, rules, hooks)
    dataset = (await readDataset(store, signal)) ?? dataset
  }
  const report = await begin({ held, wish, hooks, dataset, tombstones })
  if (report.kind === 'refused' || open === null) return report
  return { ...report, completed: { generation: open.generation, reason: open.reason } }
}

interface Work {
  readonly held: Held
  readonly wish: RetractWish
  readonly hooks: RetractHooks
  readonly dataset: Dataset
  readonly tombstones: RejectEntries
}

async function begin(work: Work): Promise<RetractReport | Refused> {
  const { held, wish, hooks, dataset, tombstones } = work
  const { store, signal } = held
  const rules = rulesOf(tombstones)
  const { findings, counts } = await findIn(
    store,
    dataset,
    rules,
    (done, total) => hooks.onStep('search', done, total),
    signal,
  )
  const rewritten = {
    ...{ shards: findings.shards.length, ofShards: dataset.entries.length },
    pageFiles: findings.pages.length,
  }
  const nothing = {
    kind: 'retracted',
    isDryRun: wish.isDryRun,
    completed: null,
    generation: null,
    counts,
    rewritten,
    bytes: 0,
    state: null,
    reportPage: 'none',
  } as const
  if (wish.isDryRun) return nothing
  // Not of every dataset anybody holds a lock.
  await store.sweep(strayAgeMs, signal)
  await store.putBytes(retractedName, encodeRetracted(tombstones), { ifAbsent: false }, signal)
  const reportPage = await hooks.setReportAside(store, signal)
  const isNamed = infoWithout(dataset, rules).options !== dataset.manifest.options
  if (findings.shards.length + findings.pages.length === 0 && !isNamed)
    return { ...nothing, reportPage, state: await tidy(held, rules, hooks) }

  // A dataset of an earlier version counts no changes: those by which its shards came are announced first.
  const number = (await new Description(store).announce('run', signal)) + 1
  const change = await build(held, dataset, findings, rules, number, hooks)
  try {
    const record: Generation = {
      ...{ v: 1, generation: number, at: wish.at, command: 'retract', reason: wish.reason, added: null },
      ...{ rewritten: change.rewritten, files: await changedFiles(store, dataset, change, signal) },
    }
    if (!(await writeGeneration(store, record, signal)))
      return refused('busy', `${store.url}: another change began at the same moment: try again`)
    const state = await storeAndClose(held, change, record, rules, hooks)
    const bytes = record.files.reduce(
      (sum, { before, after }) => sum + (before?.size ?? 0) - (after?.size ?? 0),
      0,
    )
    return { ...nothing, reportPage, generation: number, bytes, state }
  } finally {
    await change.discard()
  }
}

/** Ends a change that was broken off: what it names is built again from whatever each file holds. */
async function end(
  held: Held,
  dataset: Dataset,
  record: Generation,
  rules: Rules,
  hooks: RetractHooks,
): Promise<void> {
  const change = await build(held, dataset, begunBy(record, dataset, rules), rules, record.generation, hooks)
  try {
    await storeAndClose(held, change, record, rules, hooks)
  } finally {
    await change.discard()
  }
}

async function build(
  { store, signal }: Held,
  dataset: Dataset,
  findings: Findings,
  rules: Rules,
  generation: number,
  hooks: RetractHooks,
): Promise<Change> {
  const onStep = (done: number, total: number) => hooks.onStep('build', done, total)
  return await buildChange(store, dataset, findings, { rules, generation, onStep }, signal)
}

/** Stores the files, empties the state of what goes, and closes the change. */
async function storeAndClose(
  held: Held,
  change: Change,
  record: Generation,
  rules: Rules,
  hooks: RetractHooks,
): Promise<TakenBack | null> {
  const { store, signal } = held
  await storeChange(store, change, record, (done, total) => hooks.onStep('store', done, total), signal)
  const state = await tidy(held, rules, hooks)
  await putBuilt(store, change.manifest, signal)
  return state
}

async function tidy(held: Held, rules: Rules, hooks: RetractHooks): Promise<TakenBack | null> {
  hooks.onStep('state', 0, 1)
  const state = await tidyState(held, rules)
  hooks.onStep('state', 1, 1)
  return state
}

async function openIn(store: Store, { manifest }: Dataset, signal: AbortSignal): Promise<Generation | null> {
  return openChange(manifest.generation, await readGenerations(store, manifest.generation + 1, signal))
}

function refused(problem: Refused['problem'], message: string): Refused {
  return { kind: 'refused', problem, message }
}
