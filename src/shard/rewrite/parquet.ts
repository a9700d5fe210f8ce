import { ParquetFile } from '../parquet.js'
import { type ParquetRow, readParquet, readTable } from '../parquet-reader.js'
import type { FileSums } from '../summed-file.js'

/** What becomes of one row: another one in its place, the same one, or none. Pure. */
export type Retouch = (row: ParquetRow) => ParquetRow | null

/**
 * Writes a parquet file of ours anew with the rows that `retouch` leaves, under the schema that it has. The bytes depend on these rows alone: where all
 * stay as they are, they are the same.
 */
export async function rewriteParquet(
  source: string,
  target: string,
  retouch: Retouch,
  signal: AbortSignal,
): Promise<FileSums> {
  const table = await readTable(source)
  const file = await ParquetFile.create(target, table)
  try {
    const names = table.fields.map(([name]) => name)
    for await (const row of readParquet(source, names)) {
      signal.throwIfAborted()
      const left = retouch(row)
      if (left !== null) await file.append(left)
    }
    return await file.finish()
  } finally {
    await file.abandon()
  }
}
