import type { RenderEvidence, RobotsRecord } from '../crawl/index.js'
import type {
  Candidate,
  DecidedPage,
  FrontierUrl,
  LeasedUrl,
  PageRow,
  Permission,
  RejectReason,
} from '../records/index.js'

/** Limits that may be raised on a run that exists; null = none. */
export interface RunLimits {
  readonly maxPages: number | null
  readonly maxPairs: number | null
  readonly maxPagesPerHost: number | null
}

export interface OpenedRun {
  readonly created: boolean
  /** The options with which the run was first opened. */
  readonly options: Record<string, unknown>
  readonly limits: RunLimits
  readonly elapsedMs: number
  readonly seeded: boolean
}

/** Work that is left in a run, read at one moment. */
export interface Progress {
  /** URLs waiting or leased. */
  readonly urls: number
  /** Hosts that have URLs. */
  readonly hosts: number
  readonly pages: number
  readonly pagesLeased: number
  readonly buffered: number
  readonly batchesOpen: number
  readonly batchesLeased: number
  readonly kept: number
  readonly unplannedKept: number
  readonly unplannedRows: number
  readonly plansOpen: number
  readonly nextShard: number
  readonly elapsedMs: number
  readonly standing: Standing
  /** See `RunEntry`. */
  readonly ended: string | null
  /** How often the run was seeded. */
  readonly seedings: number
  /** Sources that are not read to their end: candidates may still come, whatever the crawl does. */
  readonly sourcesOpen: number
  /** Rows of the page ledger that are in no file of the store yet. */
  readonly pageRows: number
}

/** State that people want of a run: `paused` and `stopped` runs start no session and no batch, their plans are carried out. `failed`: it cannot go on. */
export type WishedStanding = 'running' | 'paused' | 'stopped' | 'failed'
/** `forgetting`: it is listed, and is no run any more; see `markForgotten`. */
export type Standing = WishedStanding | 'forgetting'

/** A run among others. */
export interface RunEntry {
  readonly run: string
  readonly standing: Standing
  /** Why it failed; null = it did not. */
  readonly note: string | null
  /** Why it ended, when its last shard was written: `done`, a limit, `stopped`; null = there is work to do. */
  readonly ended: string | null
  readonly createdMs: number
  readonly options: Record<string, unknown>
  readonly limits: RunLimits
  /** null = nothing was scored yet. */
  readonly model: RunModel | null
}

/** Model that a run's pairs are scored with. */
export interface RunModel {
  /** null = nothing is scored, by `--model none`. */
  readonly id: string | null
  readonly isClip: boolean
  /** null = every score is kept. */
  readonly threshold: number | null
}

/** A worker that said not long ago that it is alive. */
export interface WorkerEntry {
  readonly worker: string
  /** Its own words about itself. */
  readonly body: Record<string, unknown>
  readonly agoMs: number
}

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

export interface BatchShape {
  readonly batchSize: number
  readonly batchAgeMs: number
  /** Most candidates of one image host in a batch. */
  readonly perHost: number
}

export interface FoundCandidate {
  readonly key: string
  /** Host of the image, by which batches are dealt. */
  readonly host: string
  /** Distinct caption texts, for the count of boilerplate. */
  readonly texts: readonly string[]
  readonly body: Candidate
}

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
  /** Pages fetched, as the page budget counts them. */
  readonly pages: number
  readonly offers: readonly Offer[]
  readonly candidates: readonly FoundCandidate[]
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
    }
  | { readonly kind: 'lost' }
  /**
   * The backend is well as far as it knows, and cannot take what is in the commit: the lease stands, and no URL was acknowledged. What it
   * is full, away or closed for is thrown instead.
   */
  | { readonly kind: 'refused'; readonly detail: string }

/** How far a source was read. `cursor` is its reader's own word; '' = its beginning. */
export interface SourceState {
  readonly source: string
  readonly cursor: string
  readonly ended: boolean
}

/** Commit of a source's contents between two of its cursors. */
export interface SourceCommit extends BatchShape {
  readonly run: string
  readonly source: string
  readonly from: string
  readonly to: string
  /** Nothing comes after it. */
  readonly ended: boolean
  readonly candidates: readonly FoundCandidate[]
  readonly counters: Record<string, number>
}

export type SourceCommitted =
  | { readonly kind: 'committed'; readonly batches: readonly string[] }
  /** Another reader was here: the source stands elsewhere, and nothing was changed. */
  | { readonly kind: 'elsewhere'; readonly cursor: string; readonly ended: boolean }

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

export interface LeasedCandidate {
  readonly id: number
  readonly attempts: number
  readonly body: Candidate
}

