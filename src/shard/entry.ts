import { z } from 'zod'
import { messageOf, storedFormats } from '../records/index.js'
import { histogramSchema } from './histogram.js'
import { entriesPrefix, entryName, ledgerStem, planName, plansPrefix, shardStem } from './layout.js'
import { type Plan, planSchema } from './plan.js'
import { UnreadableDataset } from './problem.js'
import type { PutOutcome, Store } from './store.js'

export const fileSchema = z.object({
  name: z.string(),
  /** Bytes. */
  size: z.int().nonnegative(),
  sha256: z.string(),
  /** Empty = nobody told it: the entry was made up from a manifest. */
  md5: z.string(),
})

const entrySchema = z.object({
  /** Version 1 knew no slots and no languages, and named no uid. */
  v: z.literal([1, 2]),
  run: z.string(),
  plan: z.int().nonnegative(),
  /** null = a ledger: the rows of a plan that kept nothing. */
  shard: z.int().nonnegative().nullable(),
  shardSize: z.int().positive(),
  /** Kept pairs in the tar. */
  samples: z.int().nonnegative(),
  /**
   * Slots of the shard that were taken back, ascending: no sample ever has their keys again. Samples have the other slots from 0 to
   * `samples + taken.length`, in order.
   */
  taken: z.array(z.int().nonnegative()).readonly().default([]),
  /** Rows in the parquet, kept and rejected. */
  rows: z.int().nonnegative(),
  format: z.enum(storedFormats),
  modelId: z.string().nullable(),
  /** The plan's. */
  createdAt: z.string(),
  /** The tar (none for a ledger), the parquet, the stats. */
  files: z.array(fileSchema).readonly(),
  /** Rejected rows by reason; reasons in alphabetical order. */
  reasons: z.record(z.string(), z.int()),
  /** Kept pairs by the language of their caption; `und` = not certain. */
  languages: z.record(z.string(), z.int()).default({}),
  scores: histogramSchema,
})

export type ShardFile = Readonly<z.infer<typeof fileSchema>>
/** Entry that commits a shard: as long as it is not there, the shard's files are not part of the dataset. */
export type ShardEntry = Readonly<z.infer<typeof entrySchema>>

/** Reading a store to its end takes as long as it takes, where the caller sets no limit. */
const never: AbortSignal = new AbortController().signal

export function stemOf(place: { readonly shard: number | null; readonly plan: number }): string {
  return place.shard === null ? ledgerStem(place.plan) : shardStem(place.shard)
}

export function entryBytes(entry: ShardEntry): Buffer {
  return Buffer.from(`${JSON.stringify(entry, null, 1)}\n`)
}

/** null = not committed. */
export async function readEntry(store: Store, stem: string, signal: AbortSignal): Promise<ShardEntry | null> {
  return await readJson(store, entryName(stem), entrySchema, signal)
}

/** Every committed shard by number, then the ledgers by plan. */
export async function readEntries(store: Store, signal: AbortSignal = never): Promise<ShardEntry[]> {
  return (await readNewEntries(store, new Set(), signal)).entries.sort(byPlace)
}

/** Entries whose names are not among `known`, in no order, and their names. */
export async function readNewEntries(
  store: Store,
  known: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<{ readonly names: readonly string[]; readonly entries: ShardEntry[] }> {
  const names = (await jsonNames(store, entriesPrefix, signal)).filter((name) => !known.has(name))
  return { names, entries: await readEach(store, names, entrySchema, signal) }
}

/** Order of the entries: shards by number, then the ledgers by plan. */
export function byPlace(
  a: Pick<ShardEntry, 'shard' | 'plan'>,
  b: Pick<ShardEntry, 'shard' | 'plan'>,
): number {
  const [one, other] = [a.shard ?? Number.POSITIVE_INFINITY, b.shard ?? Number.POSITIVE_INFINITY]
  return one === other ? a.plan - b.plan : one - other
}

/** A plan is written before it is executed, and never changed. */
export async function writePlan(store: Store, plan: Plan, signal: AbortSignal): Promise<PutOutcome> {
  const bytes = Buffer.from(`${JSON.stringify(planSchema.parse(plan))}\n`)
  return await store.putBytes(planName(plan.plan), bytes, { ifAbsent: true }, signal)
}

/** Every plan in the store, by number. */
export async function readPlans(store: Store, signal: AbortSignal = never): Promise<Plan[]> {
  const names = await jsonNames(store, plansPrefix, signal)
  const plans = await readEach(store, names, planSchema, signal)
  return plans.sort((a, b) => a.plan - b.plan)
}

/** Stems of everything a plan writes. */
export function planStems(plan: Plan): string[] {
  if (plan.shards > 0) return Array.from({ length: plan.shards }, (_, i) => shardStem(plan.firstShard + i))
  return plan.parts.some((part) => part.rows > 0) ? [ledgerStem(plan.plan)] : []
}

async function jsonNames(store: Store, prefix: string, signal: AbortSignal): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of store.list(prefix, signal)) if (name.endsWith('.json')) names.push(name)
  return names
}

/** A store that is far away answers each read after its own time, so several are asked for at once. */
const readsAtOnce = 16

/** Contents of the names, in their order; a name that is gone is left out. */
export async function readEach<T>(
  store: Store,
  names: readonly string[],
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T[]> {
  const values: (T | null)[] = []
  let next = 0
  const lane = async () => {
    while (next < names.length) {
      const at = next++
      values[at] = await readJson(store, names[at] ?? '', schema, signal)
    }
  }
  const stop = (error: unknown) => {
    next = names.length
    throw error
  }
  await Promise.all(Array.from({ length: readsAtOnce }, () => lane().catch(stop)))
  return values.filter((value) => value !== null)
}

export async function readJson<T>(
  store: Store,
  name: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T | null> {
  const bytes = await store.read(name, signal)
  if (bytes === null) return null
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  } catch (cause) {
    throw new UnreadableDataset(`${store.url}: ${name} is not readable: ${messageOf(cause)}`, cause)
  }
}
