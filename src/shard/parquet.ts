import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { Field, FieldType } from './field.js'
import { type FileSums, SummedFile } from './summed-file.js'

/** Rows in a row group, which is what is held in memory. */
const rowGroupRows = 2000

/** Rows of a parquet file: their fields, and what tells readers which ones to expect. */
export interface Table<Name extends string> {
  readonly name: string
  /** Rises where a field is taken away or changes its type; one that is added leaves it. */
  readonly version: number
  readonly fields: readonly Field<Name>[]
}

/** Keys of the file's own metadata that say which table it is. */
export const nameKey = 'pairmill.table'
export const versionKey = 'pairmill.version'

type SchemaElement = NonNullable<ConstructorParameters<typeof ParquetWriter>[0]['schema']>[number]

/** Elements of a field and of all that lies in it, in the order of the format's schema. */
function elementsOf([name, type]: Field): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const
  switch (type) {
    case 'int':
      return [{ ...optional, type: 'INT32' }]
    case 'double':
      return [{ ...optional, type: 'DOUBLE' }]
    case 'time':
      return [{ ...optional, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', logical_type: millisUtc }]
    case 'string':
      return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }]
  }
  if ('struct' in type) {
    return [{ ...optional, num_children: type.struct.length }, ...type.struct.flatMap(elementsOf)]
  }
  return [
    { ...optional, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    ...elementsOf(['element', type.list]),
  ]
}

const millisUtc = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } as const

/** A parquet file that takes records one by one and holds one row group. */
export class ParquetFile<Name extends string> {
  readonly #file: SummedFile
  readonly #fields: readonly Field<Name>[]
  readonly #bytes = new ByteWriter(1 << 20)
  readonly #writer: ParquetWriter
  #group: Readonly<Record<Name, unknown>>[] = []

  private constructor(file: SummedFile, { name, version, fields }: Table<Name>) {
    this.#file = file
    this.#fields = fields
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [{ name: 'root', num_children: fields.length }, ...fields.flatMap(elementsOf)],
      codec: 'SNAPPY',
      createdBy: 'pairmill',
      kvMetadata: [
        { key: nameKey, value: name },
        { key: versionKey, value: String(version) },
      ],
    })
  }

  static async create<Name extends string>(path: string, table: Table<Name>): Promise<ParquetFile<Name>> {
    return new ParquetFile(await SummedFile.create(path), table)
  }

  async append(record: Readonly<Record<Name, unknown>>): Promise<void> {
    this.#group.push(record)
    if (this.#group.length >= rowGroupRows) await this.#endGroup()
  }

  async finish(): Promise<FileSums> {
    if (this.#group.length > 0) await this.#endGroup()
    await this.#writer.finish()
    await this.#drain()
    return await this.#file.finish()
  }

  async abandon(): Promise<void> {
    await this.#file.abandon()
  }

  async #endGroup(): Promise<void> {
    const group = this.#group
    this.#group = []
    const columnData = this.#fields.map(([name, type]) => ({
      name,
      data: group.map((record) => cellOf(record[name], type)),
    }))
    await this.#writer.write({ columnData, rowGroupSize: rowGroupRows })
    await this.#drain()
  }

  /** Hands what was encoded to the file; `offset`, from which the format's positions come, goes on counting. */
  async #drain(): Promise<void> {
    await this.#file.append(this.#bytes.getBytes())
    this.#bytes.index = 0
  }
}

/** A value as the writer takes it: it knows times by Date, as they are read back too, and wants every field of a struct. */
function cellOf(value: unknown, type: FieldType): unknown {
  if (value === null || value === undefined) return null
  if (type === 'time') return typeof value === 'string' ? dateOf(value) : value instanceof Date ? value : null
  if (typeof type === 'string') return value
  if ('list' in type) return Array.isArray(value) ? value.map((one) => cellOf(one, type.list)) : null
  const record = value as Readonly<Record<string, unknown>>
  return Object.fromEntries(type.struct.map(([name, inner]) => [name, cellOf(record[name], inner)]))
}

/** null = the text names no time. */
function dateOf(text: string): Date | null {
  const date = new Date(text)
  return Number.isNaN(date.getTime()) ? null : date
}
