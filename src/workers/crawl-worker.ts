import { randomBytes } from 'node:crypto'
import { busyFor, type WorkResult } from '../backend/index.js'
import { type CrawlDeps, type CrawlSettings, HostSession, sessionMs } from './host-session.js'
import { hostsPerGroup } from './hosts/index.js'

/** Most URLs of one session. */
const maxUrls = 200
/** Longer than a session with its last fetch and its commit can take. */
const leaseMs = 90_000
/** A host whose session came to nothing, without a word against its pages, is left alone for so long. */
const troubledMs = 30_000

/**
 * One session on one host: leases URLs, fetches them no faster than allowed, and commits everything they gave at once. `drain` ends
 * it early and in order; `abort` drops it, and its lease frees its URLs. Where it fails without a page being to blame, the host is given
 * back at once: a lease that runs out would count as a death.
 */
export async function crawlHost(
  deps: CrawlDeps,
  settings: CrawlSettings,
  host: string,
  drain: AbortSignal,
  abort: AbortSignal,
): Promise<WorkResult> {
  if (drain.aborted) return { kind: 'done' }
  const { run, delayMs } = settings
  const token = randomBytes(12).toString('hex')
  const lease = await deps.backend.leaseHost({
    run,
    host,
    token,
    max: maxUrls,
    delayMs,
    windowMs: sessionMs,
    leaseMs,
    // Where no delay is asked for, the hosts are the user's own.
    groups: delayMs > 0 ? await deps.groupsOf(host) : [],
    perGroup: hostsPerGroup,
  })
  if (lease.kind === 'none') return { kind: 'done' }
  if (lease.kind !== 'urls') {
    return lease.kind === 'busy' ? busyFor(lease.inMs) : { kind: 'again', inMs: lease.inMs }
  }
  const tally = deps.underWay.tally()
  try {
    const held = { host, token, lease, leaseEndsAtMs: deps.now() + leaseMs, tally }
    return await new HostSession(deps, settings, held, drain, abort).run()
  } catch (error) {
    // Work in slices ends so.
    if (abort.aborted && error === abort.reason) return { kind: 'done' }
    if (!abort.aborted) {
      await deps.backend
        .releaseHost({ run, host, token, pauseMs: troubledMs })
        // The backend is away: the lease runs out by itself. What is thrown says why.
        .catch(() => undefined)
    }
    throw error
  } finally {
    tally.commit()
  }
}
