import { readTar } from './tar-reader.js'

/** One sample of a shard: its files by extension (`jpg`, `json`, `txt`), in the order of the tar. */
export interface ShardSample {
  readonly key: string
  readonly files: Map<string, Uint8Array>
  /** Where its first member's bytes begin in the tar. */
  readonly offset: number
}

/**
 * The samples of a shard in order, one in memory at a time. As WebDataset reads it: members that stand together and
 * share the name before the first dot are one sample. Throws TarError where the tar is broken, and Error where a
 * sample holds an extension twice.
 */
export async function* readShard(path: string): AsyncGenerator<ShardSample> {
  let sample: ShardSample | null = null
  for await (const { name, bytes, offset } of readTar(path)) {
    const dot = name.indexOf('.')
    const key = dot < 0 ? name : name.slice(0, dot)
    const extension = dot < 0 ? '' : name.slice(dot + 1)
    if (sample !== null && sample.key !== key) {
      yield sample
      sample = null
    }
    sample ??= { key, files: new Map(), offset }
    if (sample.files.has(extension))
      throw new Error(`${name} stands twice in the tar, again at byte ${offset}`)
    sample.files.set(extension, bytes)
  }
  if (sample !== null) yield sample
}
