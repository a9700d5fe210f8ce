/** On whose word an image was fetched: the rule that allowed or forbade it, and when it was read. */
export interface Permission {
  /**
   * e.g. `robots:allow /img/`, `robots:none` (no rule matched), `robots:disallow /private`; or the opt-out that forbade it, e.g. `tdm`, or
   * `tdm:unreachable`.
   */
  readonly rule: string
  /** Words of the site that decided; null = none. Absent in rows of early versions. */
  readonly value?: string | null
  /** Where: `robots.txt`, `header`, `meta`, `tdmrep.json`, `ai.txt`. Absent in rows of early versions. */
  readonly source?: string
  /** ISO 8601 time at which the rule was fetched. */
  readonly checkedAt: string
}
