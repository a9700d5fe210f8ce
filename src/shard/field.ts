/**
 * Type of a field, as JSON and parquet hold it: `int` is 32 bits wide, `time` is ISO 8601 in JSON and in parquet a TIMESTAMP of milliseconds
 * in UTC. Every field may be null.
 */
export type FieldType =
  | 'string'
  | 'int'
  | 'double'
  | 'time'
  | { readonly list: FieldType }
  | { readonly struct: readonly Field[] }

export type Field<Name extends string = string> = readonly [name: Name, type: FieldType]

/**
 * Declaration of fields for the `datasets` library, as the `dataset_info` of a card in YAML, `indent` columns from the left. It would else take
 * what is null in the first samples for null in all of them.
 */
export function featureLines(fields: readonly Field[], indent: number): string[] {
  const margin = ' '.repeat(indent)
  return fields.flatMap(([name, type]) => [`${margin}- name: ${name}`, ...typeLines(type, indent + 2)])
}

function typeLines(type: FieldType, indent: number): string[] {
  const margin = ' '.repeat(indent)
  if (typeof type === 'string') return [`${margin}dtype: ${dtypes[type]}`]
  if ('struct' in type) return [`${margin}struct:`, ...featureLines(type.struct, indent)]
  const { list } = type
  if (typeof list === 'string') return [`${margin}list: ${dtypes[list]}`]
  if ('struct' in list) return [`${margin}list:`, ...featureLines(list.struct, indent)]
  throw new RangeError('a list of lists has no declaration here')
}

/** In KEY.json a time is text. */
const dtypes = { string: 'string', int: 'int32', double: 'float64', time: 'string' } as const
