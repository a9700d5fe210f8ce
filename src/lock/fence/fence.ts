import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { isMissing, isTaken, isTextOf, type LockOwner, lockText, successorOf, textIn } from './lock-text.js'

/** Fence by which any thread of the holder sees whether the lock is still held. Can be sent to threads, which share its state. */
export interface LockFence {
  readonly path: string
  readonly token: string
  readonly owner: LockOwner
  /** Age of the last beat up to which nobody can have taken over; beyond it the lock is looked at anew. */
  readonly sureMs: number
  /** Three 64-bit integers: by `slots`. */
  readonly shared: SharedArrayBuffer
}

/** `beatAt`: of the last beat, by this machine's clock. `lost`: 1 = for good. */
const slots = { beatAt: 0, beats: 1, lost: 2 } as const

export function createFence(
  path: string,
  token: string,
  owner: LockOwner,
  sureMs: number,
  takenAtMs: number,
): LockFence {
  const fence = { path, token, owner, sureMs, shared: new SharedArrayBuffer(24) }
  Atomics.store(stateOf(fence), slots.beatAt, BigInt(takenAtMs))
  return fence
}

const stateOf = ({ shared }: LockFence) => new BigInt64Array(shared)

/**
 * Shows that the holder lives, and whether it is the holder still. A watcher sees the beat before it takes over, or this one sees its
 * successor here: each writes before it looks. It is written in place, into a file that was seen to be the own lock, so what another put there meanwhile is
 * never overwritten. Throws where the file system fails.
 */
export function beat(fence: LockFence, nowMs: number): 'held' | 'lost' {
  const state = stateOf(fence)
  if (isLost(fence)) return 'lost'
  if (!writeBeat(fence, Number(Atomics.add(state, slots.beats, 1n)) + 1)) return lose(fence)
  if (isTaken(successorOf(fence.path, fence.token))) return lose(fence)
  Atomics.store(state, slots.beatAt, BigInt(nowMs))
  return 'held'
}

/** false = the lock is another's, or gone. */
function writeBeat({ path, token, owner }: LockFence, count: number): boolean {
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      if (!isTextOf(textIn(file), owner, token)) return false
      writeSync(file, lockText(owner, token, count), 0)
      return true
    } finally {
      closeSync(file)
    }
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Whether the holder may go on. Costs nothing while beats are young; after a standstill it is a beat. Throws where the file system fails. */
export function mayGoOn(fence: LockFence, nowMs: number): boolean {
  if (isLost(fence)) return false
  const ageMs = nowMs - Number(Atomics.load(stateOf(fence), slots.beatAt))
  // A clock that was set back is no proof of youth.
  return (ageMs >= 0 && ageMs <= fence.sureMs) || beat(fence, nowMs) === 'held'
}

export const isLost = (fence: LockFence): boolean => Atomics.load(stateOf(fence), slots.lost) === 1n

export function lose(fence: LockFence): 'lost' {
  Atomics.store(stateOf(fence), slots.lost, 1n)
  return 'lost'
}
