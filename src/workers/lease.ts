import type { Held } from '../backend/index.js'

export interface KeptLease {
  /** Aborted when the lease is lost or the process is told to stop. */
  readonly signal: AbortSignal
  end(): void
}

/** Extends a lease at a third of its time for as long as the work under it goes on. */
export function keepLease(extend: () => Promise<Held>, leaseMs: number, abort: AbortSignal): KeptLease {
  const lost = new AbortController()
  const timer = setInterval(() => {
    extend().then(
      (held) => {
        if (held.kind === 'lost') lost.abort(new Error('the lease was lost'))
      },
      (error: unknown) => lost.abort(error),
    )
  }, leaseMs / 3)
  return { signal: AbortSignal.any([lost.signal, abort]), end: () => clearInterval(timer) }
}
