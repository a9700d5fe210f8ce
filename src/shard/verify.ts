import { messageOf } from '../records/index.js'
import { checkedCopy } from './checked-copy.js'
import { copiedEntries } from './copied.js'
import { type Curation, readCuration } from './curated.js'
import { summarise } from './dataset.js'
import { planStems, readEntries, readPlans, type ShardEntry, stemOf } from './entry.js'
import { type Generation, readGenerations } from './generation.js'
import {
  embeddingNames,
  entryName,
  isShardFile,
  parquetName,
  rejectedName,
  shardFolders,
  shardStem,
  statsName,
  tarIndexName,
  tarName,
} from './layout.js'
import type { Manifest } from './manifest.js'
import type { Plan } from './plan.js'
import type { Problem, Report } from './problem.js'
import type { Store } from './store.js'
import { UidLedger } from './uid-ledger.js'
import {
  type Compiled,
  type GlobalReport,
  readCompiled,
  verifyBehind,
  verifyComplete,
} from './verify-described.js'
import {
  type ChangeUnderWay,
  type Flux,
  fluxOf,
  verifyFlux,
  verifyGenerations,
} from './verify-generations.js'
import { verifyPages } from './verify-pages.js'
import { RejectedPictures } from './verify-rejected.js'
import { verifyShard } from './verify-shard.js'

export interface VerifyProgress {
  /** Shards and ledgers read so far, of all that are committed. */
  readonly done: number
  readonly total: number
  /** Kept pairs read so far, of all that are committed. */
  readonly samples: number
  readonly samplesTotal: number
}

export interface Verification {
  readonly problems: readonly Problem[]
  readonly shards: number
  readonly samples: number
  readonly rows: number
  /** Rows of the page ledger. */
  readonly pages: number
  /** Files of shards that are still to be committed: what a run leaves that is under way or was killed. No problem. */
  readonly underWay: readonly string[]
  /** A change that was not ended; null = there is none. */
  readonly change: ChangeUnderWay | null
  /** Whether it is a copy without `.pairmill/`: then its manifest decides what belongs to it. */
  readonly isCopy: boolean
}

/**
 * Re-reads a dataset from its shards and entries alone: every sum, every member, every pixel. While a run is not at its
 * end (its manifest is not complete), the compiled files may lag behind the entries, and shards of a written plan, or of what is curated, may
 * be missing or lie there uncommitted; they may never say or hold anything else.
 */
export async function verifyDataset(
  store: Store,
  onProgress: (progress: VerifyProgress) => void,
  signal: AbortSignal,
): Promise<Verification> {
  const problems: Problem[] = []
  const reporter =
    (shard: number | null) =>
    (message: string, at: { readonly file?: string | null; readonly key?: string | null } = {}): void => {
      problems.push({ shard, key: at.key ?? null, file: at.file ?? null, message })
    }
  const report = reporter(null)

  // While a run goes on, each of these may only fall behind the next: files are listed after what names them was
  // compiled, plans are written before their files, and the entries, which decide and are there before a generation adds
  // their shards, are read last.
  const compiled = await readCompiled(store, report, signal)
  const files: string[] = []
  for (const prefix of ['', ...shardFolders]) {
    for await (const { name } of store.list(prefix, signal)) if (isShardFile(name)) files.push(name)
  }
  let planned: PlannedShard[] = []
  let entries: ShardEntry[] = []
  let generations: Generation[] = []
  try {
    generations = await readGenerations(store, 1, signal)
    planned = (await readPlans(store, signal)).flatMap(plannedShards)
    planned.push(...curatedShards(await readCuration(store, signal)))
    entries = await readEntries(store, signal)
  } catch (error) {
    signal.throwIfAborted()
    report(messageOf(error))
  }

  const isCopy = problems.length === 0 && entries.length === 0 && planned.length === 0 && hasShards(compiled)
  if (isCopy) entries = await copiedEntries(store, compiled.manifest, compiled.wids, signal)

  const flux = fluxOf(compiled.manifest, generations)
  if (compiled.manifest?.complete === true && flux.change === null)
    verifyComplete(compiled, compiled.manifest, entries, isCopy, report)
  else verifyBehind(compiled, entries, flux.has, report)
  if (!isCopy) verifyGenerations(compiled.manifest, generations, entries, report)
  const pending = compiled.manifest?.complete === true ? [] : planned
  verifyNumbers(entries, new Set(pending.map(({ stem }) => stem)), report)
  const unflown = files.filter((name) => !flux.has(name))
  const underWay = verifyNames(unflown, entries, pending, report)
  const change = await verifyFlux(store, flux, report, signal)

  let samples = 0
  const uids = new UidLedger()
  const isComplete = compiled.manifest?.complete === true
  const whole = wholePlans(planned, entries)
  const pictures = new RejectedPictures(isCopy, (plan) => !isComplete && !whole.has(plan))
  const total = entries.length
  const samplesTotal = summarise(entries).samples
  for (const [done, entry] of entries.entries()) {
    const onSample = (read: number) => onProgress({ done, total, samples: samples + read, samplesTotal })
    const reportIn = reporter(entry.shard)
    if (isInFlux(entry, flux)) await verifyFiles(store, entry, flux, reportIn, signal)
    else {
      // While rows go, pictures may have lost theirs.
      if (flux.change === null) await pictures.begin(store, entry, reportIn, signal)
      await verifyShard(store, entry, { uids, pictures }, reportIn, onSample, signal)
    }
    samples += entry.samples
    onProgress({ done: done + 1, total, samples, samplesTotal })
  }
  pictures.end()
  for (const { again, first } of uids.repeated()) {
    reporter(again.shard)(`has the uid of ${first.key}`, {
      file: tarName(shardStem(again.shard)),
      key: again.key,
    })
  }
  const pages = await verifyPages(store, compiled.manifest, isCopy, flux, report, signal)
  const { shards, rows } = summarise(entries)
  return {
    problems,
    shards,
    samples,
    rows,
    pages: pages.rows,
    underWay: [...underWay, ...pages.underWay],
    change,
    isCopy,
  }
}

