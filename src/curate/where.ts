import type { Tables } from '../query/index.js'
import { type NumberedShard, shardStem } from '../shard/index.js'

/** For each sample of the pool 1 where a condition in SQL holds. Throws SqlError. */
export async function where(
  tables: Tables,
  condition: string,
  shards: readonly NumberedShard[],
  signal: AbortSignal,
): Promise<Uint8Array> {
  const places = new Map<string, { readonly from: number; readonly entry: NumberedShard['entry'] }>()
  let from = 0
  for (const { source, entry } of shards) {
    places.set(`${source}/${entry.shard}`, { from, entry })
    from += entry.samples
  }
  const holds = new Uint8Array(from)
  const sql = `select source, shard, key from pairs where (\n${condition}\n)`
  for await (const rows of tables.rows(sql)) {
    signal.throwIfAborted()
    for (const { source, shard, key } of rows) {
      const place = places.get(`${source}/${shard}`)
      // What was committed since the manifest was written is not looked at.
      if (place === undefined || typeof key !== 'string') continue
      const i = placeOf(key, place.entry)
      if (i < place.entry.samples) holds[place.from + i] = 1
    }
  }
  return holds
}

/** Place of a sample in its tar: its slot, without those that were taken back. Pure. */
export function placeOf(key: string, { shard, taken }: NumberedShard['entry']): number {
  const slot = Number(key.slice(shardStem(shard ?? 0).length))
  return slot - taken.filter((gone) => gone < slot).length
}
