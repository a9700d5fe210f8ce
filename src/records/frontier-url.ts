/** A page URL as the frontier keeps it. */
export interface FrontierUrl {
  /** Canonical absolute http(s) URL (see crawl/url). */
  readonly url: string
  /** Links followed since the seed; a seed has 0; redirects do not count. */
  readonly depth: number
  /**
   * Anchor of the run's scope: the host (scope=host) or registrable domain (scope=domain) of
   * the seed this URL descends from; a redirect of a seed moves it. Empty for scope=any.
   */
  readonly anchor: string
  /** Redirects followed to come here, 0..5. */
  readonly redirects: number
}

/** A leased URL, with how often it was tried before (0 = never). */
export interface LeasedUrl extends FrontierUrl {
  readonly id: number
  readonly attempts: number
  /** Leases that it was in and that ran out: their workers died, of whatever. Absent = none since it was last tried. */
  readonly deaths?: number
  /** Commits of it alone that the backend refused; absent = none. */
  readonly refusedCommits?: number
}
