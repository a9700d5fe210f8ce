import { temporaryFolder } from '../disk/index.js'
import { type Catalog, DatasetUnusable, keepWhere as keep, type LiveSamples } from '../feed/index.js'
import type { Store } from '../shard/index.js'

/** Leaves alone what passes an SQL condition. Throws DatasetUnusable where it cannot be asked. */
export async function keepWhere(
  live: LiveSamples,
  catalog: Catalog,
  store: Store | null,
  where: string,
  signal: AbortSignal,
): Promise<void> {
  if (store === null)
    throw new DatasetUnusable('where: a dataset behind a URL cannot be asked; copy it, or curate it')
  const { openTables } = await import('../query/index.js')
  const scratch = await temporaryFolder('data')
  try {
    const tables = await openTables([store], { scratch: scratch.path }, signal)
    if ('message' in tables) throw new DatasetUnusable(tables.message)
    const wrong = await keep(live, catalog, where, tables).finally(tables.close)
    if (wrong !== null) throw new DatasetUnusable(`where: ${wrong}`)
  } finally {
    await scratch.remove()
  }
}
