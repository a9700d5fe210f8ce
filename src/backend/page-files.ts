import type { PageRow } from '../records/index.js'

export type PageFileLease =
  | { readonly kind: 'rows'; readonly rows: readonly PageRow[]; readonly closedAtMs: number }
  | { readonly kind: 'busy'; readonly inMs: number }
  | { readonly kind: 'gone' }

/** A file of the page ledger takes no more rows once it has so many; the last of a run, and of each resume, has fewer. */
export const rowsPerPageFile = 10_000

/** The page ledger on its way into the store. See Backend. */
export interface PageFiles {
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
  /** The store has it: its rows are forgotten here. */
  commitPageFile(wish: { run: string; file: number; token: string }): Promise<'committed' | 'lost'>
  /** The store has files up to `last`: no number up to it is given again. Rows that fill a file of such a number go into a later one. */
  adoptPageFiles(run: string, last: number): Promise<void>
}
