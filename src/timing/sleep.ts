import { setMaxListeners } from 'node:events'

/** Resolves after `ms`, or at once when the signal is aborted: the caller looks at the signal. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return Promise.resolve()
  // Every visit under way listens to the process's signal, and each takes its listener away again: that is no leak.
  setMaxListeners(0, signal)
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
