import { createHash, randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Row } from '../records/index.js'
import { reopenManifest } from './dataset.js'
import { dimensionsOf, type EmbeddingFiles, writeEmbeddings } from './embedding-files.js'
import { entryBytes, readEntry, type ShardEntry, type ShardFile, stemOf } from './entry.js'
import {
  embeddingNames,
  entryName,
  keyOf,
  parquetName,
  rejectedName,
  statsName,
  tarIndexName,
  tarName,
} from './layout.js'
import { ParquetFile } from './parquet.js'
import { type Plan, planShards, type ShardPlan } from './plan.js'
import { PlanSource } from './plan-source.js'
import { type Built, putBuilt } from './read-back.js'
import { writeRejected } from './rejected-pictures.js'
import { type SampleRecord, sampleRecord, sampleTable } from './sample-record.js'
import { newTally, type RowTally, statsBytes } from './stats.js'
import type { Store } from './store.js'
import { type FileSums, SummedFile, writeSummed } from './summed-file.js'
import { encodeTarIndex } from './tar-index.js'
import { addMember, endArchive } from './tar-writer.js'

/** Where shards are written. */
export interface WriteDeps {
  readonly store: Store
  /** Told of every pair that is written, before its shard is committed; absent = nobody wants to know. */
  readonly onPair?: () => void
}

/**
 * Writes the shards of a plan. A shard that has its entry is left alone; any other is built whole in the scratch
 * folder, stored, known to be stored whole, and only then committed by its entry, which is created once. The bytes depend on the
 * plan and its parts alone, so executing a plan again, from wherever it was killed, gives the same dataset.
 *
 * Memory: sixteen bytes a row of the plan, the rows kept in one shard, one ledger, a row group, 64 images, and the small pictures of what was rejected.
 *
 * `onShard` is told every shard of the plan once its entry stands, whether this call wrote it or found it.
 */
export async function executePlan(
  deps: WriteDeps,
  plan: Plan,
  onShard: (entry: ShardEntry) => void,
  signal: AbortSignal,
): Promise<readonly ShardEntry[]> {
  const { store } = deps
  const entries: ShardEntry[] = []
  let source: PlanSource | null = null
  try {
    for (const shardPlan of planShards(plan)) {
      signal.throwIfAborted()
      let entry = await readEntry(store, stemOf({ ...shardPlan, plan: plan.plan }), signal)
      if (entry === null) {
        source ??= await PlanSource.open(store, plan, signal)
        entry = await writeShard(deps, plan, shardPlan, source, signal)
      } else if (entry.run !== plan.run || entry.plan !== plan.plan) {
        throw new Error(`${store.url}: shard ${entry.shard} is of plan ${entry.plan} of run ${entry.run}`)
      }
      entries.push(entry)
      onShard(entry)
    }
    return entries
  } finally {
    await source?.close()
  }
}

