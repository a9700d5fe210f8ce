import { type FileHandle, open } from 'node:fs/promises'
import {
  type AsyncBuffer,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet'
import type { Field, FieldType } from './field.js'
import { nameKey, type Table, versionKey } from './parquet.js'
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
    const file = await fileOf(handle)
    const metadata = await parquetMetadataAsync(file)
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

/** Rows that a local parquet file says it has, as its writer was told: so that a file of any version can be written anew. Throws where it is none of ours. */
export async function readTable(path: string): Promise<Table<string>> {
  const handle = await open(path)
  try {
    const { schema, key_value_metadata } = await parquetMetadataAsync(await fileOf(handle))
    const said = (key: string) => key_value_metadata?.find((pair) => pair.key === key)?.value
    return {
      name: said(nameKey) ?? 'samples',
      version: Number(said(versionKey) ?? 1),
      fields: fieldsOf(schema),
    }
  } finally {
    await handle.close()
  }
}

async function fileOf(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat()
  return {
    byteLength: size,
    async slice(start: number, end = size): Promise<ArrayBuffer> {
      const bytes = Buffer.from(new ArrayBuffer(end - start))
      await readExactly(handle, bytes, bytes.length, start)
      return bytes.buffer
    },
  }
}

type Element = FileMetaData['schema'][number]

/** The schema lists each element before what lies in it. */
function fieldsOf(schema: readonly Element[]): Field[] {
  let at = 0
  const next = (): Field => {
    const element = schema[at++]
    if (element === undefined) throw new Error('its schema is cut off')
    const inner = Array.from({ length: element.num_children ?? 0 }, next)
    return [element.name, typeOf(element, inner)]
  }
  const [, root] = next()
  if (typeof root === 'string' || !('struct' in root)) throw new Error('its schema has no root')
  return [...root.struct]
}

function typeOf(
  { name, type, converted_type, repetition_type }: Element,
  inner: readonly Field[],
): FieldType {
  if (converted_type === 'LIST') {
    const [repeated] = inner
    const element = repeated === undefined || typeof repeated[1] === 'string' ? null : repeated[1]
    if (element !== null && 'struct' in element && element.struct[0] !== undefined)
      return { list: element.struct[0][1] }
  } else if (inner.length > 0) {
    return { struct: inner }
  } else if (type === 'BYTE_ARRAY') {
    return 'string'
  } else if (type === 'INT32') {
    return 'int'
  } else if (type === 'DOUBLE') {
    return 'double'
  } else if (type === 'INT64' && converted_type === 'TIMESTAMP_MILLIS') {
    return 'time'
  }
  throw new Error(
    `its column ${name} is ${[repetition_type, type, converted_type].join(' ')}, which none of ours is`,
  )
}
