import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import type { RejectReason } from '../../records/index.js'
import { entryBytes, type ShardEntry, type ShardFile, stemOf } from '../entry.js'
import {
  embeddingNames,
  entryName,
  keyDigits,
  keyOf,
  parquetName,
  statsName,
  tarIndexName,
  tarName,
} from '../layout.js'
import type { ParquetRow } from '../parquet-reader.js'
import type { Built } from '../read-back.js'
import { newTally, type RowTally, statsBytes } from '../stats.js'
import type { Store } from '../store.js'
import { writeSummed } from '../summed-file.js'
import { rewriteNpy } from './npy.js'
import { type Retouch, rewriteParquet } from './parquet.js'
import { rewriteTar } from './tar.js'
import { withCopy } from './with-copy.js'

/** What is to become of a committed shard or ledger. */
export interface ShardChange {
  /** Keys of the samples that go: nobody gets them again. */
  readonly gone: ReadonlySet<string>
  /** What becomes of the other rows; it may be asked again of what it answered, and answers the same. */
  readonly retouch: Retouch
  /** Files of the shard that are written anew. */
  readonly names: ReadonlySet<string>
}

/** A shard as it will be; its entry is the last of `built`. */
interface RewrittenShard {
  readonly entry: ShardEntry
  readonly built: readonly Built[]
}

/**
 * Builds the files of a shard anew in the scratch folder, and stores none. It may be called again where some of them, or all, are stored already:
 * the bytes are the same. Keys stay, and slots are never given again: a shard that loses all its samples stays as an empty tar.
 */
export async function rewriteShard(
  store: Store,
  entry: ShardEntry,
  change: ShardChange,
  signal: AbortSignal,
): Promise<RewrittenShard> {
  const stem = stemOf(entry)
  const scratch = join(await store.scratch(), `${stem}-${randomUUID()}`)
  const place = { store, entry, stem, scratch, change, signal }
  const taken = takenWith(entry, change.gone)
  const tally = newTally()
  const built = [
    ...(await sampleFiles(place, taken)),
    ...(await rowFiles(place, tally)),
    ...(await pictureFiles(place)),
  ]
  const sums = new Map(built.map((file) => [file.name, file.sums]))
  const hasRows = change.names.has(parquetName(stem))
  const next: ShardEntry = {
    ...entry,
    taken,
    samples: entry.samples - (taken.length - entry.taken.length),
    ...(hasRows ? { rows: tally.rows, reasons: tally.reasons(), scores: tally.scores() } : {}),
    ...(hasRows && entry.v > 1 ? { languages: tally.languages() } : {}),
    files: entry.files.map(({ name, ...old }): ShardFile => ({ name, ...(sums.get(name) ?? old) })),
  }
  const path = `${scratch}-entry.json`
  const entryFile = { name: entryName(stem), path, sums: await writeSummed(path, entryBytes(next)) }
  return { entry: next, built: [...built, entryFile] }
}

/** Slots of a shard that are taken back when the samples of these keys are gone too, ascending. Pure. */
export function takenWith(
  { shard, shardSize, taken }: Pick<ShardEntry, 'shard' | 'shardSize' | 'taken'>,
  gone: ReadonlySet<string>,
): number[] {
  const slots = [...gone].map((key) => Number(key.slice(-keyDigits(shardSize))))
  for (const [i, key] of [...gone].entries()) {
    if (shard === null || keyOf(shard, slots[i] ?? -1, shardSize) !== key)
      throw new RangeError(`${key} is no key of shard ${shard}`)
  }
  return [...new Set([...taken, ...slots])].sort((a, b) => a - b)
}

interface Place {
  readonly store: Store
  readonly entry: ShardEntry
  readonly stem: string
  /** How the paths of all files begin that are built. */
  readonly scratch: string
  readonly change: ShardChange
  readonly signal: AbortSignal
}

