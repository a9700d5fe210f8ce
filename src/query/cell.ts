import type { DuckDBType, DuckDBValueConverter } from '@duckdb/node-api'
import type { Duckdb } from './duckdb.js'

/**
 * Value of a cell. Whole numbers are numbers as long as these are exact, else bigints; times are ISO 8601 texts in UTC; what has no like in
 * JSON, such as an interval, is the text that DuckDB prints.
 */
export type Cell =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Cell[]
  | { readonly [name: string]: Cell }

/** A row by the names of its columns; the second one of a name is `NAME:1`. */
export type Row = Readonly<Record<string, Cell>>

/** How the values of this DuckDB become cells. */
export function cellConverter(duckdb: Duckdb): DuckDBValueConverter<Cell> {
  const convert: DuckDBValueConverter<Cell> = (value, type) => {
    if (value === null) return null
    if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value
    if (typeof value === 'bigint') return numberOf(value)
    if (value instanceof duckdb.DuckDBListValue || value instanceof duckdb.DuckDBArrayValue) {
      const inner = 'valueType' in type ? (type.valueType as DuckDBType) : duckdb.ANY
      return value.items.map((item) => convert(item, inner, convert))
    }
    if (value instanceof duckdb.DuckDBStructValue) {
      const names = 'entryNames' in type ? (type.entryNames as readonly string[]) : []
      const types = 'entryTypes' in type ? (type.entryTypes as readonly DuckDBType[]) : []
      return Object.fromEntries(
        Object.entries(value.entries).map(([name, entry]) => {
          return [name, convert(entry, types[names.indexOf(name)] ?? duckdb.ANY, convert)]
        }),
      )
    }
    if (value instanceof duckdb.DuckDBDecimalValue) return value.toDouble()
    if (value instanceof duckdb.DuckDBTimestampValue || value instanceof duckdb.DuckDBTimestampTZValue) {
      return timeOf(value.micros) ?? String(value)
    }
    return String(value)
  }
  return convert
}

function numberOf(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** null = it is beyond what a Date holds: infinity, for one. */
function timeOf(micros: bigint): string | null {
  const date = new Date(Number(micros / 1000n))
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
