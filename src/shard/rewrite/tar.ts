import { readShard, type ShardSample } from '../reader.js'
import { type FileSums, SummedFile, writeSummed } from '../summed-file.js'
import { encodeTarIndex } from '../tar-index.js'
import { addMember, endArchive } from '../tar-writer.js'
import type { Retouch } from './parquet.js'

/**
 * Writes a tar of samples anew with those whose record (KEY.json) `retouch` leaves. Keys and members stay as they are, byte for byte, but for a
 * record that it changes. `keyAt`: the key of the i-th that is left, where keys are places.
 */
export async function rewriteTar(
  source: string,
  paths: { readonly tar: string; readonly index: string },
  retouch: Retouch,
  signal: AbortSignal,
  keyAt?: (i: number) => string,
): Promise<{ readonly tar: FileSums; readonly index: FileSums }> {
  const tar = await SummedFile.create(paths.tar)
  const offsets: number[] = []
  try {
    for await (const sample of readShard(source)) {
      signal.throwIfAborted()
      const record = recordOf(sample)
      const left = retouch(record)
      if (left === null) continue
      const key = keyAt?.(offsets.length) ?? sample.key
      offsets.push(tar.size)
      for (const [extension, bytes] of sample.files) {
        const isChanged = extension === 'json' && left !== record
        const name = `${key}.${extension}`
        await addMember(tar, name, isChanged ? Buffer.from(JSON.stringify(left)) : bytes)
      }
    }
    offsets.push(tar.size)
    return { tar: await endArchive(tar), index: await writeSummed(paths.index, encodeTarIndex(offsets)) }
  } finally {
    await tar.abandon()
  }
}

/** The record of a sample, as its KEY.json has it. Throws where it has none. */
export function recordOf({ key, files }: ShardSample): Readonly<Record<string, unknown>> {
  const json = files.get('json')
  const record: unknown = json === undefined ? null : JSON.parse(Buffer.from(json).toString('utf8'))
  if (typeof record !== 'object' || record === null) throw new Error(`${key}.json holds no record`)
  return record as Readonly<Record<string, unknown>>
}
