import { setMaxListeners } from 'node:events'

/** Resolves after `ms`, or at once when the signal is aborted: the caller looks at the signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted || ms <= 0) return Promise.resolve()
  // As many wait on a process's signal as it has visits under way, and each takes its listener away again: that is no leak.
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
