import { lstatSync, readSync } from 'node:fs'

/** Holder of a lock. null = not known: on a system without /proc, or in a lock of an early version, which says no more than pid, start and time. */
export interface LockOwner {
  readonly pid: number
  /** When it started, in clock ticks since boot: tells a process from a later one with the same pid. */
  readonly startedTicks: string | null
  /** ISO 8601. */
  readonly since: string
  readonly host: string | null
  /** Of the kernel: another one at every boot of every machine. */
  readonly bootId: string | null
  /** In which the pid counts: containers of one machine have one each. */
  readonly pidNamespace: string | null
}

const mostBytes = 4096

export const successorOf = (path: string, token: string): string => `${path}.${token}`

/** The texts of one lock differ in digits alone: whatever a reader sees of two that cover each other is whole. */
export function lockText(owner: LockOwner, token: string, beat: number): string {
  return `${JSON.stringify({ ...owner, token, beat: String(beat).padStart(16, '0') })}\n`
}

/** Whether a text is that of one lock, after any number of beats. Pure. */
export function isTextOf(text: string, owner: LockOwner, token: string): boolean {
  const beat = /"beat":"(\d{16})"\}\n$/.exec(text)?.[1]
  return beat !== undefined && text === lockText(owner, token, Number(beat))
}

/** Text of a lock in an open file, as far as one can be long. */
export function textIn(file: number): string {
  const bytes = Buffer.alloc(mostBytes)
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, mostBytes, 0))
}

/** false = nothing lies there. What cannot be looked at does. */
export function isTaken(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    if (!isFileError(error)) throw error
    return true
  }
}

export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}

/** ESTALE: NFS, of a file that was renamed or removed meanwhile. */
export function isMissing(error: unknown): boolean {
  return isFileError(error) && (error.code === 'ENOENT' || error.code === 'ESTALE')
}
