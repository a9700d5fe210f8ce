import { hostOf, type UidKind, uidOf } from '../records/index.js'
import {
  copyOf,
  type NumberedShard,
  type ParquetRow,
  parquetName,
  readParquet,
  stemOf,
  UnreadableDataset,
} from '../shard/index.js'
import type { Hashes } from './nearness.js'
import type { RefusableRow, Refused } from './refused.js'

/** All kept samples of the sources, in the order of source and key: what is decided by, and never the rows. Some 35 bytes a sample. */
export interface Pool {
  readonly size: number
  /** Row number of each sample, ascending. */
  readonly numbers: Uint32Array
  readonly sources: Uint16Array
  /** By the column that was asked for; NaN = it has none. */
  readonly scores: Float64Array
  /** First halves of the uids. */
  readonly ids: Hashes
  readonly phashes: Hashes
  /** 1 = it has a perceptual hash. */
  readonly hasPhash: Uint8Array
  /** Number of its page's host, else of its image's. */
  readonly hosts: Uint32Array
  readonly hostNames: readonly string[]
  readonly languages: Uint16Array
  /** 1 = it never comes into a dataset. */
  readonly refused: Uint8Array
}

/** `message`: why the samples cannot be compared. */
export async function readPool(
  shards: readonly NumberedShard[],
  by: string,
  uids: UidKind,
  refused: Refused,
  onRead: (samples: number, shards: number) => void,
  signal: AbortSignal,
): Promise<Pool | { readonly message: string }> {
  const size = shards.reduce((sum, { entry }) => sum + entry.samples, 0)
  const hosts = new Numbering()
  const languages = new Numbering()
  const pool = {
    size,
    numbers: new Uint32Array(size),
    sources: new Uint16Array(size),
    scores: new Float64Array(size),
    ids: new Uint32Array(2 * size),
    phashes: new Uint32Array(2 * size),
    hasPhash: new Uint8Array(size),
    hosts: new Uint32Array(size),
    hostNames: hosts.names,
    languages: new Uint16Array(size),
    refused: new Uint8Array(size),
  }
  let at = 0
  for (const [done, shard] of shards.entries()) {
    for await (const [i, row] of keptRows(shard, by, signal)) {
      const score = row[by]
      if (score === undefined) return { message: noColumn(by, shard) }
      if (score !== null && typeof score !== 'number')
        return { message: `--by ${by}: the column holds no numbers` }
      pool.numbers[at] = shard.base + i
      pool.sources[at] = shard.source
      pool.scores[at] = score ?? Number.NaN
      putWords(pool.ids, at, idOf(row, shard, uids))
      if (typeof row.phash === 'string') {
        pool.hasPhash[at] = 1
        putWords(pool.phashes, at, row.phash)
      }
      const url = typeof row.page_url === 'string' ? row.page_url : row.url
      pool.hosts[at] = hosts.of(typeof url === 'string' ? hostOf(url) : '')
      pool.languages[at] = languages.of(typeof row.language === 'string' ? row.language : 'und')
      if (!refused.isEmpty && refused.has(refusableOf(row))) pool.refused[at] = 1
      at++
    }
    onRead(at, done + 1)
  }
  return pool
}

const columns = ['url', 'page_url', 'sha256', 'uid', 'phash', 'language'] as const

async function* keptRows(
  shard: NumberedShard,
  by: string,
  signal: AbortSignal,
): AsyncGenerator<readonly [number, ParquetRow]> {
  const { snapshot, entry } = shard
  if (entry.samples === 0) return
  const name = parquetName(stemOf(entry))
  const file = entry.files.find((one) => one.name === name)
  const place = `${snapshot.store.url}: ${name}`
  if (file === undefined) throw new UnreadableDataset(`${place} is named by no manifest`)
  const copy = await copyOf(snapshot.store, file, signal)
  try {
    let i = 0
    // Only where a uid is still to be made of them.
    const texts = snapshot.manifest.uids === null && snapshot.uids === 'pair' ? ['captions'] : []
    for await (const row of readParquet(copy.path, [...columns, by, ...texts], 'absent')) {
      signal.throwIfAborted()
      yield [i, row]
      if (++i === entry.samples) return
    }
    throw new UnreadableDataset(`${place} has ${i} rows for ${entry.samples} samples`)
  } finally {
    await copy.release()
  }
}

function refusableOf({ url, page_url, sha256, phash, uid }: ParquetRow): RefusableRow {
  const text = (cell: unknown) => (typeof cell === 'string' ? cell : null)
  return {
    url: text(url) ?? '',
    pageUrl: text(page_url),
    sha256: text(sha256),
    phash: text(phash),
    uid: text(uid),
  }
}

function idOf(row: ParquetRow, { snapshot, entry }: NumberedShard, uids: UidKind): string {
  const { sha256, uid, url } = row
  if (typeof sha256 !== 'string')
    throw new UnreadableDataset(`${snapshot.store.url}: a kept row of ${stemOf(entry)} has no sha256`)
  // Images are alike by their bytes where every source has each once.
  if (uids === 'content' || snapshot.uids === 'content') return sha256.slice(0, 16)
  if (typeof uid === 'string') return uid.slice(0, 16)
  const captions = typeof row.captions === 'string' ? JSON.parse(row.captions) : row.captions
  return uidOf('pair', sha256, { imageUrl: String(url), captions }).slice(0, 16)
}

/** Puts 16 hex digits where hash i stands. */
export function putWords(hashes: Hashes, i: number, digits: string): void {
  hashes[2 * i] = Number.parseInt(digits.slice(0, 8), 16)
  hashes[2 * i + 1] = Number.parseInt(digits.slice(8, 16), 16)
}

function noColumn(by: string, { snapshot }: NumberedShard): string {
  return `--by ${by}: ${snapshot.store.url} has no such column; its page of columns is docs/output.md`
}

/** Numbers for names, as they come. */
class Numbering {
  readonly names: string[] = []
  readonly #numbers = new Map<string, number>()

  of(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#numbers.set(name, this.names.length)
    return this.names.push(name) - 1
  }
}