/** The tar, its index and the embeddings. */
async function sampleFiles(place: Place, taken: readonly number[]): Promise<Built[]> {
  const { store, stem, scratch, change, entry, signal } = place
  const built: Built[] = []
  const tar = tarName(stem)
  if (change.names.has(tar)) {
    const paths = { tar: tarName(scratch), index: tarIndexName(scratch) }
    const sums = await withCopy(store, tar, signal, (source) =>
      rewriteTar(source, paths, (record) => leftOf(record, change), signal),
    )
    built.push({ name: tar, path: paths.tar, sums: sums.tar })
    // Shards of version 1 have none.
    if (change.names.has(tarIndexName(stem)))
      built.push({ name: tarIndexName(stem), path: paths.index, sums: sums.index })
  }
  const names = embeddingNames(stem)
  for (const name of [names.images, names.texts]) {
    if (!change.names.has(name)) continue
    const path = `${scratch}-${name.slice(0, 3)}.npy`
    const gone = (rows: number) => placesGone(entry, taken, rows)
    const sums = await withCopy(store, name, signal, (source) => rewriteNpy(source, path, gone, signal))
    built.push({ name, path, sums })
  }
  if (change.names.has(names.metadata)) {
    const path = `${scratch}-metadata.parquet`
    const keep: Retouch = (row) => (change.gone.has(String(row.image_path)) ? null : row)
    const sums = await withCopy(store, names.metadata, signal, (source) =>
      rewriteParquet(source, path, keep, signal),
    )
    built.push({ name: names.metadata, path, sums })
  }
  return built
}

/** Places among `rows` embeddings of samples that go; none where they have gone already, as the number of rows says. */
function placesGone(
  { samples, taken: before }: ShardEntry,
  taken: readonly number[],
  rows: number,
): ReadonlySet<number> {
  const places = new Set<number>()
  if (rows === samples - (taken.length - before.length)) return places
  const had = new Set(before)
  const gone = new Set(taken)
  for (let slot = 0, place = 0; place < rows; slot++) {
    if (had.has(slot)) continue
    if (gone.has(slot)) places.add(place)
    place++
  }
  return places
}

/** The rows, and what is counted of them. */
async function rowFiles(place: Place, tally: RowTally): Promise<Built[]> {
  const { store, stem, scratch, change, entry, signal } = place
  const name = parquetName(stem)
  if (!change.names.has(name)) return []
  const paths = { parquet: parquetName(scratch), stats: statsName(scratch) }
  const counted: Retouch = (row) => {
    const left = leftOf(row, change)
    if (left !== null) tally.add(countedOf(left))
    return left
  }
  const parquet = await withCopy(store, name, signal, (source) =>
    rewriteParquet(source, paths.parquet, counted, signal),
  )
  const stats = await writeSummed(paths.stats, statsBytes(tally, entry.createdAt))
  return [
    { name, path: paths.parquet, sums: parquet },
    { name: statsName(stem), path: paths.stats, sums: stats },
  ]
}

/** Tars of pictures that stand beside rejected rows. */
async function pictureFiles(place: Place): Promise<Built[]> {
  const { store, stem, scratch, change, entry, signal } = place
  const built: Built[] = []
  for (const { name } of entry.files) {
    if (!isPictureFile(name, stem) || !change.names.has(name)) continue
    const paths = { tar: `${scratch}-pictures.tar`, index: `${scratch}-pictures.idx` }
    // Keys of pictures are their places, and nobody's.
    const number = basename(name, '.tar')
    const keyAt = (i: number) => `${number}${String(i).padStart(3, '0')}`
    const { tar } = await withCopy(store, name, signal, (source) =>
      rewriteTar(source, paths, change.retouch, signal, keyAt),
    )
    built.push({ name, path: paths.tar, sums: tar })
  }
  return built
}

/** Whether a file of a shard's entry holds pictures of rejected rows. */
export function isPictureFile(name: string, stem: string): boolean {
  return name.endsWith('.tar') && name !== tarName(stem)
}

function leftOf(record: ParquetRow, { gone, retouch }: ShardChange): ParquetRow | null {
  return typeof record.key === 'string' && gone.has(record.key) ? null : retouch(record)
}

function countedOf({ error_message, language, clip_score }: ParquetRow) {
  return {
    reason: typeof error_message === 'string' ? (error_message as RejectReason) : null,
    language: typeof language === 'string' ? language : null,
    clipScore: typeof clip_score === 'number' ? clip_score : null,
  }
}
