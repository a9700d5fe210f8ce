/** Lets at most `limit` pieces of work run at once; the others wait in order. */
export type Semaphore = <T>(work: () => Promise<T>) => Promise<T>

/** `limit`: at least 1. Where it is asked for anew it may change: what runs beyond it then is waited for. */
export function createSemaphore(limit: number | (() => number)): Semaphore {
  const most = typeof limit === 'number' ? () => limit : limit
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (waiting.length === 0 && running < most()) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      running--
      while (waiting.length > 0 && running < most()) {
        // The place is handed to the next one directly: a newcomer must not slip in while that one wakes.
        running++
        waiting.shift()?.()
      }
    }
  }
}
