import { open } from 'node:fs/promises'
import { hostOf, storedFormats } from '../../records/index.js'
import { type PartIndex, partsPrefix, readPart, type Store } from '../../shard/index.js'
import type { NewestPicture, NewestPictures } from './explore-data.js'

/** Of each, kept and rejected. */
const mostShown = 12
/** A part that is larger is left alone. */
const mostPartBytes = 128 * 2 ** 20

interface Picture extends NewestPicture {
  readonly bytes: Uint8Array
  /** As HTTP names it. */
  readonly type: string
}

/** Pictures of the batch that was judged last, out of the part that was written of it. */
export class Newest {
  readonly #store: Store
  #batch: string | null = null
  #pictures: readonly Picture[] = []

  constructor(store: Store) {
    this.#store = store
  }

  /** null = no part is there: nothing was judged yet, or all of it is in shards. */
  async look(signal: AbortSignal): Promise<NewestPictures | null> {
    let newest: { readonly name: string; readonly modifiedMs: number } | null = null
    for await (const { name, size, modifiedMs } of this.#store.list(partsPrefix, signal))
      if (size <= mostPartBytes && (newest === null || modifiedMs > newest.modifiedMs))
        newest = { name, modifiedMs }
    if (newest !== null && newest.name !== this.#batch) {
      const pictures = await this.#read(newest.name, signal)
      if (pictures !== null) {
        this.#batch = newest.name
        this.#pictures = pictures
      }
    }
    const batch = this.#batch
    if (batch === null) return null
    const shown = this.#pictures.map(({ bytes: _, type: __, ...rest }) => rest)
    return {
      batch,
      kept: shown.filter(({ reason }) => reason === null),
      rejected: shown.filter(({ reason }) => reason !== null),
    }
  }

  /** null = it is another batch's, or none. */
  pictureOf(batch: string, n: number): { readonly bytes: Uint8Array; readonly type: string } | null {
    return batch === this.#batch ? (this.#pictures[n] ?? null) : null
  }

  /** null = it is gone, as parts are when their shards are written. */
  async #read(name: string, signal: AbortSignal): Promise<readonly Picture[] | null> {
    const copy = await this.#store.localCopy(name, signal)
    if (copy === null) return null
    try {
      return await picturesIn(copy.path, await readPart(copy.path))
    } catch {
      signal.throwIfAborted()
      return null
    } finally {
      await copy.release()
    }
  }
}

async function picturesIn(path: string, { rows, images }: PartIndex): Promise<Picture[]> {
  const pictures: Picture[] = []
  const about = (row: PartIndex['rows'][number]) => ({
    n: pictures.length,
    caption: row.caption.slice(0, 600),
    host: hostOf(row.pageUrl ?? row.url).slice(0, 200),
    score: row.clipScore,
    reason: row.reason,
  })
  const handle = await open(path)
  try {
    for (const [i, { format, offset, size }] of [...images].slice(-mostShown)) {
      const row = rows[i]
      const known = storedFormats.find((one) => one === format)
      if (row === undefined || known === undefined) continue
      const bytes = Buffer.allocUnsafe(size)
      const { bytesRead } = await handle.read(bytes, 0, size, offset)
      if (bytesRead === size)
        pictures.push({ ...about(row), bytes, type: `image/${known === 'jpg' ? 'jpeg' : known}` })
    }
  } finally {
    await handle.close()
  }
  const small = rows.filter(({ reason, thumbnail = null }) => reason !== null && thumbnail !== null)
  for (const row of small.slice(-mostShown))
    pictures.push({
      ...about(row),
      bytes: Buffer.from(row.thumbnail ?? '', 'base64'),
      type: 'image/webp',
    })
  return pictures
}
