/** Long work in pieces that each take far less than a slice: between two of them whoever runs it may let others go first. */
export type Steps<T> = Generator<void, T, void>

/** Waits until a slice may run. */
export type Turn = () => Promise<void>

/** Time that work runs on before it lets others go first. Usual pages take less. */
const sliceMs = 10

/** Runs work to its end on the spot. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/**
 * Runs work in slices and waits for a turn between two of them, so that timers, sockets and signals are served meanwhile. `worked` is told what
 * each slice took, in milliseconds. Throws the signal's reason.
 */
export async function inSlices<T>(
  steps: Steps<T>,
  { turn = nextTurn, worked }: { readonly turn?: Turn; readonly worked?: ((ms: number) => void) | undefined },
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    const startedAt = performance.now()
    let tookMs = 0
    while (tookMs < sliceMs) {
      const step = steps.next()
      tookMs = performance.now() - startedAt
      if (step.done !== true) continue
      worked?.(tookMs)
      return step.value
    }
    worked?.(tookMs)
    await turn()
  }
}

/** Turns of all the long work of a process: one slice in each round of the event loop, however much work waits, first come first served. */
export function createTurns(): Turn {
  const waiting: (() => void)[] = []
  const serve = () => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(serve)
  }
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve)
      if (waiting.length === 1) setImmediate(serve)
    })
}

const nextTurn: Turn = () => new Promise((resolve) => setImmediate(resolve))
