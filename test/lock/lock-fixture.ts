import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type FileLock, type LockSurroundings, systemSurroundings, takeLock } from '../../src/lock/index.js'
import { lockText } from '../../src/lock/lock-file.js'
import { type LockOwner, ownIdentity } from '../../src/lock/owner.js'

export const calm = new AbortController().signal
export const since = '2026-01-02T03:04:05.000Z'

/** A folder that goes with the test, and where a lock may lie in it. */
export function newLock(): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'pairmill-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return { folder, path: join(folder, 'lock') }
}

/** Of another machine, of which nothing can be known here. */
export const stranger: LockOwner = {
  pid: 7,
  startedTicks: '1234',
  since,
  host: 'other-machine',
  bootId: '5ca1ab1e-0000-4000-8000-000000000000',
  pidNamespace: 'pid:[1]',
}
/** Of this machine, and gone: its pid is this process's, which began later. */
export const gone = (): LockOwner => ({ ...ownIdentity(), startedTicks: '1', since })
export const living = (): LockOwner => ({ ...ownIdentity(), since })

export function writeLock(path: string, owner: LockOwner, token: string, beat = 0): void {
  writeFileSync(path, lockText(owner, token, beat))
}

export const holderIn = (path: string) =>
  JSON.parse(readFileSync(path, 'utf8')) as LockOwner & { token: string }

/** A clock that goes when it is slept by, so that no time passes; `after(n)` is called with each sleep, counted from 1. */
export function fakeSurroundings(after: (sleeps: number) => void = () => {}): LockSurroundings {
  let nowMs = 0
  let sleeps = 0
  return {
    ...systemSurroundings,
    now: () => new Date(since),
    elapsedMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms
      after(++sleeps)
    },
  }
}

/** Takes a lock, which is let go of with the test. `watched`: the holders that it looked at for a while. */
export async function take(
  path: string,
  surroundings: LockSurroundings = fakeSurroundings(),
  { signs = [], signal = calm }: { signs?: string[]; signal?: AbortSignal } = {},
): Promise<{ lock: FileLock; watched: LockOwner[] }> {
  const watched: LockOwner[] = []
  const lock = await takeLock({ path, signs, onWatch: (owner) => watched.push(owner) }, signal, surroundings)
  if (lock.kind === 'held') onTestFinished(() => lock.release())
  return { lock, watched }
}

export async function held(path: string, surroundings = fakeSurroundings()) {
  const { lock } = await take(path, surroundings)
  if (lock.kind !== 'held') throw new Error(`it is ${lock.kind}`)
  return lock
}