export type BatchLease =
  | {
      readonly kind: 'batch'
      readonly candidates: readonly LeasedCandidate[]
      /** Earlier leases that ended in neither a commit nor a release: their workers died, or lost the lease. */
      readonly starts: number
      /** Earlier leases that were released as failed. */
      readonly failures: number
    }
  | { readonly kind: 'busy'; readonly inMs: number }
  | { readonly kind: 'split'; readonly batches: readonly string[] }
  | { readonly kind: 'gone' }

export interface Loser {
  readonly row: number
  readonly reason: RejectReason
  readonly duplicateOf: string | null
}

export interface BatchCommit {
  readonly run: string
  readonly batch: string
  readonly token: string
  /** null where every candidate was deferred. */
  readonly part: {
    readonly name: string
    readonly size: number
    readonly sha256: string
    readonly rows: number
  } | null
  readonly kept: readonly {
    readonly row: number
    readonly sha256: string
    readonly phash: string
    readonly score: number | null
  }[]
  /** SHA-256 of every kept image that a duplicate of this batch cites. */
  readonly cited: readonly string[]
  readonly deferred: readonly { readonly id: number; readonly delayMs: number }[]
  readonly counters: Record<string, number>
  readonly dedupe: 'near' | 'exact' | 'off'
  readonly distance: number
}

export type BatchCommitted =
  | { readonly kind: 'committed'; readonly kept: number; readonly losers: readonly Loser[] }
  | { readonly kind: 'lost' }
  | { readonly kind: 'stale' }

export interface CommittedPart {
  readonly batch: string
  readonly name: string
  readonly size: number
  readonly sha256: string
  readonly rows: number
  readonly kept: readonly number[]
  readonly losers: readonly Loser[]
}

export interface UnplannedPart {
  readonly batch: string
  readonly kept: number
  readonly rows: number
  /** Since its commit. */
  readonly agoMs: number
}

export interface AllottedPlan {
  readonly plan: number
  readonly firstShard: number
  readonly shards: number
  readonly shardSize: number
  readonly createdAtMs: number
  readonly parts: readonly CommittedPart[]
}

export type PlanLease =
  | { readonly kind: 'plan'; readonly plan: AllottedPlan }
  | { readonly kind: 'busy'; readonly inMs: number }
  | { readonly kind: 'gone' }

export type PageFileLease =
  | { readonly kind: 'rows'; readonly rows: readonly PageRow[]; readonly closedAtMs: number }
  | { readonly kind: 'busy'; readonly inMs: number }
  | { readonly kind: 'gone' }

/** A file of the page ledger takes no more rows once it has so many; the last of a run, and of each resume, has fewer. */
export const rowsPerPageFile = 10_000

export type Marked =
  | { readonly kind: 'marked' | 'unknown' | 'goes_on' }
  /** The last lease of it runs out in so many ms. */
  | { readonly kind: 'held'; readonly inMs: number }

export type Held = { readonly kind: 'held' } | { readonly kind: 'lost' }

/**
 * The state of all runs: frontier, leases, batches, claims, plans and counters. It is the truth; queues only notify. Every method
 * is one transaction, and every change under a lease is fenced by the lease's token: who lost it changes nothing. Times are the
 * backend's. Methods reject only where the backend is lost or was misused.
 */
export interface Backend {
  openRun(run: string, options: Record<string, unknown>, limits: RunLimits): Promise<OpenedRun>
  /** Replaces what is stored. Whether they may differ is the caller's to know. */
  setOptions(run: string, options: Record<string, unknown>): Promise<void>
  setLimits(run: string, limits: RunLimits): Promise<void>
  addElapsed(run: string, ms: number): Promise<void>
  progress(run: string): Promise<Progress>
  counters(run: string): Promise<Record<string, number>>
  hosts(run: string, limit: number): Promise<readonly HostState[]>
  /** For a process that is alone with the state: every lease and duty is free at once, and no worker is known. */
  resetLeases(): Promise<void>

