import {
  fetchRobots,
  hostOf,
  type LastingFailure,
  parseRobots,
  type RobotsRecord,
  type RobotsRules,
  robotsVerdict,
} from '../crawl/index.js'
import type { Fetch } from '../net/index.js'
import type { Permission } from '../records/index.js'
import type { Backend } from './backend/backend.js'

export type Permitted =
  | { readonly kind: 'allowed' | 'forbidden'; readonly permission: Permission; readonly crawlDelayMs: number }
  /** robots.txt could not be read: nothing is fetched until it answers. */
  | { readonly kind: 'unreachable'; readonly permission: Permission; readonly inMs: number }
  /** Nor will it be: the host cannot be reached, and waiting does not help. */
  | {
      readonly kind: 'hopeless'
      readonly permission: Permission
      readonly reason: LastingFailure
      readonly detail: string
    }
  /** Somebody else is fetching it just now. */
  | { readonly kind: 'busy'; readonly inMs: number }

export interface PermissionDeps {
  readonly backend: Backend
  readonly fetch: Fetch
  readonly now: () => number
  /** The first word of the user agent, which robots.txt groups name. */
  readonly productToken: string
}

/** Waits for a slot of the host for robots.txt itself; false = there is none now. */
export type TakeSlot = (host: string) => Promise<boolean>
export type Permit = (url: string, takeSlot: TakeSlot, signal: AbortSignal) => Promise<Permitted>

/** A crawl-delay is obeyed up to this; longer ones are as good as a refusal and would stall the run. */
export const maxCrawlDelayMs = 60_000
/** Longer than fetching robots.txt can take: five redirects of 15 s. */
const claimMs = 100_000
/** A robots.txt that could not be read is asked for again this soon; the host's own pause grows with its failures. */
const doubtMs = 1_500
/** And one of a host that cannot be reached at all this late, so that its other URLs need not ask. */
const hopelessMs = 60_000
/** Parsed files kept at hand. */
const maxRemembered = 1_000

/**
 * Asks robots.txt about URLs. One fetch a host and day over all workers: the record lies in the backend, and who finds none claims
 * the fetch. Parsed rules are kept for the hosts last asked about.
 */
export function createPermission(deps: PermissionDeps): Permit {
  const remembered = new Map<string, { record: RobotsRecord; rules: RobotsRules | null }>()

  const remember = (origin: string, record: RobotsRecord) => {
    const rules = record.body === null ? null : parseRobots(record.body, deps.productToken)
    remembered.delete(origin)
    remembered.set(origin, { record, rules })
    const oldest = remembered.keys().next().value
    if (remembered.size > maxRemembered && oldest !== undefined) remembered.delete(oldest)
    return { record, rules }
  }

  const recordOf = async (
    origin: string,
    host: string,
    takeSlot: TakeSlot,
    signal: AbortSignal,
  ): Promise<{ record: RobotsRecord; rules: RobotsRules | null } | { inMs: number }> => {
    const known = remembered.get(origin)
    if (known !== undefined && known.record.expiresAtMs > deps.now()) return known
    const answer = await deps.backend.robotsOf(origin, claimMs)
    if (answer.kind === 'busy') return { inMs: answer.inMs }
    if (answer.kind === 'known') return remember(origin, answer.record)
    const scheme = origin.startsWith('https:') ? 'https' : 'http'
    const fetched = (await takeSlot(host)) ? await fetchRobots(deps, host, scheme, signal) : null
    // What was not fetched, or was given up by us, says nothing about the host: the claim is let go.
    if (fetched === null || signal.aborted) {
      await deps.backend.dropRobotsClaim(origin)
      return { inMs: 1 }
    }
    const now = deps.now()
    const record =
      fetched.kind === 'forbid_all'
        ? { ...fetched, expiresAtMs: now + (fetched.lasting === undefined ? doubtMs : hopelessMs) }
        : fetched
    const read = remember(origin, record)
    await deps.backend.putRobots({
      origin,
      host,
      record,
      ttlMs: Math.max(record.expiresAtMs - now, 0),
      crawlDelayMs: crawlDelayMs(read.rules),
    })
    return read
  }

  return async (url, takeSlot, signal) => {
    const origin = new URL(url).origin
    const read = await recordOf(origin, hostOf(url), takeSlot, signal)
    if ('inMs' in read) return { kind: 'busy', inMs: Math.min(read.inMs, 1_000) }
    const verdict = robotsVerdict(read.record, read.rules, url)
    const permission = { rule: verdict.rule, checkedAt: new Date(read.record.fetchedAtMs).toISOString() }
    if (verdict.allowed) return { kind: 'allowed', permission, crawlDelayMs: crawlDelayMs(read.rules) }
    if (read.record.kind === 'forbid_all') {
      const { lasting, detail } = read.record
      if (lasting !== undefined) return { kind: 'hopeless', permission, reason: lasting, detail }
      return { kind: 'unreachable', permission, inMs: Math.max(read.record.expiresAtMs - deps.now(), 0) }
    }
    return { kind: 'forbidden', permission, crawlDelayMs: crawlDelayMs(read.rules) }
  }
}

function crawlDelayMs(rules: RobotsRules | null): number {
  return Math.min(rules?.crawlDelayMs ?? 0, maxCrawlDelayMs)
}
