import { hash, randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Row } from '../records/index.js'
import { reopenManifest } from './dataset.js'
import { type EmbeddingFiles, type EmbeddingSums, EmbeddingsWriter } from './embedding-files.js'
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
import type { ShardSource } from './shard-source.js'
import { newTally, type RowTally, statsBytes } from './stats.js'
import type { Store } from './store.js'
import { type FileSums, SummedFile, writeSummed } from './summed-file.js'
import type { Summer } from './sums.js'
import { encodeTarIndex } from './tar-index.js'
import { addMember, endArchive } from './tar-writer.js'

/** Where shards are written. */
interface WriteDeps {
  readonly store: Store
  /** Told of every pair that is written, before its shard is committed; absent = nobody wants to know. */
  readonly onPair?: () => void
  /** Sums the tars; absent = who writes them does. */
  readonly summer?: Summer
}

/** All that shards say of themselves beside their rows. A plan is one. */
interface ShardsOf extends Pick<Plan, 'run' | 'plan' | 'createdAt' | 'shardSize' | 'format' | 'modelId'> {
  /** Whether rows carry the embeddings of their captions, where they carry any; absent = they do. */
  readonly hasTexts?: boolean
}

/**
 * Writes the shards of a plan. The bytes depend on the plan and its parts alone, so executing a plan again, from wherever it was killed,
 * gives the same dataset.
 *
 * Memory: sixteen bytes a row of the plan, the rows kept in one shard, one ledger, a row group, 64 images, and the small pictures of what was rejected.
 */
export async function executePlan(
  deps: WriteDeps,
  plan: Plan,
  onShard: (entry: ShardEntry) => void,
  signal: AbortSignal,
): Promise<readonly ShardEntry[]> {
  return await writeShards(
    deps,
    plan,
    planShards(plan),
    () => PlanSource.open(deps.store, plan, signal),
    onShard,
    signal,
  )
}

/**
 * Writes shards from a source, which is opened where one is still to be written. A shard that has its entry is left alone; any other is built
 * whole in the scratch folder, stored, known to be stored whole, and only then committed by its entry, which is created once.
 *
 * `onShard` is told every shard once its entry stands, whether this call wrote it or found it.
 */
