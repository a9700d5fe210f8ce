import type { BatchShape, Found } from './batches.js'

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
  readonly candidates: readonly Found[]
  readonly counters: Record<string, number>
}

export type SourceCommitted =
  | { readonly kind: 'committed'; readonly batches: readonly string[] }
  /** Another reader was here: the source stands elsewhere, and nothing was changed. */
  | { readonly kind: 'elsewhere'; readonly cursor: string; readonly ended: boolean }

/** What candidates come from beside pages. See Backend. */
export interface Sources {
  /** Tells the run what else candidates come from; one that it did not know opens a run that ended again. Answers in the order given. */
  openSources(run: string, sources: readonly string[]): Promise<readonly SourceState[]>
  /** Every source that the run was told, in the order of their names. */
  sources(run: string): Promise<readonly SourceState[]>
  /** Fenced by `from`: who does not begin where the last commit ended changes nothing. The same commit again changes nothing either. */
  commitSource(commit: SourceCommit): Promise<SourceCommitted>
}