function hasShards(compiled: Compiled): compiled is Compiled & { readonly manifest: Manifest } {
  return compiled.manifest !== null && compiled.manifest.shards.length > 0
}

/** Files of such a shard need not go together, so that only their sums are held against what is said of them. */
function isInFlux(entry: ShardEntry, flux: Flux): boolean {
  return flux.has(entryName(stemOf(entry))) || entry.files.some(({ name }) => flux.has(name))
}

/** The files of a shard that a change under way does not name. */
async function verifyFiles(
  store: Store,
  entry: ShardEntry,
  flux: Flux,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  for (const file of entry.files) {
    if (flux.has(file.name)) continue
    const copy = await checkedCopy(store, file, report, signal)
    await copy?.release()
  }
}

/** Numbers are dense, save for shards that a plan is still to write; all shards share one run and one width of keys. */
function verifyNumbers(
  entries: readonly ShardEntry[],
  pending: ReadonlySet<string>,
  report: GlobalReport,
): void {
  const seen = new Set<number>()
  for (const { shard, run, shardSize, files } of entries) {
    if (run !== entries[0]?.run) report(`shard ${shard} is of run ${run}, not ${entries[0]?.run}`)
    if (shardSize !== entries[0]?.shardSize) {
      report(`shard ${shard} has keys for shards of ${shardSize}, not ${entries[0]?.shardSize}`)
    }
    if (shard === null) continue
    if (seen.has(shard))
      report(`two entries commit shard ${shard}`, { file: files[0]?.name ?? shardStem(shard) })
    seen.add(shard)
  }
  const last = Math.max(-1, ...seen)
  for (let shard = 0; shard <= last; shard++) {
    if (!seen.has(shard) && !pending.has(shardStem(shard)))
      report(`shard ${shard} is missing below shard ${last}`)
  }
}

/** A shard or ledger that a plan writes, and the names of all that it may write with it. */
interface PlannedShard {
  readonly plan: number
  readonly stem: string
  readonly names: readonly string[]
}

function plannedShards(plan: Plan): PlannedShard[] {
  return planStems(plan).map((stem, i) => ({
    plan: plan.plan,
    stem,
    names: [...namesOf(stem), ...(i === 0 ? [rejectedName(plan.plan)] : [])],
  }))
}

function curatedShards(curation: Curation | null): PlannedShard[] {
  return Array.from({ length: curation?.shards ?? 0 }, (_, shard) => {
    const stem = shardStem(shard)
    return { plan: 0, stem, names: namesOf(stem) }
  })
}

const namesOf = (stem: string): readonly string[] => [
  ...[tarName(stem), tarIndexName(stem), parquetName(stem), statsName(stem)],
  ...Object.values(embeddingNames(stem)),
]

/** Plans of which every shard is committed. One that was made since the plans were read is not among them. */
function wholePlans(planned: readonly PlannedShard[], entries: readonly ShardEntry[]): ReadonlySet<number> {
  const committed = new Set(entries.map(stemOf))
  const whole = new Set(planned.map(({ plan }) => plan))
  for (const { plan, stem } of planned) if (!committed.has(stem)) whole.delete(plan)
  return whole
}

/** Every shard file is named by an entry, or belongs to a shard that is under way: those are answered. */
function verifyNames(
  files: readonly string[],
  entries: readonly ShardEntry[],
  pending: readonly PlannedShard[],
  report: GlobalReport,
): string[] {
  const named = new Set(entries.flatMap((entry) => entry.files.map((file) => file.name)))
  const committed = new Set(entries.map(stemOf))
  const expected = new Set(
    pending.filter(({ stem }) => !committed.has(stem)).flatMap(({ names: its }) => its),
  )
  const unnamed = files.filter((name) => !named.has(name)).sort()
  for (const name of unnamed) {
    if (!expected.has(name)) report('is not committed: no entry names it', { file: name })
  }
  return unnamed.filter((name) => expected.has(name))
}