export async function writeShards(
  deps: WriteDeps,
  of: ShardsOf,
  shards: Iterable<ShardPlan>,
  openSource: () => Promise<ShardSource>,
  onShard: (entry: ShardEntry) => void,
  signal: AbortSignal,
): Promise<readonly ShardEntry[]> {
  const { store } = deps
  const entries: ShardEntry[] = []
  let source: ShardSource | null = null
  try {
    for (const shardPlan of shards) {
      signal.throwIfAborted()
      let entry = await readEntry(store, stemOf({ ...shardPlan, plan: of.plan }), signal)
      if (entry === null) {
        source ??= await openSource()
        entry = await writeShard(deps, of, shardPlan, source, signal)
      } else if (entry.run !== of.run || entry.plan !== of.plan) {
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
  { store, onPair, summer }: WriteDeps,
  of: ShardsOf,
  shardPlan: ShardPlan,
  source: ShardSource,
  signal: AbortSignal,
): Promise<ShardEntry> {
  const stem = stemOf({ ...shardPlan, plan: of.plan })
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
    const sums = await buildShard(of, shardPlan, source, tally, paths, summer, signal)
    const rejected = await writeRejected(paths.rejected, of.plan, shardPlan, source, signal)
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
      ...(rejected === null ? [] : [{ name: rejectedName(of.plan), path: paths.rejected, sums: rejected }]),
    ]
    for (const file of built) await putBuilt(store, file, signal)
    const entry: ShardEntry = {
      v: 2,
      run: of.run,
      plan: of.plan,
      shard: shardPlan.shard,
      shardSize: of.shardSize,
      samples: shardPlan.kept.length,
      taken: [],
      rows: tally.rows,
      format: of.format,
      modelId: of.modelId,
      createdAt: of.createdAt,
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

function builtEmbeddings(stem: string, paths: EmbeddingFiles<string>, sums: EmbeddingSums | null): Built[] {
  if (sums === null) return []
  const names = embeddingNames(stem)
  return (['images', 'texts', 'metadata'] as const).flatMap((of) => {
    const built = sums[of]
    return built === null ? [] : [{ name: names[of], path: paths[of], sums: built }]
  })
}

/** Paths at which the files of a shard are built. */
type ShardPaths = Readonly<Record<'tar' | 'index' | 'parquet' | 'stats' | 'rejected', string>> & {
  readonly embeddings: EmbeddingFiles<string>
}

interface BuiltTar {
  readonly archive: FileSums
  readonly index: FileSums
  /** null = not every sample has embeddings of one model. */
  readonly embeddings: EmbeddingSums | null
}

async function buildShard(
  of: ShardsOf,
  shardPlan: ShardPlan,
  source: ShardSource,
  tally: RowTally,
  paths: ShardPaths,
  summer: Summer | undefined,
  signal: AbortSignal,
): Promise<{ tar: BuiltTar | null; parquet: FileSums; stats: FileSums }> {
  const parquet = await ParquetFile.create(paths.parquet, sampleTable)
  try {
    const tar =
      shardPlan.shard === null
        ? null
        : await buildTar(of, shardPlan.shard, shardPlan.kept, source, tally, parquet, paths, summer, signal)
    for await (const row of source.rows(shardPlan.rejected, signal)) {
      tally.add(row)
      await parquet.append(sampleRecord(row, null, null))
    }
    const stats = await writeSummed(paths.stats, statsBytes(tally, of.createdAt))
    return { tar, parquet: await parquet.finish(), stats }
  } finally {
    await parquet.abandon()
  }
}

async function buildTar(
  of: ShardsOf,
  shard: number,
  kept: Uint32Array,
  source: ShardSource,
  tally: RowTally,
  parquet: ParquetFile<keyof SampleRecord>,
  paths: ShardPaths,
  summer: Summer | undefined,
  signal: AbortSignal,
): Promise<BuiltTar> {
  const tar = await SummedFile.create(paths.tar, summer?.begin())
  const embeddings = new EmbeddingsWriter(paths.embeddings, kept.length, of.hasTexts ?? true)
  const offsets: number[] = []
  try {
    for await (const { row, image, embeddings: vectors } of source.samples(kept, signal)) {
      const key = keyOf(shard, offsets.length, of.shardSize)
      offsets.push(tar.size)
      await addSample(tar, parquet, row, key, of.format, image)
      await embeddings.add(row, key, vectors)
      tally.add(row)
    }
    if (offsets.length !== kept.length)
      throw new RangeError(`${offsets.length} samples in place of ${kept.length}`)
    offsets.push(tar.size)
    return {
      archive: await endArchive(tar),
      index: await writeSummed(paths.index, encodeTarIndex(offsets)),
      embeddings: await embeddings.finish(),
    }
  } finally {
    await tar.abandon()
    await embeddings.abandon()
  }
}

async function addSample(
  tar: SummedFile,
  parquet: ParquetFile<keyof SampleRecord>,
  row: Row,
  key: string,
  format: string,
  image: Buffer,
): Promise<void> {
  if (hash('sha256', image) !== row.storedSha256) {
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

async function commit(store: Store, stem: string, entry: ShardEntry, signal: AbortSignal): Promise<void> {
  const bytes = entryBytes(entry)
  const outcome = await store.putBytes(entryName(stem), bytes, { ifAbsent: true }, signal)
  if (outcome === 'stored') return
  const standing = await store.read(entryName(stem), signal)
  if (standing === null || !bytes.equals(standing)) {
    throw new Error(`${store.url}: shard ${stem} was committed with other content`)
  }
}
