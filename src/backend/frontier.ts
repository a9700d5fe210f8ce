import type { RenderEvidence } from '../crawl/index.js'
import type { DecidedPage, FrontierUrl, LeasedUrl, Permission } from '../records/index.js'
import type { BatchShape, Found } from './batches.js'

export type Offer = FrontierUrl & { readonly host: string }

export type HostLease =
  | {
      readonly kind: 'urls'
      readonly urls: readonly LeasedUrl[]
      /** Least time between the starts of two fetches. */
      readonly delayMs: number
      /** Sessions in a row in which the host answered nothing. */
      readonly failures: number
      /** The end of the reserved slots, to hand to the commit. */
      readonly reservedMs: number
      /** Evidence of what rendering was worth on the host, whichever run it was for. */
      readonly rendered: RenderEvidence
    }
  | { readonly kind: 'busy' | 'not_yet'; readonly inMs: number }
  | { readonly kind: 'none' }

export interface SessionCommit extends BatchShape {
  readonly run: string
  readonly host: string
  readonly token: string
  /** True: these are some of the leased URLs, and the lease goes on. False: these are all that are left. */
  readonly partial: boolean
  readonly done: readonly number[]
  /** `refused`: this URL's commit was refused, which is counted. */
  readonly retry: readonly { readonly id: number; readonly delayMs: number; readonly refused?: boolean }[]
  readonly back: readonly number[]
  /** Decisions about the URLs that are done, for the page ledger: one row each. */
  readonly decided: readonly DecidedPage[]
  /** Why the host cannot be asked at all, for the rows of its URLs where it is drained; null = nothing says so. */
  readonly unreachable: Permission | null
  /** Reason of those rows. */
  readonly drainedAs: string
  /** Pages fetched, as the page budget counts them. */
  readonly pages: number
  readonly offers: readonly Offer[]
  readonly candidates: readonly Found[]
  readonly counters: Record<string, number>
  readonly delayMs: number
  readonly reservedMs: number
  /** How long ago the last fetch of the session began; null = it fetched nothing. */
  readonly lastFetchAgoMs: number | null
  /** Leave the host alone for this long, beside the delay. */
  readonly pauseMs: number
  /** Least time between two fetches that the host showed to need; 0 = none. Halves with every minute in which nobody says it again. */
  readonly throttleMs: number
  /** Renders since the last commit, to be added; both numbers are halved where more than a hundred are known, so that what is old counts for less. */
  readonly rendered: RenderEvidence
  readonly health: 'ok' | 'bad' | 'none'
  /** A host that failed this many sessions in a row, or for this long, is drained. */
  readonly maxFailures: number
  readonly maxFailingMs: number
}

export type SessionCommitted =
  | {
      readonly kind: 'committed'
      /** Hosts that have URLs now and had none before. */
      readonly hosts: readonly string[]
      readonly batches: readonly string[]
      /** When this host can be visited again; null = it has no URL left. */
      readonly moreInMs: number | null
      /** Whether the crawl waits for the filters: a session that goes on gives back what it has not begun. */
      readonly crawlWaits: boolean
    }
  | { readonly kind: 'lost' }
  /**
   * The backend is well as far as it knows, and cannot take what is in the commit: the lease stands, and no URL was acknowledged. What it
   * is full, away or closed for is thrown instead.
   */
  | { readonly kind: 'refused'; readonly detail: string }

/** How many of a run's hosts there is something to do at. */
export interface HostCounts {
  /** Hosts on lease to the run, dead holders' too. */
  readonly held: number
  /**
   * Others with URLs whose time comes within the time asked for, whether or not the run may begin more. At most so many can be visited: of
   * those of one group only some are at once, and a host's time may turn out later than it was believed.
   */
  readonly due: number
}

/** URLs that wait, and sessions of hosts, in which they are fetched. See Backend. */
export interface Frontier {
  /** Adds URLs that the run does not know; `seeds` marks the run as seeded, and one that ended as going on. Answers the hosts to notify. */
  offer(run: string, urls: readonly Offer[], seeds: boolean): Promise<readonly string[]>
  /** A URL whose workers died twice, or whose commit was refused, is leased alone. */
  leaseHost(wish: {
    run: string
    host: string
    token: string
    max: number
    delayMs: number
    windowMs: number
    leaseMs: number
    /** Rate-limit groups of the host, its domain and address: at most `perGroup` hosts of one group are on lease at once. */
    groups: readonly string[]
    perGroup: number
  }): Promise<HostLease>
  commitSession(commit: SessionCommit): Promise<SessionCommitted>
  /** Gives a lease up without a commit: its URLs go back as they were, and no death is counted. */
  releaseHost(wish: { run: string; host: string; token: string; pauseMs: number }): Promise<void>
  /** Hosts with URLs that are due and that nobody holds. One that is listed is not listed again for `restMs`, unless something happens to it; absent = 0. */
  waitingHosts(run: string, limit: number, restMs?: number): Promise<readonly string[]>
  hostCounts(run: string, withinMs: number): Promise<HostCounts>
}
