import type { Cell, Param, Row, Tables } from '../query/index.js'

/** Asks one select and has all of its rows; `step`: what is asked, for people who wait. */
export type Ask = (step: string, sql: string, params?: readonly Param[]) => Promise<readonly Row[]>

export function askOf(tables: Pick<Tables, 'rows'>, onStep: (step: string) => void): Ask {
  return async (step, sql, params = []) => {
    onStep(step)
    const all: Row[] = []
    for await (const rows of tables.rows(sql, params)) all.push(...rows)
    return all
  }
}

/** A cell of a text; '' where there is none. Pure. */
export const textIn = (cell: Cell | undefined): string => (typeof cell === 'string' ? cell : '')

/** Pure. */
export const textOrNull = (cell: Cell | undefined): string | null => (typeof cell === 'string' ? cell : null)

/** A cell of a number, 0 where there is none. Pure. */
export const numberIn = (cell: Cell | undefined): number => numberOrNull(cell) ?? 0

/** Pure. */
export function numberOrNull(cell: Cell | undefined): number | null {
  const number = typeof cell === 'bigint' ? Number(cell) : cell
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** A cell of a list; empty where there is none. Pure. */
export const listIn = (cell: Cell | undefined): readonly Cell[] => (Array.isArray(cell) ? cell : [])

/** A cell of a struct. Pure. */
export const structIn = (cell: Cell | undefined): Row =>
  typeof cell === 'object' && cell !== null && !Array.isArray(cell) ? (cell as Row) : {}
