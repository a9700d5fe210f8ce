import type { Loser } from './batches.js'

interface CommittedPart {
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

/** Committed batches on their way into shards. See Backend. */
export interface Plans {
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
  commitPlan(commit: {
    run: string
    plan: number
    token: string
    counters: Record<string, number>
  }): Promise<{ readonly kind: 'committed' } | { readonly kind: 'lost' }>
  /** Takes over a plan that the store knows and the backend does not. */
  adoptPlan(run: string, plan: AllottedPlan): Promise<boolean>
  /** Names of the parts that a commit took up and no committed plan has used yet. */
  liveParts(run: string): Promise<readonly string[]>
}
