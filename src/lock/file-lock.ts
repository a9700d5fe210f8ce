import { randomUUID } from 'node:crypto'
import { lstatSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { BeatData, BeatLost } from './beat-thread.js'
import { createFence, isFileError, isLost, type LockFence, type LockOwner, lose } from './fence/index.js'
import { claim, giveBack, type Lock, readChain, succeed, sweepBeside } from './lock-file.js'
import { lifeOf, nameOf, ownIdentity } from './owner.js'

export interface HeldLock {
  readonly kind: 'held'
  /** For the threads that write what the lock guards. */
  readonly fence: LockFence
  /** Told once, at once where it is so already: nothing more may be written. */
  onLost(listener: (error: LockLostError) => void): void
  /** null = it is held. */
  lost(): LockLostError | null
  release(): Promise<void>
}

export type FileLock =
  | HeldLock
  | { readonly kind: 'taken'; readonly owner: LockOwner }
  /** Something else lies there, or the file system refuses. `message` names the path. */
  | { readonly kind: 'unusable'; readonly message: string }
  /** The signal came while another holder was watched. */
  | { readonly kind: 'stopped' }

/** The lock went to another while this process stood still, or can no longer be kept. What it says is for people. */
export class LockLostError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'LockLostError'
  }
}

interface LockWish {
  readonly path: string
  /** Files that whoever holds it rewrites too: how a holder of an early version, which does not beat, is seen to live. */
  readonly signs: readonly string[]
  /** A holder of which nothing is known here is watched from now on. */
  readonly onWatch: (owner: LockOwner) => void
}

/** Surroundings that the lock depends on. */
export interface LockSurroundings {
  readonly now: () => Date
  /** Steady, from anywhere. */
  readonly elapsedMs: () => number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly beatEveryMs: number
  /** Time for which a holder of another machine, boot or PID namespace may leave the lock as it is. Three beats. */
  readonly watchMs: number
  readonly lookEveryMs: number
}

export const systemSurroundings: LockSurroundings = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
  beatEveryMs: 5_000,
  watchMs: 15_000,
  lookEveryMs: 500,
}

/**
 * Takes the lock at a path. A holder that lives is refused at once, one that is known to be dead taken over at once; any other is watched, by whether the
 * lock's bytes change and not by its clock.
 */
export async function takeLock(
  wish: LockWish,
  signal: AbortSignal,
  surroundings: LockSurroundings = systemSurroundings,
): Promise<FileLock> {
  const { path } = wish
  try {
    for (;;) {
      const found = await look(wish, signal, surroundings)
      if (found.kind !== 'free' && found.kind !== 'dead') return found
      const takenAtMs = Date.now()
      const sureMs = (2 * surroundings.watchMs) / 3
      const isFresh = () => Math.abs(Date.now() - takenAtMs) < sureMs
      const owner = { ...ownIdentity(), since: surroundings.now().toISOString() }
      const token = randomUUID()
      const taken =
        found.kind === 'free' ? claim(path, owner, token) : succeed(path, found.lock, owner, token, isFresh)
      if (!taken) continue
      sweepBeside(path, token)
      return hold(createFence(path, token, owner, sureMs, takenAtMs), surroundings.beatEveryMs)
    }
  } catch (error) {
    if (!isFileError(error)) throw error
    return { kind: 'unusable', message: `${path} cannot be made a lock: ${error.message}` }
  }
}

/** Holder of the lock at a path now; null = nobody, or nobody that can be told. */
export async function lockOwner(
  wish: LockWish,
  signal: AbortSignal,
  surroundings: LockSurroundings = systemSurroundings,
): Promise<LockOwner | null> {
  const found = await look(wish, signal, surroundings)
  return found.kind === 'taken' ? found.owner : null
}

type Found =
  | { readonly kind: 'free' }
  | { readonly kind: 'dead'; readonly lock: Lock }
  | Exclude<FileLock, HeldLock>

/** Looks until it is known whether the lock is held. */
async function look(wish: LockWish, signal: AbortSignal, surroundings: LockSurroundings): Promise<Found> {
  const { elapsedMs, watchMs, lookEveryMs } = surroundings
  let watched: { readonly bytes: string; readonly sinceMs: number } | null = null
  while (!signal.aborted) {
    const chain = readChain(wish.path)
    if ('message' in chain) return { kind: 'unusable', message: chain.message }
    const lock = chain.at(-1)
    if (lock === undefined) return { kind: 'free' }
    const life = lifeOf(lock.owner, ownIdentity())
    if (life === 'alive') return { kind: 'taken', owner: lock.owner }
    if (life === 'dead') return { kind: 'dead', lock }
    const bytes = [lock.text, ...wish.signs.map(signOf)].join('\n')
    if (watched === null) {
      watched = { bytes, sinceMs: elapsedMs() }
      wish.onWatch(lock.owner)
    }
    if (watched.bytes !== bytes) return { kind: 'taken', owner: lock.owner }
    const leftMs = watched.sinceMs + watchMs - elapsedMs()
    if (leftMs <= 0) return { kind: 'dead', lock }
    await surroundings.sleep(Math.min(leftMs, lookEveryMs), signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }
  return { kind: 'stopped' }
}

/** Mark of a file that changes where it is written anew. The file is not opened: it may be anything. */
function signOf(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  return stats === undefined ? '' : `${stats.ino} ${stats.size} ${stats.mtimeMs}`
}

const require = createRequire(import.meta.url)

function hold(fence: LockFence, everyMs: number): HeldLock {
  const workerData: BeatData = { fence, everyMs }
  const thread = new Worker(require.resolve('#threads/lock/beat-thread.js'), { workerData })
  // A process that forgets to let go must not be kept from ending by this thread.
  thread.unref()
  const listeners: ((error: LockLostError) => void)[] = []
  let told: LockLostError | null = null
  const tell = (why: string | null) => {
    lose(fence)
    if (told !== null) return
    told = lossOf(fence, why)
    for (const listener of listeners) listener(told)
  }
  thread.on('message', ({ why }: BeatLost) => tell(why))
  thread.on('error', (error) => tell(error instanceof Error ? error.message : String(error)))
  return {
    kind: 'held',
    fence,
    onLost: (listener) => {
      listeners.push(listener)
      if (told !== null) listener(told)
    },
    lost: () => told ?? (isLost(fence) ? lossOf(fence, null) : null),
    release: async () => {
      await thread.terminate()
      if (!isLost(fence)) giveBack(fence.path, fence.owner, fence.token)
    },
  }
}

function lossOf({ path, owner }: LockFence, why: string | null): LockLostError {
  if (why !== null) return new LockLostError(`${path} can no longer be kept: ${why}`)
  const chain = readChain(path)
  const next = 'message' in chain ? undefined : chain.at(-1)?.owner
  return new LockLostError(
    next === undefined
      ? `${path} was removed while this process worked under it`
      : `${path} went to ${nameOf(next, owner)} since ${next.since}: this process stood still for too long, was stopped perhaps`,
  )
}