async function writeShard(
  { store, onPair }: WriteDeps,
  plan: Plan,
  shardPlan: ShardPlan,
  source: PlanSource,
  signal: AbortSignal,
): Promise<ShardEntry> {
  const stem = stemOf({ ...shardPlan, plan: plan.plan })
  const scratch = join(await store.scratch(), `${stem}-${randomUUID()}`)
  const tally = newTally(onPair)
  const paths = {
    tar: tarName(scratch),
    index: tarIndexName(scratch),
    parquet: parquetName(scratch),
    stats: statsName(scratch),
    rejected: `${scratch}-rejected.tar`,
    embeddings: {
      images: `${scratch}-images.npy`,
      texts: `${scratch}-texts.npy`,
      metadata: `${scratch}-metadata.parquet`,
    },
  }
  try {
    const sums = await buildShard(plan, shardPlan, source, tally, paths, signal)
    const rejected = await writeRejected(paths.rejected, plan.plan, shardPlan, source, signal)
    const built: Built[] = [
      ...(sums.tar === null
        ? []
        : [
            { name: tarName(stem), path: paths.tar, sums: sums.tar.archive },
            { name: tarIndexName(stem), path: paths.index, sums: sums.tar.index },
          ]),
      { name: parquetName(stem), path: paths.parquet, sums: sums.parquet },
      { name: statsName(stem), path: paths.stats, sums: sums.stats },
      ...builtEmbeddings(stem, paths.embeddings, sums.tar?.embeddings ?? null),
      ...(rejected === null ? [] : [{ name: rejectedName(plan.plan), path: paths.rejected, sums: rejected }]),
    ]
    for (const file of built) await putBuilt(store, file, signal)
    const entry: ShardEntry = {
      v: 2,
      run: plan.run,
      plan: plan.plan,
      shard: shardPlan.shard,
      shardSize: plan.shardSize,
      samples: shardPlan.kept.length,
      taken: [],
      rows: tally.rows,
      format: plan.format,
      modelId: plan.modelId,
      createdAt: plan.createdAt,
      files: built.map(
        ({ name, sums: s }): ShardFile => ({ name, size: s.size, sha256: s.sha256, md5: s.md5 }),
      ),
      reasons: tally.reasons(),
      languages: tally.languages(),
      scores: tally.scores(),
    }
    await reopenManifest(store, signal)
    await commit(store, stem, entry, signal)
    return entry
  } finally {
    const { embeddings, ...others } = paths
    for (const path of [...Object.values(others), ...Object.values(embeddings)])
      await rm(path, { force: true })
  }
}

function builtEmbeddings(
  stem: string,
  paths: EmbeddingFiles<string>,
  sums: EmbeddingFiles<FileSums> | null,
): Built[] {
  if (sums === null) return []
  const names = embeddingNames(stem)
  return (['images', 'texts', 'metadata'] as const).map((of) => ({
    ...{ name: names[of], path: paths[of], sums: sums[of] },
  }))
}

/** Paths at which the files of a shard are built. */
type ShardPaths = Readonly<Record<'tar' | 'index' | 'parquet' | 'stats' | 'rejected', string>> & {
  readonly embeddings: EmbeddingFiles<string>
}

interface BuiltTar {
  readonly archive: FileSums
  readonly index: FileSums
  /** null = not every sample has embeddings of one model. */
  readonly embeddings: EmbeddingFiles<FileSums> | null
}

async function buildShard(
  plan: Plan,
  shardPlan: ShardPlan,
  source: PlanSource,
  tally: RowTally,
  paths: ShardPaths,
  signal: AbortSignal,
): Promise<{ tar: BuiltTar | null; parquet: FileSums; stats: FileSums }> {
  const parquet = await ParquetFile.create(paths.parquet, sampleTable)
  try {
    const tar =
      shardPlan.shard === null
        ? null
        : await buildTar(plan, shardPlan.shard, shardPlan.kept, source, tally, parquet, paths, signal)
    for await (const row of source.rows(shardPlan.rejected, signal)) {
      tally.add(row)
      await parquet.append(sampleRecord(row, null, null))
    }
    const stats = await writeSummed(paths.stats, statsBytes(tally, plan.createdAt))
    return { tar, parquet: await parquet.finish(), stats }
  } finally {
    await parquet.abandon()
  }
}

/** Images that are read at the same time; as many again are on their way into the tar. */
const imagesAtOnce = 32

