/** Whether a cell of a record says nothing: null, or a list of nothing. Pure. */
export const isEmptyCell = (value: unknown): boolean =>
  value === null || (Array.isArray(value) && value.length === 0)

/** A cell of a record as it is meant: version 1 had lists and structs as JSON texts. Pure. */
export function cellOf(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
