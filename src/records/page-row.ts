import type { Permission } from './permission.js'

/**
 * Outcome of a page's URL:
 * - `read`: fetched and read
 * - `redirected`: it led to another URL, which has a row of its own where it was decided about
 * - `refused`: robots.txt, an opt-out or a list of the run forbids it
 * - `skipped`: it could not be fetched, or what came is left out
 * - `given_up`: it failed in a way that may pass, as often as it is tried
 * - `dropped`: it was waiting when its host was given up, or had given all the pages that it may
 * - `left_out`: it is not within what the run is to crawl, as its options are now
 */
export const pageOutcomes = [
  'read',
  'redirected',
  'refused',
  'skipped',
  'given_up',
  'dropped',
  'left_out',
] as const
export type PageOutcome = (typeof pageOutcomes)[number]

/** Decision of a run about the URL of one page: a row of the page ledger, which has every such URL once. */
export interface PageRow {
  /** Canonical. */
  readonly url: string
  /** As in the URL, with its port. */
  readonly host: string
  readonly outcome: PageOutcome
  /** Why, where the outcome alone does not say it: as in the counters `page_skipped:REASON`. null = it was read or redirected. */
  readonly reason: string | null
  /** For people; null = the reason says it all. */
  readonly detail: string | null
  /** Of the answer; null = there was none, or nobody asked. */
  readonly httpStatus: number | null
  /** Links away from the seed. */
  readonly depth: number
  /** How often it was fetched. */
  readonly tries: number
  /** null = it did not redirect. */
  readonly redirectTo: string | null
  /** Images with captions that it gave; null = it was not read. */
  readonly candidates: number | null
  /** On whose word it was fetched or left alone; null = nobody was asked. */
  readonly permission: Permission | null
  /** On whose word its images were left alone though it was read; null = nothing forbids them. */
  readonly imagesRefusal: Permission | null
  /** ISO 8601, by the clock of the backend. */
  readonly decidedAt: string
}

/** As a session says it: the commit knows the rest. */
export type DecidedPage = Omit<PageRow, 'decidedAt'>
