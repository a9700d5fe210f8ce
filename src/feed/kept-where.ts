import { keyDigits } from '../shard/index.js'
import type { Catalog } from './catalog.js'
import type { LiveSamples } from './live.js'

/** Tables of a dataset, as far as a condition needs them. */
interface AskedTables {
  /** Why a text is no condition, for people; null = it is one. */
  whereProblem(expression: string): Promise<string | null>
  rows(sql: string): AsyncIterable<readonly Readonly<Record<string, unknown>>[]>
}

/** Leaves alone what passes an SQL condition. Answers what is wrong with that, for people, and then nothing is changed; null = nothing. */
export async function keepWhere(
  live: LiveSamples,
  { shards, shardSize }: Catalog,
  where: string,
  tables: AskedTables,
): Promise<string | null> {
  const wrong = await tables.whereProblem(where)
  if (wrong !== null) return wrong
  const kept = new Map<number, number[]>(shards.map(({ shard }) => [shard, []]))
  const digits = keyDigits(shardSize)
  for await (const rows of tables.rows(`select shard, key from pairs where (\n${where}\n)`))
    for (const { shard, key } of rows) kept.get(Number(shard))?.push(Number(String(key).slice(-digits)))
  for (const [shard, slots] of kept) live.keep(shard, slots)
  return null
}
