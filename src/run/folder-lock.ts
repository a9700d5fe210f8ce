import { dirname, join } from 'node:path'
import {
  type HeldLock,
  type LockOwner,
  type LockSurroundings,
  lockOwner,
  nameOf,
  ownIdentity,
  systemSurroundings,
  takeLock,
} from '../lock/index.js'

/** Rewritten about once a second by whoever holds the folder. */
export const statusName = 'status.json'

type FolderLock =
  | HeldLock
  /** `message` is for people. */
  | { readonly kind: 'taken'; readonly message: string }
  | { readonly kind: 'unusable'; readonly message: string }
  /** The signal came while another holder was watched. */
  | { readonly kind: 'stopped' }

/**
 * Takes the lock of a run's folder, before anything in it is opened: two processes on one database folder destroy it. `onNote` is told where it has to be
 * watched whether a holder lives.
 */
export async function lockFolder(
  privateDir: string,
  onNote: (text: string) => void,
  signal: AbortSignal,
  surroundings: LockSurroundings = systemSurroundings,
): Promise<FolderLock> {
  const folder = dirname(privateDir)
  const lock = await takeLock(wishFor(privateDir, onNote, surroundings), signal, surroundings)
  if (lock.kind !== 'taken') return lock
  return {
    kind: 'taken',
    message: `${folder} is in use by ${named(lock.owner)}: wait for it, stop it, or choose another folder`,
  }
}

/** Whether somebody holds the folder now. `onNote` as above. */
export async function isFolderHeld(
  privateDir: string,
  onNote: (text: string) => void,
  surroundings: LockSurroundings = systemSurroundings,
): Promise<boolean> {
  const signal = new AbortController().signal
  return (await lockOwner(wishFor(privateDir, onNote, surroundings), signal, surroundings)) !== null
}

function wishFor(privateDir: string, onNote: (text: string) => void, { watchMs }: LockSurroundings) {
  return {
    path: join(privateDir, 'lock'),
    signs: [join(privateDir, statusName)],
    onWatch: (owner: LockOwner) =>
      onNote(
        `${dirname(privateDir)} was in use by ${named(owner)}: looking for up to ${watchMs / 1000} s whether it still is`,
      ),
  }
}

const named = (owner: LockOwner) => `${nameOf(owner, ownIdentity())} since ${owner.since}`
