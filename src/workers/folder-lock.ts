import { randomUUID } from 'node:crypto'
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** Who holds a folder. `startedTicks` tells a process from a later one with the same pid; null = not known on this system. */
export interface LockOwner {
  readonly pid: number
  readonly startedTicks: string | null
  readonly since: string
}

export type FolderLock =
  | { readonly kind: 'held'; release(): void }
  | { readonly kind: 'taken'; readonly owner: LockOwner }

const lockName = 'lock'

/**
 * Takes the lock of a run's folder, before anything in it is opened: two processes on one database folder destroy it. A lock whose
 * process is gone is taken over.
 */
export function lockFolder(privateDir: string, now: Date): FolderLock {
  mkdirSync(privateDir, { recursive: true })
  const path = join(privateDir, lockName)
  const own: LockOwner = {
    pid: process.pid,
    startedTicks: startedTicks(process.pid),
    since: now.toISOString(),
  }
  for (;;) {
    if (claim(privateDir, path, own)) return { kind: 'held', release: () => release(path, own) }
    const owner = readOwner(path)
    if (owner !== null && isAlive(owner)) return { kind: 'taken', owner }
    takeAway(privateDir, path, owner)
  }
}

/** Who holds the folder now; null = nobody. */
export function lockOwner(privateDir: string): LockOwner | null {
  const owner = readOwner(join(privateDir, lockName))
  return owner !== null && isAlive(owner) ? owner : null
}

/** link() fails where the name is taken: the lock appears whole or not at all. */
function claim(privateDir: string, path: string, own: LockOwner): boolean {
  const draft = join(privateDir, `${lockName}.${randomUUID()}`)
  const file = openSync(draft, 'wx')
  writeSync(file, JSON.stringify(own))
  closeSync(file)
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(draft)
  }
}

/** Moves a dead lock aside. If it was another's new one by then, it is put back: that other has won. */
function takeAway(privateDir: string, path: string, dead: LockOwner | null): void {
  const grave = join(privateDir, `${lockName}.${randomUUID()}`)
  try {
    renameSync(path, grave)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  const moved = readOwner(grave)
  if (moved !== null && (moved.pid !== dead?.pid || moved.startedTicks !== dead.startedTicks))
    linkSync(grave, path)
  rmSync(grave, { force: true })
}

function release(path: string, own: LockOwner): void {
  const owner = readOwner(path)
  if (owner?.pid === own.pid && owner.startedTicks === own.startedTicks) rmSync(path, { force: true })
}

function readOwner(path: string): LockOwner | null {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  try {
    const owner = JSON.parse(text) as LockOwner
    return typeof owner.pid === 'number' ? owner : null
  } catch {
    // A lock is written whole; one that cannot be read is nobody's.
    return null
  }
}

function isAlive(owner: LockOwner): boolean {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives and is another user's.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const ticks = startedTicks(owner.pid)
  return ticks === null || owner.startedTicks === null || ticks === owner.startedTicks
}

/** Field 22 of /proc/PID/stat: when the process started, in clock ticks since boot. The name before it may hold spaces. */
function startedTicks(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    // No /proc on this system, or the process is gone, which kill() has told already.
    return null
  }
}
