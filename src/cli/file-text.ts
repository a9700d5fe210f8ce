import { messageOf } from '../records/index.js'
/** The text of a file, or why it cannot be had; completes "cannot read 'NAME': ...". */
export async function textOf(
  read: () => Promise<string>,
): Promise<{ readonly text: string } | { readonly unreadable: string }> {
  try {
    return { text: await read() }
  } catch (error) {
    return { unreadable: whyUnreadable(error) }
  }
}

/** Why a file could not be read, for people, by the error that reading it threw. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return fileErrors[code] ?? messageOf(error)
}

const fileErrors: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'reading it is not permitted',
  EISDIR: 'it is a folder',
}
