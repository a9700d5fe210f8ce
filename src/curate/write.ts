import { createHash } from 'node:crypto'
import { languageDetector } from '../filter/index.js'
import type { Row } from '../records/index.js'
import {
  type CuratedFrom,
  compileDataset,
  DatasetSource,
  type DatasetSummary,
  embeddingNames,
  type NumberedShard,
  type RowChanges,
  type Snapshot,
  type Store,
  type Summer,
  stemOf,
  writeShards,
} from '../shard/index.js'
import { recaptioned, type TextModel } from './caption.js'
import type { LaidOut } from './lay-out.js'
import type { Refused } from './refused.js'
import type { CurateRequest } from './request.js'
import type { Common } from './sources.js'

export interface CurateProgress {
  readonly phase: 'read' | 'write'
  readonly done: number
  readonly total: number
  readonly samples: number
  readonly samplesTotal: number
}

export interface CuratedSet {
  /** null = it is not one of a split. */
  readonly side: string | null
  readonly summary: DatasetSummary
}

/** A place that is written to; `side` null = the whole, which holds no shard where it is split. */
export interface Out {
  readonly side: string | null
  readonly store: Store
}

/** What is written, and of what. */
export interface Job {
  readonly request: CurateRequest
  readonly model: TextModel | null
  readonly copyBytes: number
  readonly summer?: Summer
  readonly onProgress: (progress: CurateProgress) => void
  readonly snapshots: readonly Snapshot[]
  readonly common: Common
  readonly from: CuratedFrom
  readonly refused: Refused
  /** Cluster of a row, by its number; null = there are none. */
  readonly groupOf: ((number: number) => number | null) | null
}

/** Writes the datasets, shard by shard, and what describes them. */
export async function writeSets(
  sides: readonly Out[],
  plans: readonly LaidOut[],
  numbered: readonly NumberedShard[],
  job: Job,
  signal: AbortSignal,
): Promise<CuratedSet[]> {
  const { request, common, from } = job
  const { format, modelId, uids, createdAt } = common
  // A caption that was chosen anew need not reach it.
  const threshold = request.caption === null ? common.threshold : null
  const all = plans.flatMap(({ shards }) => shards)
  const samplesTotal = all.reduce((sum, { kept }) => sum + kept.length, 0)
  let samples = 0
  let done = 0
  const tell = () => job.onProgress({ phase: 'write', done, total: all.length, samples, samplesTotal })
  const options = { ...from.request }
  const optionsDigest = createHash('sha256').update(JSON.stringify(options)).digest('hex')
  const changes = await changesOf(job)
  const sets: CuratedSet[] = []
  for (const [i, { side, store }] of sides.entries()) {
    const { shards, shardSize } = plans[i] ?? { shards: [], shardSize: 1 }
    const of = { run: 'curate', plan: 0, createdAt, shardSize, format, modelId, hasTexts: hasTexts(job) }
    const written = { before: samples, pairs: 0 }
    const onPair = () => {
      written.pairs++
      samples = written.before + written.pairs
      if (written.pairs % 100 === 0) tell()
    }
    const open = async () => new DatasetSource(numbered, changes, job.copyBytes)
    let committed = 0
    await writeShards(
      { store, onPair, ...(job.summer === undefined ? {} : { summer: job.summer }) },
      of,
      shards,
      open,
      (entry) => {
        done++
        committed += entry.samples
        written.pairs = committed
        samples = written.before + committed
        tell()
      },
      signal,
    )
    const info = {
      run: 'curate',
      complete: true,
      options,
      optionsDigest,
      threshold,
      uids,
      curatedFrom: from,
      command: 'curate',
    }
    sets.push({ side, summary: await compileDataset(store, info, signal) })
  }
  return sets
}

/** What there is to say of it, for people. Pure. */
export function notesOf(job: Omit<Job, 'groupOf'>): string[] {
  const { request, common } = job
  const isMixed = common.modelId === null && job.snapshots.some(({ manifest }) => manifest.modelId !== null)
  if (isMixed) return ['without embeddings: the sources are scored by different models']
  if (request.caption === null || hasTexts(job) || common.modelId === null) return []
  return [`without text_emb: --model with the files of ${common.modelId} embeds the captions`]
}

/** What becomes of kept rows on their way. */
async function changesOf({
  request: { caption },
  model,
  common,
  groupOf,
  refused,
}: Job): Promise<RowChanges> {
  const always = { cutReason: 'curated_out' as const, drops: (row: Row) => refused.has(row) }
  // Embeddings of several models do not compare.
  const isMixed = common.modelId === null
  if (caption === null && !isMixed && groupOf === null && refused.isEmpty) return always
  const detector = caption === null ? null : await languageDetector()
  return {
    ...always,
    kept: async (rows, numbers, signal) => {
      const plain = rows.map(
        (row, i): Row => ({
          ...refused.withoutLicence(row),
          ...(isMixed ? { embeddings: null } : {}),
          ...(groupOf === null ? {} : { semanticGroup: groupOf(numbers[i] ?? 0) }),
        }),
      )
      if (caption === null || detector === null) return plain
      return await recaptioned(plain, caption, { model, detector }, signal)
    },
  }
}

/** Whether each pair has the embedding of its caption, where it has that of its image. */
function hasTexts({ request: { caption }, model, snapshots }: Omit<Job, 'groupOf'>): boolean {
  const names = (stem: string) => embeddingNames(stem)
  const isWhole = snapshots.every(({ entries }) =>
    entries.every((entry) => {
      const { images, texts } = names(stemOf(entry))
      const has = (name: string) => entry.files.some((file) => file.name === name)
      return has(texts) || !has(images)
    }),
  )
  return isWhole && (caption === null || model !== null)
}
