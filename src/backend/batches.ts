import type { Candidate, RejectReason, TextReject } from '../records/index.js'

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

/** Candidate that is rejected where it was found: it waits for nothing but its row. */
export interface FoundReject extends Pick<FoundCandidate, 'key' | 'texts'> {
  readonly reject: TextReject
}

/** Either enters a run once, and counts for its texts. */
export type Found = FoundCandidate | FoundReject

/** Rejected candidates wait until they are so many, or as long as others, and make a batch of their own. */
export const rejectsPerBatch = 10_000

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
  /** Every one is to have its row; there is nothing to judge. */
  | { readonly kind: 'rejects'; readonly rejects: readonly TextReject[] }
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
  /** null where no candidate has a row. */
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
  /** Candidates that are done with and have no row; absent = none. */
  readonly dropped?: number
  readonly counters: Record<string, number>
  readonly dedupe: 'near' | 'exact' | 'off'
  readonly distance: number
}

export type BatchCommitted =
  | { readonly kind: 'committed'; readonly kept: number; readonly losers: readonly Loser[] }
  | { readonly kind: 'lost' }
  | { readonly kind: 'stale' }

/** Candidates in batches, and the images that are kept of them. See Backend. */
export interface Batches {
  closeBatches(run: string, shape: BatchShape & { dry: boolean }): Promise<readonly string[]>
  /** Those whose holders died, then those of rejects, which take next to no time, then the others, as they were made. */
  openBatches(run: string, limit: number): Promise<readonly string[]>
  leaseBatch(wish: { run: string; batch: string; token: string; leaseMs: number }): Promise<BatchLease>
  findDuplicates(wish: {
    run: string
    images: readonly { sha256: string; phash: string }[]
    near: boolean
    distance: number
  }): Promise<readonly { index: number; of: string; near: boolean }[]>
  captionCounts(run: string, texts: readonly string[]): Promise<readonly number[]>
  commitBatch(commit: BatchCommit): Promise<BatchCommitted>
}
