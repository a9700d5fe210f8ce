import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import type { SampleRecord } from './sample-record.js'
import { type FileSums, SummedFile } from './summed-file.js'

/** Rows in a row group, which is what is held in memory. */
export const rowGroupRows = 2000

/** `json` = a JSON text in a string column, which every reader has. */
export type Column<Name extends string> = readonly [name: Name, type: 'string' | 'int' | 'double' | 'json']

/** The columns of samples, in order. */
export const parquetColumns: readonly Column<keyof SampleRecord>[] = [
  ['caption', 'string'],
  ['url', 'string'],
  ['key', 'string'],
  ['status', 'string'],
  ['error_message', 'string'],
  ['width', 'int'],
  ['height', 'int'],
  ['original_width', 'int'],
  ['original_height', 'int'],
  ['exif', 'string'],
  ['sha256', 'string'],
  ['stored_sha256', 'string'],
  ['page_url', 'string'],
  ['captions', 'json'],
  ['clip_score', 'double'],
  ['model_id', 'string'],
  ['phash', 'string'],
  ['language', 'string'],
  ['licence_url', 'string'],
  ['permission', 'json'],
  ['tags', 'json'],
  ['duplicate_of', 'string'],
  ['error_detail', 'string'],
  ['page_permission', 'json'],
  ['credit', 'string'],
]

function schemaOf(
  columns: readonly Column<string>[],
): ConstructorParameters<typeof ParquetWriter>[0]['schema'] {
  return [
    { name: 'root', num_children: columns.length },
    ...columns.map(([name, type]) => {
      if (type === 'int') return { name, type: 'INT32' as const, repetition_type: 'OPTIONAL' as const }
      if (type === 'double') return { name, type: 'DOUBLE' as const, repetition_type: 'OPTIONAL' as const }
      return {
        name,
        type: 'BYTE_ARRAY' as const,
        converted_type: 'UTF8' as const,
        repetition_type: 'OPTIONAL' as const,
      }
    }),
  ]
}

/** A parquet file that takes records one by one and holds one row group. */
export class ParquetFile<Name extends string> {
  readonly #file: SummedFile
  readonly #columns: readonly Column<Name>[]
  readonly #bytes = new ByteWriter(1 << 20)
  readonly #writer: ParquetWriter
  #group: Readonly<Record<Name, unknown>>[] = []

  private constructor(file: SummedFile, columns: readonly Column<Name>[]) {
    this.#file = file
    this.#columns = columns
    const schema = schemaOf(columns)
    this.#writer = new ParquetWriter({ writer: this.#bytes, schema, codec: 'SNAPPY', createdBy: 'pairmill' })
  }

  static async create<Name extends string>(
    path: string,
    columns: readonly Column<Name>[],
  ): Promise<ParquetFile<Name>> {
    return new ParquetFile(await SummedFile.create(path), columns)
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
    const columnData = this.#columns.map(([name, type]) => ({
      name,
      data: group.map((record) => (type === 'json' ? jsonCell(record[name]) : record[name])),
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

function jsonCell(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value)
}
