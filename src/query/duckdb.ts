import { createRequire } from 'node:module'
import { messageOf } from '../records/index.js'

export type Duckdb = typeof import('@duckdb/node-api')

/** DuckDB cannot be had here; `message`: why, and what to do. */
export interface MissingDuckdb {
  readonly kind: 'missing-duckdb'
  readonly message: string
}

const packageName = '@duckdb/node-api'

/** An optional dependency of 70 MB: it is loaded where a command needs it, and may have been left out. */
export const loadDuckdb = async (): Promise<Duckdb> => await import('@duckdb/node-api')

/** Whether it can be had here. */
export async function hasDuckdb(): Promise<boolean> {
  try {
    await loadDuckdb()
    return true
  } catch {
    // Why it cannot is told by who needs it.
    return false
  }
}

/** `error`: of loading it. */
export function missingDuckdb(error: unknown): MissingDuckdb {
  const { optionalDependencies } = createRequire(import.meta.url)('../../package.json') as {
    readonly optionalDependencies: Readonly<Record<string, string>>
  }
  return {
    kind: 'missing-duckdb',
    message: missingText(error, optionalDependencies[packageName] ?? 'latest'),
  }
}

/** A package that is not there is said as that; of anything else, such as a C library that is too old, the words are told. Pure. */
export function missingText(error: unknown, version: string): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const isAbsent = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  const why = isAbsent ? 'is not installed' : `cannot be loaded (${messageOf(error)})`
  return `this needs DuckDB, which ${why}; install it with: npm install --no-save ${packageName}@${version}`
}
