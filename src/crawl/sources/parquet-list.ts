import { open } from 'node:fs/promises'
import * as zlib from 'node:zlib'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { type ListRow, type ListSource, namedColumns, rowOf } from './list.js'

/** Rows that are decoded at a time. */
const rowsAtOnce = 20_000

/** The rows of a parquet list behind the first `done` ones. Rejects where the file cannot be read. */
export async function* readParquetList(source: ListSource, done: number): AsyncGenerator<ListRow> {
  const opened = await openParquet(source.path)
  try {
    const { file, metadata } = opened
    const { columns } = source
    const total = Number(metadata.num_rows)
    for (let rowStart = done; rowStart < total; rowStart += rowsAtOnce) {
      const rowEnd = Math.min(rowStart + rowsAtOnce, total)
      const rows = await parquetReadObjects({
        file,
        metadata,
        columns: namedColumns(columns),
        rowStart,
        rowEnd,
        compressors,
      })
      for (const [i, row] of rows.entries()) {
        yield rowOf(rowStart + i + 1, {
          url: row[columns.url],
          caption: row[columns.caption],
          page: columns.page === null ? null : row[columns.page],
          licence: columns.licence === null ? null : row[columns.licence],
        })
      }
    }
  } finally {
    await opened.close()
  }
}

/** The names of a file's columns; `why`: it is no parquet file, or one that cannot be read here. */
export async function parquetColumnsOf(
  path: string,
): Promise<{ readonly columns: readonly string[] } | { readonly why: string }> {
  let opened: Awaited<ReturnType<typeof openParquet>>
  try {
    opened = await openParquet(path)
  } catch (error) {
    if (isFileError(error)) throw error
    return { why: `it cannot be read as parquet: ${error instanceof Error ? error.message : String(error)}` }
  }
  await opened.close()
  const codecs = opened.metadata.row_groups.flatMap((group) =>
    group.columns.map((column) => column.meta_data?.codec ?? 'UNCOMPRESSED'),
  )
  const unknown = codecs.find(
    (codec) => codec !== 'UNCOMPRESSED' && codec !== 'SNAPPY' && !(codec in compressors),
  )
  if (unknown !== undefined) {
    return { why: `it is compressed with ${unknown}, which cannot be read here: write it anew with snappy` }
  }
  const [root, ...elements] = opened.metadata.schema
  const columns: string[] = []
  // Only the columns at the top: nested ones follow their parent.
  for (let at = 0; at < elements.length && columns.length < (root?.num_children ?? 0); at++) {
    const element = elements[at]
    if (element === undefined) break
    columns.push(element.name)
    at += descendantsOf(elements, at)
  }
  return { columns }
}

function descendantsOf(elements: readonly { readonly num_children?: number }[], at: number): number {
  let count = 0
  for (let open = elements[at]?.num_children ?? 0; open > 0 && at + count < elements.length; open--) {
    count++
    open += elements[at + count]?.num_children ?? 0
  }
  return count
}

async function openParquet(
  path: string,
): Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData; close(): Promise<void> }> {
  const handle = await open(path)
  try {
    const { size } = await handle.stat()
    const file: AsyncBuffer = {
      byteLength: size,
      async slice(start, end = size) {
        const bytes = Buffer.from(new ArrayBuffer(Math.max(Math.min(end, size) - start, 0)))
        let at = 0
        while (at < bytes.length) {
          const { bytesRead } = await handle.read(bytes, at, bytes.length - at, start + at)
          if (bytesRead === 0)
            throw new Error(`${path} ends at byte ${start + at}, where it goes on by its own word`)
          at += bytesRead
        }
        return bytes.buffer
      },
    }
    return { file, metadata: await parquetMetadataAsync(file), close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw error
  }
}

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array

/** Beside snappy, which the reader brings: what this Node has. */
const compressors: Record<string, Decompress> = {
  GZIP: (input, maxOutputLength) => zlib.gunzipSync(input, { maxOutputLength }),
  BROTLI: (input, maxOutputLength) => zlib.brotliDecompressSync(input, { maxOutputLength }),
  ...zstd(),
}

/** From Node 22.15 on. */
function zstd(): Record<string, Decompress> {
  if (!('zstdDecompressSync' in zlib)) return {}
  const decompress = zlib.zstdDecompressSync as (input: Uint8Array) => Uint8Array
  return { ZSTD: (input) => decompress(input) }
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}
