import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Catalog, DatasetUnusable, type LiveSamples } from '../feed/index.js'
import { keyDigits, type Store } from '../shard/index.js'

/** Leaves alone what passes an SQL condition. Throws DatasetUnusable where it cannot be asked. */
export async function keepWhere(
  live: LiveSamples,
  { shards, shardSize }: Catalog,
  store: Store | null,
  where: string,
  signal: AbortSignal,
): Promise<void> {
  if (store === null)
    throw new DatasetUnusable('where: a dataset behind a URL cannot be asked; copy it, or curate it')
  const { openTables } = await import('../query/index.js')
  const scratch = await mkdtemp(join(tmpdir(), 'pairmill-'))
  try {
    const tables = await openTables([store], { scratch }, signal)
    if ('message' in tables) throw new DatasetUnusable(tables.message)
    try {
      const wrong = await tables.whereProblem(where)
      if (wrong !== null) throw new DatasetUnusable(`where: ${wrong}`)
      const kept = new Map<number, number[]>(shards.map(({ shard }) => [shard, []]))
      const digits = keyDigits(shardSize)
      for await (const rows of tables.rows(`select shard, key from pairs where (\n${where}\n)`))
        for (const { shard, key } of rows) kept.get(Number(shard))?.push(Number(String(key).slice(-digits)))
      for (const [shard, slots] of kept) live.keep(shard, slots)
    } finally {
      await tables.close()
    }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}
