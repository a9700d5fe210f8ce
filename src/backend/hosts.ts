import type { RenderTally } from '../crawl/index.js'
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
  /** Pages of it that a browser rendered of late, and those that it gave something: see add_rendered. Absent in a folder of an early version. */
  readonly rendered?: RenderTally
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

/** `record`: JSON, as whoever put it there wrote it. */
export type SiteRecordAnswer =
  | { readonly kind: 'known'; readonly record: unknown }
  | { readonly kind: 'fetch' }
  | { readonly kind: 'busy'; readonly inMs: number }

/** What is known of hosts, whichever run it was for: politeness, and records of what sites were asked for once. See Backend. */
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
  /** What is known under a key of the site's, such as its origin for robots.txt. `fetch` makes the caller the one that asks the site. */
  claimSiteRecord(key: string, claimMs: number): Promise<SiteRecordAnswer>
  /** The claimer did not ask the site after all. */
  releaseSiteRecord(key: string): Promise<void>
  /** `detail` is shown of the host where the key is its origin. The host's delay is the longest that any of its origins asks for. */
  putSiteRecord(entry: {
    key: string
    host: string
    record: unknown
    detail: string
    ttlMs: number
    crawlDelayMs: number
  }): Promise<void>
}
