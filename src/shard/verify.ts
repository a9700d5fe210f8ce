import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { messageOf } from '../records/index.js'
import { copiedEntries } from './copied.js'
import { manifestShards, sizesOf, summarise, widsOf } from './dataset.js'
import { planStems, readEntries, readPlans, type ShardEntry, stemOf } from './entry.js'
import {
  embeddingNames,
  embeddingPrefixes,
  isShardFile,
  manifestName,
  parquetName,
  shardStem,
  sizesName,
  statsName,
  tarIndexName,
  tarName,
  widsName,
} from './layout.js'
import { type Manifest, manifestSchema, sizesSchema, widsSchema } from './manifest.js'
import type { Problem } from './problem.js'
import type { Store } from './store.js'
import { UidLedger } from './uid-ledger.js'
import { verifyPages } from './verify-pages.js'
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
  /** Files of shards that a plan is still to commit: what a run leaves that is under way or was killed. No problem. */
  readonly underWay: readonly string[]
  /** Whether it is a copy without `.pairmill/`: then its manifest decides what belongs to it. */
  readonly isCopy: boolean
}

/**
 * Re-reads a dataset from its shards and entries alone: every sum, every member, every pixel. While a run is not at its
 * end (its manifest is not complete), the compiled files may lag behind the entries, and shards of a written plan may
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
  // compiled, plans are written before their files, and the entries, which decide, are read last.
  const compiled = await readCompiled(store, report, signal)
  const files: string[] = []
  for (const prefix of ['', ...Object.values(embeddingPrefixes)]) {
    for await (const { name } of store.list(prefix, signal)) if (isShardFile(name)) files.push(name)
  }
  let planned: string[] = []
  let entries: ShardEntry[] = []
  try {
    planned = (await readPlans(store, signal)).flatMap(planStems)
    entries = await readEntries(store, signal)
  } catch (error) {
    signal.throwIfAborted()
    report(messageOf(error))
  }

  const isCopy = problems.length === 0 && entries.length === 0 && planned.length === 0 && hasShards(compiled)
  if (isCopy) entries = await copiedEntries(store, compiled.manifest, compiled.wids, signal)

  if (compiled.manifest?.complete === true) verifyComplete(compiled, compiled.manifest, entries, report)
  else verifyBehind(compiled, entries, report)
  const pending = new Set(compiled.manifest?.complete === true ? [] : planned)
  verifyNumbers(entries, pending, report)
  const underWay = verifyNames(files, entries, pending, report)

  let samples = 0
  const uids = new UidLedger()
  const total = entries.length
  const samplesTotal = summarise(entries).samples
  for (const [done, entry] of entries.entries()) {
    const onSample = (read: number) => onProgress({ done, total, samples: samples + read, samplesTotal })
    await verifyShard(store, entry, uids, reporter(entry.shard), onSample, signal)
    samples += entry.samples
    onProgress({ done: done + 1, total, samples, samplesTotal })
  }
  for (const { again, first } of uids.repeated()) {
    reporter(again.shard)(`has the uid of ${first.key}`, {
      file: tarName(shardStem(again.shard)),
      key: again.key,
    })
  }
  const pages = await verifyPages(store, compiled.manifest, isCopy, report, signal)
  const { shards, rows } = summarise(entries)
  return {
    problems,
    shards,
    samples,
    rows,
    pages: pages.rows,
    underWay: [...underWay, ...pages.underWay],
    isCopy,
  }
}

function hasShards(compiled: Compiled): compiled is Compiled & { readonly manifest: Manifest } {
  return compiled.manifest !== null && compiled.manifest.shards.length > 0
}

/** Reports what concerns no single shard. */
type GlobalReport = (message: string, at?: { readonly file?: string }) => void

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

/** Every shard file is named by an entry, or belongs to a shard that is under way: those are answered. */
function verifyNames(
  files: readonly string[],
  entries: readonly ShardEntry[],
  pending: ReadonlySet<string>,
  report: GlobalReport,
): string[] {
  const named = new Set(entries.flatMap((entry) => entry.files.map((file) => file.name)))
  const committed = new Set(entries.map(stemOf))
  const expected = new Set(
    [...pending]
      .filter((stem) => !committed.has(stem))
      .flatMap((stem) => [
        ...[tarName(stem), tarIndexName(stem), parquetName(stem), statsName(stem)],
        ...Object.values(embeddingNames(stem)),
      ]),
  )
  const unnamed = files.filter((name) => !named.has(name)).sort()
  for (const name of unnamed) {
    if (!expected.has(name)) report('is not committed: no entry names it', { file: name })
  }
  return unnamed.filter((name) => expected.has(name))
}

/** Files that are compiled from the entries; null = not there, or reported as unreadable. */
interface Compiled {
  readonly manifest: Manifest | null
  readonly sizes: z.infer<typeof sizesSchema> | null
  readonly wids: z.infer<typeof widsSchema> | null
}

/** At the end of a run the compiled files say exactly what the entries say. */
function verifyComplete(
  { sizes, wids }: Compiled,
  manifest: Manifest,
  entries: readonly ShardEntry[],
  report: GlobalReport,
): void {
  const { samples, rows, bytes } = summarise(entries)
  if (!isDeepStrictEqual(manifest.shards, manifestShards(entries))) {
    report('names other shards than the entries', { file: manifestName })
  }
  if (manifest.samples !== samples || manifest.rows !== rows || manifest.bytes !== bytes) {
    report('counts otherwise than the entries', { file: manifestName })
  }
  if (!isDeepStrictEqual(sizes, sizesOf(entries))) report('is not as the entries say', { file: sizesName })
  if (!isDeepStrictEqual(wids, widsOf(entries))) report('is not as the entries say', { file: widsName })
}

/** Before the end they may name fewer shards, but nothing that is not committed. */
function verifyBehind(
  { manifest, sizes, wids }: Compiled,
  entries: readonly ShardEntry[],
  report: GlobalReport,
): void {
  const holds = <T>(all: readonly T[], one: T) => all.some((other) => isDeepStrictEqual(other, one))
  const shards = manifestShards(entries)
  for (const shard of manifest?.shards ?? []) {
    if (!holds(shards, shard))
      report(`names shard ${shard.shard}, which is not committed so`, { file: manifestName })
  }
  const wantedSizes = sizesOf(entries)
  for (const [name, count] of Object.entries(sizes ?? {})) {
    if (wantedSizes[name] !== count) report(`names ${name}, which is not committed so`, { file: sizesName })
  }
  const { shardlist } = widsOf(entries)
  for (const item of wids?.shardlist ?? []) {
    if (!holds(shardlist, item)) report(`names ${item.url}, which is not committed so`, { file: widsName })
  }
}

async function readCompiled(store: Store, report: GlobalReport, signal: AbortSignal): Promise<Compiled> {
  const read = async <T>(name: string, schema: z.ZodType<T>): Promise<T | null> => {
    const bytes = await store.read(name, signal)
    if (bytes === null) return null
    try {
      return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
    } catch (error) {
      report(`is not readable: ${messageOf(error)}`, { file: name })
      return null
    }
  }
  return {
    manifest: await read(manifestName, manifestSchema),
    sizes: await read(sizesName, sizesSchema),
    wids: await read(widsName, widsSchema),
  }
}
