/** How one option of `pairmill run` looks to people. What it may be is checked in run-options.ts. */
export interface Flag {
  readonly flag: string
  /** Placeholder of the value in the help. */
  readonly value: string
  readonly group: string
  readonly help: string
  /** Default, as the help tells it; null = nothing to say. */
  readonly fallback: string | null
  /** Completes "expected ..." in a message. */
  readonly expected: string
  /** May be given several times. */
  readonly repeatable?: true
  /** The closed set of values, from which a typo is corrected. */
  readonly choices?: readonly string[]
}

/** Headings of the help, under which options stand. */
export const groups = {
  start: 'Start and target:',
  limits: 'Limits (raise one later to go on with the same run):',
  scope: 'Which pages:',
  network: 'Politeness and network:',
  pairs: 'Which pairs are kept:',
  output: 'What is written:',
  machine: 'Machine:',
} as const

/** Default and expectation of an option that sets a limit. */
export const limitOf = (what: string) => ({ fallback: 'no limit', expected: `${what}, or none` })
