import { messageOf } from '../records/index.js'

/** A statement that cannot be carried out: it is wrong, it is refused, or memory does not suffice. What it says is DuckDB's, for people. */
export class SqlError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'SqlError'
  }
}

/** Whatever DuckDB throws is a plain Error that says what is wrong; what it was about when it did is left out. */
export function sqlErrorOf(error: unknown): SqlError {
  if (error instanceof SqlError) return error
  return new SqlError(messageOf(error).replace(/^Failed to \w+(?: \w+)*: (?=[A-Z])/, ''), error)
}
