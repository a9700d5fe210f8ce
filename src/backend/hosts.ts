import type { RobotsRecord } from '../crawl/index.js'
import type { SessionCommit } from './frontier.js'

export interface HostState {
  readonly host: string
  readonly urls: number
  readonly pages: number
  readonly nextFetchInMs: number
  /** Time between two fetches that robots.txt asks for, or that the host itself showed to need, if that is more; 0 = none. */
  readonly delayMs: number
  readonly failures: number
  readonly leased: boolean
  /** The host was to be visited just now, and was not, for too many others of its domain or address are. */
  readonly crowded: boolean
  readonly robots: string | null
}

export interface Slot {
  readonly host: string
  readonly granted: number
  readonly inMs: number
  readonly delayMs: number
  /** Sessions in a row, or batches, in which the host answered nothing. */
  readonly failures: number
  /** Nothing is granted because too many others of its groups are busy; one of them is done in `inMs`. Absent = not so. */
  readonly crowded?: true
}

/** Report of image fetches on a host: see SessionCommit. */
export type HostReport = { readonly host: string } & Pick<SessionCommit, 'throttleMs' | 'pauseMs' | 'health'>

export type RobotsAnswer =
  | { readonly kind: 'known'; readonly record: RobotsRecord }
  | { readonly kind: 'fetch' }
  | { readonly kind: 'busy'; readonly inMs: number }

/** What is known of hosts, whichever run it was for: politeness, and robots.txt. See Backend. */
export interface Hosts {
  hosts(run: string, limit: number): Promise<readonly HostState[]>
  reportHosts(reports: readonly HostReport[]): Promise<void>
  /** `groups`: as in leaseHost, but images have a count of their own. A host is in its groups until its last slot has passed. */
  reserve(wish: {
    slots: readonly { host: string; want: number; groups: readonly string[] }[]
    perGroup: number
    delayMs: number
    windowMs: number
    guardMs: number
  }): Promise<readonly Slot[]>
  robotsOf(origin: string, claimMs: number): Promise<RobotsAnswer>
  dropRobotsClaim(origin: string): Promise<void>
  putRobots(entry: {
    origin: string
    host: string
    record: RobotsRecord
    ttlMs: number
    crawlDelayMs: number
  }): Promise<void>
}
