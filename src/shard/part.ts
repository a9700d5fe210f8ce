import { randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Row, StoredFormat } from '../records/index.js'
import { encodePlaces, type PlacedImage, type Places, placesMember, readPlaces } from './part-places.js'
import type { Store } from './store.js'
import { SummedFile } from './summed-file.js'
import { ownSums } from './sums.js'
import { readExactly, scanTar } from './tar-reader.js'
import { addMember, endArchive } from './tar-writer.js'

interface KeptImage {
  readonly bytes: Uint8Array
  readonly format: StoredFormat
}

/** One candidate of a batch as the attempt left it; `image` is null exactly where the row has a reason. */
export interface PartRow {
  readonly row: Row
  readonly image: KeptImage | null
}

export interface PartReceipt {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly sha256: string
  /** Rows with an image. */
  readonly kept: number
  readonly rows: number
}

interface PartImage {
  readonly format: string
  readonly offset: number
  readonly size: number
}

/** Where everything lies in a part. */
export interface PartIndex {
  /** By row index. */
  readonly images: ReadonlyMap<number, PartImage>
  /** Where the ledger's bytes lie. */
  readonly ledger: { readonly offset: number; readonly size: number }
  readonly rows: readonly Row[]
}

const ledgerMember = 'ledger.jsonl'

/**
 * Writes what one attempt at a batch left behind: a tar of the kept images, named by row index (`000017.jpg`), whose
 * member `ledger.jsonl` has one Row a line, in candidate order, and whose last one says where the others lie. Images stream through; the
 * ledger's lines are held.
 * The name carries a random token, so one that is taken is a bug and throws.
 */
export async function writePart(
  store: Store,
  name: string,
  rows: AsyncIterable<PartRow> | Iterable<PartRow>,
  signal: AbortSignal,
): Promise<PartReceipt> {
  const path = join(await store.scratch(), `${basename(name)}-${randomUUID()}`)
  const file = await SummedFile.create(path, ownSums(['sha256']))
  const lines: Buffer[] = []
  const images: PlacedImage[] = []
  try {
    for await (const { row, image } of rows) {
      signal.throwIfAborted()
      checkRow(row, image, lines.length)
      if (image !== null) {
        const offset = await addMember(file, imageMember(lines.length, image.format), image.bytes)
        images.push({ row: lines.length, format: image.format, offset, size: image.bytes.length })
      }
      lines.push(Buffer.from(`${JSON.stringify(row)}\n`))
    }
    const ledger = Buffer.concat(lines)
    const offset = await addMember(file, ledgerMember, ledger)
    const places = { images, ledger: { offset, size: ledger.length } }
    await addMember(file, placesMember, encodePlaces(places))
    const sums = await endArchive(file)
    if ((await store.putFile(name, path, { ifAbsent: true }, signal)) === 'exists') {
      throw new Error(`a part named ${name} was written before`)
    }
    return { name, size: sums.size, sha256: sums.sha256, kept: images.length, rows: lines.length }
  } finally {
    await file.abandon()
    await rm(path, { force: true })
  }
}

/** Refuses a row that no shard could be written from, here, where the candidate is still at hand. */
function checkRow(row: Row, image: KeptImage | null, index: number): void {
  if ((image === null) !== (row.reason !== null)) {
    throw new Error(`row ${index} has ${image === null ? 'no image and no' : 'an image and a'} reason`)
  }
  if (row.reason !== null) return
  if (row.caption.trim() === '') throw new Error(`row ${index} is kept with an empty caption`)
  if (row.storedSha256 === null || row.width === null || row.height === null) {
    throw new Error(`row ${index} is kept without the sha256 or size of its stored image`)
  }
}

/** Every row of a part and where its images lie. For one part at a time: it holds the whole ledger. */
export async function readPart(path: string): Promise<PartIndex> {
  const places = await locate(path)
  const handle = await open(path)
  try {
    const bytes = Buffer.allocUnsafe(places.ledger.size)
    await readExactly(handle, bytes, bytes.length, places.ledger.offset)
    const rows = ledgerLines(bytes).map(parseRow)
    return { ...places, rows }
  } finally {
    await handle.close()
  }
}

const imageMember = (row: number, format: string): string => `${String(row).padStart(6, '0')}.${format}`

/** Where images and ledger lie, without reading either. */
export async function locate(path: string): Promise<Pick<PartIndex, 'images' | 'ledger'>> {
  const handle = await open(path)
  try {
    const { images, ledger } = (await readPlaces(handle)) ?? (await walk(handle, path))
    return { images: new Map(images.map(({ row, ...image }) => [row, image])), ledger }
  } finally {
    await handle.close()
  }
}

/** The places of a part that does not tell them: an earlier version's. */
async function walk(handle: FileHandle, path: string): Promise<Places> {
  const images: PlacedImage[] = []
  let ledger: Places['ledger'] | null = null
  for await (const { name, offset, size } of scanTar(handle)) {
    if (ledger !== null) throw new Error(`${path}: member ${name} after the ledger`)
    const [, row, format] = /^(\d{6,})\.(\w+)$/.exec(name) ?? []
    if (name === ledgerMember) ledger = { offset, size }
    else if (row === undefined || format === undefined) throw new Error(`${path}: unknown member ${name}`)
    else images.push({ row: Number(row), format, offset, size })
  }
  if (ledger === null) throw new Error(`${path}: no ${ledgerMember}`)
  return { images, ledger }
}

export function ledgerLines(bytes: Buffer): string[] {
  const lines = bytes.toString('utf8').split('\n')
  lines.pop()
  return lines
}

/** A ledger line was written by `writePart` from a Row. */
export function parseRow(line: string): Row {
  return JSON.parse(line) as Row
}
