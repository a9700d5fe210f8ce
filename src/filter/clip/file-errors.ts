const fileErrorCodes: readonly unknown[] = [
  'EACCES',
  'EDQUOT',
  'EIO',
  'EISDIR',
  'EMFILE',
  'ENOENT',
  'ENOSPC',
  'ENOTDIR',
  'EPERM',
  'EROFS',
]

/** Whether a file system call failed, as against the network or the code; its message names call and path. */
export function isFileError(cause: unknown): cause is NodeJS.ErrnoException {
  return (
    cause instanceof Error && 'syscall' in cause && 'code' in cause && fileErrorCodes.includes(cause.code)
  )
}

/** For a file system call's `catch`: maps 'no such file' to null, and rethrows what is worse. */
export function absent(cause: unknown): null {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null
  if (code === 'ENOENT' || code === 'ENOTDIR') return null
  throw cause
}