async function buildTar(
  plan: Plan,
  shard: number,
  kept: Uint32Array,
  source: PlanSource,
  tally: RowTally,
  parquet: ParquetFile<keyof SampleRecord>,
  paths: ShardPaths,
  signal: AbortSignal,
): Promise<BuiltTar> {
  const rows = await rowsInOrder(kept, source, signal)
  const tar = await SummedFile.create(paths.tar)
  const offsets: number[] = []
  // Two pieces of memory take turns: one is filled while the other goes into the tar.
  let spare: Buffer = Buffer.alloc(0)
  let other: Buffer = Buffer.alloc(0)
  const read = (from: number): Promise<Buffer[]> => {
    const numbers = Array.from(kept.subarray(from, from + imagesAtOnce))
    const slab = atLeast(
      spare,
      numbers.reduce((sum, number) => sum + source.imageSize(number), 0),
    )
    spare = other
    other = slab
    const images = Promise.all(readInto(slab, numbers, source))
    // A failure is met where the images are awaited; until then it must not count as unhandled.
    images.catch(() => {})
    return images
  }
  let ahead = read(0)
  try {
    for (let from = 0; from < kept.length; from += imagesAtOnce) {
      const images = await ahead
      signal.throwIfAborted()
      await source.trim()
      ahead = read(from + imagesAtOnce)
      for (const [i, image] of images.entries()) {
        const row = rows[from + i]
        if (row === undefined) throw new RangeError(`no row for sample ${from + i}`)
        offsets.push(tar.size)
        await addSample(tar, parquet, row, keyOf(shard, from + i, plan.shardSize), plan.format, image)
        tally.add(row)
      }
    }
    offsets.push(tar.size)
    const dimensions = dimensionsOf(rows)
    const keyAt = (i: number) => keyOf(shard, i, plan.shardSize)
    return {
      archive: await endArchive(tar),
      index: await writeSummed(paths.index, encodeTarIndex(offsets)),
      embeddings:
        dimensions === null ? null : await writeEmbeddings(rows, dimensions, keyAt, paths.embeddings),
    }
  } finally {
    // The files may be closed only when nothing reads them; how the last reads ended no longer matters.
    await Promise.allSettled([ahead])
    await tar.abandon()
  }
}

function readInto(slab: Buffer, numbers: readonly number[], source: PlanSource): Promise<Buffer>[] {
  let at = 0
  return numbers.map(async (number) => {
    const image = slab.subarray(at, at + source.imageSize(number))
    at += image.length
    await source.readImage(number, image)
    return image
  })
}

function atLeast(buffer: Buffer, bytes: number): Buffer {
  return buffer.length >= bytes ? buffer : Buffer.allocUnsafeSlow(bytes)
}

async function addSample(
  tar: SummedFile,
  parquet: ParquetFile<keyof SampleRecord>,
  row: Row,
  key: string,
  format: string,
  image: Buffer,
): Promise<void> {
  if (createHash('sha256').update(image).digest('hex') !== row.storedSha256) {
    throw new Error(`the stored image of ${row.url} (sample ${key}) is not the one its row tells of`)
  }
  const record = sampleRecord(row, key, image.length)
  const members: [string, Uint8Array][] = [
    [`${key}.${format}`, image],
    [`${key}.json`, Buffer.from(JSON.stringify(record))],
    [`${key}.txt`, Buffer.from(record.caption)],
  ]
  // WebDataset's own writers sort the members of a key, whatever the image is called.
  members.sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, bytes] of members) await addMember(tar, name, bytes)
  await parquet.append(record)
}

/** The rows of one shard in the order of its samples; each ledger is read once. */
async function rowsInOrder(kept: Uint32Array, source: PlanSource, signal: AbortSignal): Promise<Row[]> {
  const byNumber = Uint32Array.from(kept.keys()).sort((a, b) => (kept[a] ?? 0) - (kept[b] ?? 0))
  const rows: Row[] = new Array(kept.length)
  let at = 0
  for await (const row of source.rows(kept.slice().sort(), signal)) rows[byNumber[at++] ?? 0] = row
  return rows
}

async function commit(store: Store, stem: string, entry: ShardEntry, signal: AbortSignal): Promise<void> {
  const bytes = entryBytes(entry)
  const outcome = await store.putBytes(entryName(stem), bytes, { ifAbsent: true }, signal)
  if (outcome === 'stored') return
  const standing = await store.read(entryName(stem), signal)
  if (standing === null || !bytes.equals(standing)) {
    throw new Error(`${store.url}: shard ${stem} was committed with other content`)
  }
}
