import { open } from 'node:fs/promises'
import { type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet'
import { readExactly } from './tar-reader.js'

export type ParquetRow = Readonly<Record<string, unknown>>

/**
 * The rows of a local parquet file in order; one row group in memory at a time. `missing`: where the file lacks a column, it throws, or its rows
 * have none.
 */
export async function* readParquet(
  path: string,
  columns: readonly string[],
  missing: 'throw' | 'absent' = 'throw',
): AsyncGenerator<ParquetRow> {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const file = {
      byteLength: size,
      async slice(start: number, end = size): Promise<ArrayBuffer> {
        const bytes = Buffer.from(new ArrayBuffer(end - start))
        await readExactly(handle, bytes, bytes.length, start)
        return bytes.buffer
      },
    }
    const metadata: FileMetaData = await parquetMetadataAsync(file)
    const held = new Set(parquetSchema(metadata).children.map(({ element }) => element.name))
    const wanted = missing === 'throw' ? [...columns] : columns.filter((name) => held.has(name))
    let rowStart = 0
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows)
      yield* await parquetReadObjects({ file, metadata, columns: wanted, rowStart, rowEnd })
      rowStart = rowEnd
    }
  } finally {
    await handle.close()
  }
}
