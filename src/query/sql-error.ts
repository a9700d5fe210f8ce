import { messageOf } from '../records/index.js'

/** A statement that cannot be carried out. What it says is DuckDB's, for people. */
export class SqlError extends Error {
  /** `statement`: it is wrong, or refused; `surroundings`: a file, the memory or the disk does not allow it. */
  readonly blames: 'statement' | 'surroundings'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'SqlError'
    this.blames = /^(?:IO|Out of Memory|Internal|INTERNAL|Fatal|FATAL|TransactionContext) Error/.test(message)
      ? 'surroundings'
      : 'statement'
  }
}

/** Whatever DuckDB throws is a plain Error that says what is wrong; what it was about when it did is left out. */
export function sqlErrorOf(error: unknown): SqlError {
  if (error instanceof SqlError) return error
  return new SqlError(messageOf(error).replace(/^Failed to \w+(?: \w+)*: (?=[A-Z])/, ''), error)
}
