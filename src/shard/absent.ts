/** What a call on the file system gives, or null where it names nothing. */
export async function orAbsent<T>(pending: Promise<T>): Promise<T | null> {
  try {
    return await pending
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    throw error
  }
}

/** The code of an error of the file system; undefined = it has none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
