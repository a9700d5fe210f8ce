export type LeasedKind = 'batch' | 'plan' | 'page_file'

/** Work that one worker at a time holds, as its holder knows it. */
export interface LeasedWork {
  readonly run: string
  readonly kind: LeasedKind
  readonly id: string | number
  readonly token: string
}

export type Held = { readonly kind: 'held' } | { readonly kind: 'lost' }

/** Leases of batches, plans and files of the page ledger, which are taken, and end with a commit, by kind. See Backend. */
export interface Leases {
  extendLease(wish: LeasedWork & { leaseMs: number }): Promise<Held>
  /** Gives it up. The start of a batch counts only where the batch itself `failed`. */
  releaseLease(wish: LeasedWork & { failed: boolean }): Promise<void>
}
