/** Calls back when a signal is aborted; returns what takes that back. The signal must not be aborted yet. */
export type OnAbort = (signal: AbortSignal, callback: () => void) => () => void

/**
 * One listener a signal, however many wait for it: hundreds of exchanges share one, for which an EventTarget
 * warns of a leak and searches its list at every change.
 */
export function sharedOnAbort(): OnAbort {
  const waiting = new WeakMap<AbortSignal, { callbacks: Set<() => void>; listener: () => void }>()
  return (signal, callback) => {
    let entry = waiting.get(signal)
    if (entry === undefined) {
      const callbacks = new Set<() => void>()
      entry = {
        callbacks,
        listener: () => {
          for (const call of callbacks) call()
        },
      }
      waiting.set(signal, entry)
    }
    const { callbacks, listener } = entry
    if (callbacks.size === 0) signal.addEventListener('abort', listener)
    callbacks.add(callback)
    return () => {
      if (callbacks.delete(callback) && callbacks.size === 0) signal.removeEventListener('abort', listener)
    }
  }
}
