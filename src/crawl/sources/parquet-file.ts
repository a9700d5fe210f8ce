import { open } from 'node:fs/promises'
import * as zlib from 'node:zlib'
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'

/** A parquet file that is open. */
export interface ParquetFile {
  readonly rows: number
  /** The columns at the top, in order: nested ones follow their parent. */
  readonly columns: readonly string[]
  /** Those of them that hold neither texts, numbers and the like nor lists of them, with the names of what they hold. */
  readonly objects: Readonly<Record<string, readonly string[]>>
  /** A compression that cannot be undone here; null = there is none. */
  readonly unknownCodec: string | null
  /** The values of these columns, row by row, from `start` up to `end`. */
  read(columns: readonly string[], start: number, end: number): Promise<readonly unknown[][]>
}

/** Rejects where the file cannot be read, or is no parquet file. What is damaged may keep the thread busy for ever. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const { file, metadata } = await openBuffer(path)
  const codecs = codecsOf(metadata)
  const compressors = codecs.some((codec) => loaded.has(codec)) ? await allCompressors() : builtIn
  return {
    rows: Number(metadata.num_rows),
    ...columnsOf(metadata),
    unknownCodec: codecs.find((codec) => !known.has(codec)) ?? null,
    read: async (columns, rowStart, rowEnd) => {
      const wanted = [...new Set(columns)]
      const rows = await parquetReadObjects({
        file,
        metadata,
        columns: wanted,
        rowStart,
        rowEnd,
        compressors,
      })
      return rows.map((row) => columns.map((column) => row[column]))
    },
  }
}

/** How the columns are compressed. Pure. */
function codecsOf({ row_groups: groups }: FileMetaData): readonly string[] {
  return groups.flatMap((group) => group.columns.map((column) => column.meta_data?.codec ?? 'UNCOMPRESSED'))
}

function columnsOf({ schema }: FileMetaData): Pick<ParquetFile, 'columns' | 'objects'> {
  const [root, ...elements] = schema
  const columns: string[] = []
  const objects: Record<string, readonly string[]> = {}
  for (let at = 0; at < elements.length && columns.length < (root?.num_children ?? 0); at++) {
    const element = elements[at]
    if (element === undefined) break
    columns.push(element.name)
    const below = elements.slice(at + 1, at + 1 + descendantsOf(elements, at))
    const isList = element.converted_type === 'LIST' || element.logical_type?.type === 'LIST'
    const leaves = below.filter(({ num_children: children }) => (children ?? 0) === 0)
    if (below.length > 0 && !(isList && leaves.length === 1))
      objects[element.name] = leaves.map(({ name }) => name)
    at += below.length
  }
  return { columns, objects }
}

function descendantsOf(elements: readonly { readonly num_children?: number }[], at: number): number {
  let count = 0
  for (let open = elements[at]?.num_children ?? 0; open > 0 && at + count < elements.length; open--) {
    count++
    open += elements[at + count]?.num_children ?? 0
  }
  return count
}

/** The file stays open as long as the thread lives. */
async function openBuffer(
  path: string,
): Promise<{ readonly file: AsyncBuffer; readonly metadata: FileMetaData }> {
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
    return { file, metadata: await parquetMetadataAsync(file) }
  } catch (error) {
    await handle.close()
    throw error
  }
}

type Decompress = (input: Uint8Array, outputLength: number) => Uint8Array

/** Beside snappy, which the reader brings. */
const builtIn: Readonly<Record<string, Decompress>> = {
  GZIP: (input, maxOutputLength) => zlib.gunzipSync(input, { maxOutputLength }),
  BROTLI: (input, maxOutputLength) => zlib.brotliDecompressSync(input, { maxOutputLength }),
}
/** Those whose code is loaded where a file needs it. Node itself has no LZ4, and zstd from 22.15 on. */
const loaded: ReadonlySet<string> = new Set(['ZSTD', 'LZ4', 'LZ4_RAW'])
const known: ReadonlySet<string> = new Set(['UNCOMPRESSED', 'SNAPPY', ...Object.keys(builtIn), ...loaded])

async function allCompressors(): Promise<Readonly<Record<string, Decompress>>> {
  const { decompressLz4, decompressLz4Raw, decompressZstd } = await import('hyparquet-compressors')
  return {
    ...builtIn,
    // It makes room by what the file says, so that lengths that differ are noticed.
    ZSTD: (input) => decompressZstd(input),
    LZ4: decompressLz4,
    LZ4_RAW: decompressLz4Raw,
  }
}
