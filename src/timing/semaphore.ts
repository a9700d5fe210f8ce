/** Lets at most `limit` pieces of work run at once; the others wait in order. */
export type Semaphore = <T>(work: () => Promise<T>) => Promise<T>

export function createSemaphore(limit: number): Semaphore {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running < limit) running++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      // The place is handed to the next one directly: a newcomer must not slip in while that one wakes.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}
