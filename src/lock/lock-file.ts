import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { isFileError, isMissing, type LockOwner, lockText, successorOf, textIn } from './fence/index.js'
import { ownerSchema } from './owner.js'

// How a lock passes from one to the next, on file systems that can create a name once (link) and no more.
//
// A lock has a random token. The right to change a lock with token T belongs to who creates the file `PATH.T`, its successor: one of any
// number who try. It holds the record of who did, so a lock whose successor was killed there is not stuck: the last of the chain PATH,
// PATH.T, PATH.T2, ... is who holds it. A taker of a dead lock creates its successor and then renames that onto PATH; a holder who lets
// go creates its own successor and removes both. Who creates a successor of a lock that is no longer there sees so and removes it again.

const recordSchema = ownerSchema.extend({
  /** Absent in locks of early versions, and part of a file name. */
  token: z.uuid().optional(),
})

/** A lock as it lies there. `text`: its bytes, which its holder changes while it lives. */
export interface Lock {
  readonly owner: LockOwner
  readonly token: string
  readonly text: string
}
type LockFile =
  | { readonly kind: 'none' }
  | { readonly kind: 'lock'; readonly lock: Lock }
  /** `message` names the path. */
  | { readonly kind: 'unusable'; readonly message: string }

/** Reads the file at a path, which anybody may have put there: never waits, follows no link, opens nothing but a file. */
export function readLockFile(path: string): LockFile {
  try {
    const stats = lstatSync(path)
    if (!stats.isFile()) return noLock(path, `is ${kindOf(stats)}`)
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const lock = lockIn(file)
      return lock === null ? noLock(path, 'holds something else') : { kind: 'lock', lock }
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (isMissing(error)) return { kind: 'none' }
    if (!isFileError(error)) throw error
    return noLock(path, `cannot be read (${error.message})`)
  }
}

function noLock(path: string, what: string): LockFile {
  const message = `${path} is the name of a lock and ${what}: see whose it is, and move it away`
  return { kind: 'unusable', message }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder'
  if (stats.isSymbolicLink()) return 'a symbolic link'
  if (stats.isFIFO()) return 'a fifo'
  return stats.isSocket() ? 'a socket' : 'a device'
}

/** The lock in an open file; null = it holds none. */
function lockIn(file: number): Lock | null {
  const text = textIn(file)
  const record = recordSchema.safeParse(parsed(text))
  if (!record.success) return null
  const { token, ...owner } = record.data
  return { owner, text, token: token ?? createHash('sha256').update(text).digest('hex').slice(0, 32) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The lock at a path and its successors; empty = it is free. The last one counts. */
export function readChain(path: string): readonly Lock[] | { readonly message: string } {
  const chain: Lock[] = []
  for (let at = path; ; ) {
    const found = readLockFile(at)
    if (found.kind === 'unusable') return { message: found.message }
    if (found.kind === 'none') return chain
    if (chain.some(({ token }) => token === found.lock.token)) {
      return { message: `${at} repeats another lock: move it away` }
    }
    chain.push(found.lock)
    at = successorOf(path, found.lock.token)
  }
}

/** Takes a free lock; false = it is taken. */
export function claim(path: string, owner: LockOwner, token: string): boolean {
  return create(path, path, owner, token)
}

/**
 * Takes over from the last of the chain, which is `dead`; false = another did, or it lives after all. `isFresh` says whether too little time has gone by
 * since this was begun for others to take this one for dead.
 */
export function succeed(
  path: string,
  dead: Lock,
  owner: LockOwner,
  token: string,
  isFresh: () => boolean,
): boolean {
  const successor = successorOf(path, dead.token)
  if (!create(path, successor, owner, token)) return false
  const chain = readChain(path)
  if (!('message' in chain)) {
    const [before, last] = chain.slice(-2)
    const isMine = last?.token === token && before?.text === dead.text && isFresh()
    if (isMine) {
      renameSync(successor, path)
      return true
    }
    // Somebody took this one for dead already: the chain is theirs.
    if (last?.token !== token && chain.some((lock) => lock.token === token)) return false
  }
  rmSync(successor, { force: true })
  return false
}

/** Lets go of a lock, unless another has taken it over. */
export function giveBack(path: string, owner: LockOwner, token: string): void {
  const own = randomUUID()
  const successor = successorOf(path, token)
  if (!create(path, successor, owner, own)) return
  const chain = readChain(path)
  if (!('message' in chain) && chain.length === 2 && chain[1]?.token === own) rmSync(path, { force: true })
  rmSync(successor, { force: true })
}

/** Removes what those who were killed left beside a lock that this process holds. */
export function sweepBeside(path: string, token: string): void {
  const folder = dirname(path)
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(`${basename(path)}.`)) continue
    const rest = name.slice(basename(path).length + 1)
    if (/^(?:new\.)?[0-9a-f-]{32,36}$/.test(rest) && rest !== token)
      rmSync(join(folder, name), { force: true })
  }
}

/** The file appears whole or not at all, and is on the disk by then: a power cut must not leave an empty one. false = the name is taken. */
function create(path: string, name: string, owner: LockOwner, token: string): boolean {
  const draft = `${path}.new.${randomUUID()}`
  const file = openSync(draft, 'wx')
  try {
    writeSync(file, lockText(owner, token, 0))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  try {
    linkSync(draft, name)
    return true
  } catch (error) {
    if (isFileError(error) && error.code === 'EEXIST') {
      // NFS may say so of the link that it made, where its first answer was lost.
      const found = readLockFile(name)
      return found.kind === 'lock' && found.lock.token === token
    }
    // The draft was swept by one who has the lock by now.
    if (isMissing(error)) return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}
