import type { Backend, Held, LeasedWork, WorkResult } from '../backend/index.js'

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

/** Work that a worker took. */
interface TakenWork extends LeasedWork {
  readonly leaseMs: number
  /** Whether the work itself is to blame where it fails; absent = never. */
  readonly hasFailed?: () => boolean
}

/**
 * Works under a lease, which is extended meanwhile. Where the lease is gone or the process is told to stop, the work is another's, or will be
 * taken up again: it is done here. Where the work fails otherwise it is given back at once.
 */
export async function withLease(
  backend: Pick<Backend, 'extendLease' | 'releaseLease'>,
  { leaseMs, hasFailed = () => false, ...held }: TakenWork,
  abort: AbortSignal,
  work: (lease: KeptLease) => Promise<WorkResult>,
): Promise<WorkResult> {
  const lease = keepLease(() => backend.extendLease({ ...held, leaseMs }), leaseMs, abort)
  try {
    return await work(lease)
  } catch (error) {
    if (lease.signal.aborted) return { kind: 'done' }
    await backend.releaseLease({ ...held, failed: hasFailed() })
    throw error
  } finally {
    lease.end()
  }
}
