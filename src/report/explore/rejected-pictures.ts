import { readShard, type ShardEntry, type Store } from '../../shard/index.js'

/** Name of a file of rejected pictures, and where one lies in it. */
interface Place {
  readonly file: string
  readonly offset: number
  readonly size: number
}

/** Small pictures of what was rejected: where each lies. They are read when one is asked for; a file that cannot be read has none. */
export class RejectedPictures {
  readonly #store: Store
  /** By `REASON-SHA256`, which names it in a request. */
  readonly #places = new Map<string, Place>()
  /** SHA-256 of the files that were looked into, by their names. */
  readonly #known = new Map<string, string>()

  constructor(store: Store) {
    this.#store = store
  }

  /** null = there is none. */
  readonly nameOf = (reason: string, sha256: string): string | null => {
    const name = `${reason}-${sha256}`
    return this.#places.has(name) ? name : null
  }

  /** Looks into the files that entries name and that it does not know as they are. */
  async follow(entries: readonly ShardEntry[], signal: AbortSignal): Promise<void> {
    const files = entries.flatMap((entry) => entry.files.filter(({ name }) => name.startsWith('rejected/')))
    const names = new Map(files.map(({ name, sha256 }) => [name, sha256]))
    for (const [name, sha256] of this.#known) {
      if (names.get(name) === sha256) continue
      this.#known.delete(name)
      for (const [picture, { file }] of this.#places) if (file === name) this.#places.delete(picture)
    }
    for (const [name, sha256] of names) {
      if (this.#known.has(name)) continue
      this.#known.set(name, sha256)
      await this.#read(name, signal)
    }
  }

  /** WebP; null = there is none of that name. */
  async read(name: string, signal: AbortSignal): Promise<Uint8Array | null> {
    const place = this.#places.get(name)
    return place === undefined ? null : await this.#store.readRange(place.file, place, signal)
  }

  async #read(file: string, signal: AbortSignal): Promise<void> {
    const copy = await this.#store.localCopy(file, signal)
    if (copy === null) return
    try {
      for await (const { files, offset } of readShard(copy.path)) {
        signal.throwIfAborted()
        const [json, webp] = [files.get('json'), files.get('webp')]
        if (json === undefined || webp === undefined) continue
        const { error_message: reason, sha256 } = JSON.parse(Buffer.from(json).toString('utf8')) as Record<
          string,
          unknown
        >
        // The row, then the picture, each behind a header of 512 bytes.
        const at = offset + Math.ceil(json.length / 512) * 512 + 512
        this.#places.set(`${reason}-${sha256}`, { file, offset: at, size: webp.length })
      }
    } catch {
      signal.throwIfAborted()
      // Of a broken file what was read of it is shown: verify tells.
    } finally {
      await copy.release()
    }
  }
}