  /** Every run, in the order in which they were opened. */
  runs(): Promise<readonly RunEntry[]>
  /** The first caller decides what the run is scored with; answers what was decided. */
  adoptModel(run: string, model: RunModel): Promise<RunModel>
  /** False = there is no such run. `running` opens one that ended again. `note` says why it failed. */
  setStanding(run: string, standing: WishedStanding, note: string | null): Promise<boolean>
  /** Its last shard is written. False = it was seeded or set going again since `seedings` was read, and goes on. */
  endRun(wish: { run: string; seedings: number; as: string }): Promise<boolean>
  /** When the run was made, by which it is told from an earlier one of its name; null = there is no such run. */
  createdMs(run: string): Promise<number | null>
  /**
   * Makes an ended run none, of which no lease and none of `duties` is held: no method takes its name any more, and nothing of its state is
   * written. Until `clearForgotten` has ended the name cannot be opened anew, and `runs` lists it. Marked already = `marked`.
   */
  markForgotten(wish: { run: string; duties: readonly string[] }): Promise<Marked>
  /**
   * Takes away what is left of the state of a marked run, in slices, each a transaction that holds nobody up: where it was broken off it is
   * called again. What is known of hosts beside it stays. `onSlice` hears how many things went.
   */
  clearForgotten(run: string, onSlice: (removed: number) => void): Promise<void>
  /** Makes the caller the only one with this duty for so long, or goes on with it; false = another has it. */
  claimDuty(wish: { duty: string; token: string; leaseMs: number }): Promise<boolean>
  dropDuty(wish: { duty: string; token: string }): Promise<void>
  /** A worker says that it is alive; it is forgotten after `ttlMs` without another word. */
  beat(wish: { worker: string; body: Record<string, unknown>; ttlMs: number }): Promise<void>
  /** Forgets a worker that ends in order. */
  removeWorker(worker: string): Promise<void>
  workers(): Promise<readonly WorkerEntry[]>

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
  reportHosts(reports: readonly HostReport[]): Promise<void>
  waitingHosts(run: string, limit: number): Promise<readonly string[]>
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

  /** Tells the run what else candidates come from; one that it did not know opens a run that ended again. Answers in the order given. */
  openSources(run: string, sources: readonly string[]): Promise<readonly SourceState[]>
  /** Every source that the run was told, in the order of their names. */
  sources(run: string): Promise<readonly SourceState[]>
  /** Fenced by `from`: who does not begin where the last commit ended changes nothing. The same commit again changes nothing either. */
  commitSource(commit: SourceCommit): Promise<SourceCommitted>

  closeBatches(run: string, shape: BatchShape & { dry: boolean }): Promise<readonly string[]>
  openBatches(run: string, limit: number): Promise<readonly string[]>
  leaseBatch(wish: { run: string; batch: string; token: string; leaseMs: number }): Promise<BatchLease>
  extendBatch(wish: { run: string; batch: string; token: string; leaseMs: number }): Promise<Held>
  /** Gives the lease up; the start counts only where the batch itself `failed`. */
  releaseBatch(wish: { run: string; batch: string; token: string; failed: boolean }): Promise<void>
  findDuplicates(wish: {
    run: string
    images: readonly { sha256: string; phash: string }[]
    near: boolean
    distance: number
  }): Promise<readonly { index: number; of: string; near: boolean }[]>
  captionCounts(run: string, texts: readonly string[]): Promise<readonly number[]>
  commitBatch(commit: BatchCommit): Promise<BatchCommitted>

  /** Committed batches that no plan has, in the order in which plans take them. */
  unplannedParts(run: string, limit: number): Promise<readonly UnplannedPart[]>
  /** Makes a plan of the batches and numbers its shards; null = one of them is planned already. */
  allotPlan(wish: {
    run: string
    batches: readonly string[]
    shards: number
    shardSize: number
  }): Promise<number | null>
  openPlans(run: string): Promise<readonly number[]>
  leasePlan(wish: { run: string; plan: number; token: string; leaseMs: number }): Promise<PlanLease>
  extendPlan(wish: { run: string; plan: number; token: string; leaseMs: number }): Promise<Held>
  releasePlan(wish: { run: string; plan: number; token: string }): Promise<void>
  commitPlan(commit: {
    run: string
    plan: number
    token: string
    counters: Record<string, number>
  }): Promise<Held | { readonly kind: 'committed' }>
  /** Takes over a plan that the store knows and the backend does not. */
  adoptPlan(run: string, plan: AllottedPlan): Promise<boolean>
  /** Names of the parts that a commit took up and no committed plan has used yet. */
  liveParts(run: string): Promise<readonly string[]>

  /**
   * Files of the page ledger that are full and held by nobody, by number. The numbers are dense, and what a file holds is settled when it is
   * full. `closing`: nothing more is to come, so the one that is filling is full too.
   */
  openPageFiles(run: string, closing: boolean): Promise<readonly number[]>
  /** `busy` also where it has not been full for `settleMs`. */
  leasePageFile(wish: {
    run: string
    file: number
    token: string
    leaseMs: number
    settleMs: number
  }): Promise<PageFileLease>
  releasePageFile(wish: { run: string; file: number; token: string }): Promise<void>
  /** The store has it: its rows are forgotten here. */
  commitPageFile(wish: { run: string; file: number; token: string }): Promise<'committed' | 'lost'>
  /** The store has files up to `last`: no number up to it is given again. Rows that fill a file of such a number go into a later one. */
  adoptPageFiles(run: string, last: number): Promise<void>
}
