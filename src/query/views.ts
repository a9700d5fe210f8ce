import type { Field, FieldType } from '../shard/index.js'

/** Parquet files of a table that hold its columns in the same way, so that one reading takes all of them. */
export interface FileGroup {
  readonly files: readonly TableFile[]
  /** Columns that they have; `text` = one that should be a list or a struct is a JSON text, as in version 1. Others are null. */
  readonly columns: ReadonlyMap<string, 'typed' | 'text'>
}

export interface TableFile {
  /** Absolute. */
  readonly path: string
  /** Number of its dataset, from 0. */
  readonly source: number
  /** Shard, or file of the page ledger; null = a ledger of rows that kept nothing. */
  readonly number: number | null
}

/** Name and fields of a view, and what its two columns are called that say where a row stands. */
export interface ViewShape {
  readonly name: string
  readonly fields: readonly Field[]
  readonly source: string
  readonly number: string
}

/**
 * SQL of a view over files of any version, with the same columns and types whatever they hold; without files an empty one of these types. Pure.
 */
export function viewSql(shape: ViewShape, groups: readonly FileGroup[]): string {
  const selects = groups.map((group) => groupSql(shape, group))
  return `create view ${shape.name} as\n${selects.length === 0 ? emptySql(shape) : selects.join('\nunion all\n')}`
}

function groupSql({ fields, source, number }: ViewShape, { files, columns }: FileGroup): string {
  const cells = fields.map(
    ([name, type]) => `${cellSql(name, type, columns.get(name))} as ${quotedName(name)}`,
  )
  const of = (name: string, values: readonly (number | null)[]) =>
    `(${intsSql(values)})[file_index::bigint + 1] as ${quotedName(name)}`
  const places = [
    of(
      source,
      files.map((file) => file.source),
    ),
    of(
      number,
      files.map((file) => file.number),
    ),
  ]
  const paths = files.map(({ path }) => quoted(globOf(path))).join(', ')
  return `select ${[...cells, ...places].join(', ')}\nfrom read_parquet([${paths}], hive_partitioning = false)`
}

function emptySql({ fields, source, number }: ViewShape): string {
  const columns = [...fields, [source, 'int'] as const, [number, 'int'] as const]
  const cells = columns.map(([name, type]) => `null::${typeSql(type)} as ${quotedName(name)}`)
  return `select ${cells.join(', ')} where false`
}

/** `how`: undefined = the files have no such column. */
function cellSql(name: string, type: FieldType, how: 'typed' | 'text' | undefined): string {
  const column = quotedName(name)
  if (how === undefined) return `null::${typeSql(type)}`
  if (how === 'typed' || typeof type === 'string') return `${column}::${typeSql(type)}`
  return textSql(column, type)
}

/** A JSON text of version 1 as what it says. It wrote permissions as they are named here, and not in the columns: `checkedAt`. */
function textSql(column: string, type: Exclude<FieldType, string>): string {
  const parsed = `from_json(${column}, ${quoted(JSON.stringify(jsonShape(type)))})`
  if ('list' in type) return `coalesce(${parsed}, [])`
  const entries = type.struct.map(([name, inner]) => {
    const given = `struct_extract(${parsed}, ${quoted(textName(name))})`
    return `${quotedName(name)} := ${inner === 'time' ? `try_cast(${given} as timestamp)` : given}`
  })
  return `case when ${column} is null or ${column} = 'null' then null else struct_pack(${entries.join(', ')}) end`
}

function jsonShape(type: FieldType): unknown {
  if (type === 'double') return 'DOUBLE'
  if (type === 'int') return 'INTEGER'
  if (typeof type === 'string') return 'VARCHAR'
  if ('list' in type) return [jsonShape(type.list)]
  return Object.fromEntries(type.struct.map(([name, inner]) => [textName(name), jsonShape(inner)]))
}

/** `checked_at` is `checkedAt` in a JSON text. */
const textName = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

function typeSql(type: FieldType): string {
  switch (type) {
    case 'string':
      return 'varchar'
    case 'int':
      return 'integer'
    case 'double':
      return 'double'
    case 'time':
      return 'timestamp'
  }
  if ('list' in type) return `${typeSql(type.list)}[]`
  return `struct(${type.struct.map(([name, inner]) => `${quotedName(name)} ${typeSql(inner)}`).join(', ')})`
}

const intsSql = (values: readonly (number | null)[]): string =>
  `[${values.map((value) => value ?? 'null').join(', ')}]::integer[]`

/** A text as SQL writes it. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A path that names itself alone, where it is taken for a pattern. */
export const globOf = (path: string): string => path.replace(/[[*?]/g, '[$&]')
