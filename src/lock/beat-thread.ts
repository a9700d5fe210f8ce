import { parentPort, workerData } from 'node:worker_threads'
import { beat, type LockFence, lose } from './fence/index.js'

// Keeps a lock alive, in a thread of its own: whatever holds up the other threads does not hold up the beats.

export interface BeatData {
  readonly fence: LockFence
  readonly everyMs: number
}

/** Sent once, when the lock is lost. `why`: the file system's fault; null = another has it. */
export interface BeatLost {
  readonly why: string | null
}

/** Beats in a row that may fail: after the next one others may take this holder for dead. */
const mostFailures = 1

const { fence, everyMs } = workerData as BeatData
let failures = 0

const timer = setInterval(() => {
  const lost = beaten()
  if (lost === null) return
  clearInterval(timer)
  parentPort?.postMessage(lost)
}, everyMs)

function beaten(): BeatLost | null {
  try {
    const held = beat(fence, Date.now()) === 'held'
    failures = 0
    return held ? null : { why: null }
  } catch (error) {
    if (++failures <= mostFailures) return null
    lose(fence)
    return { why: error instanceof Error ? error.message : String(error) }
  }
}
