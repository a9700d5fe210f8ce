/** When a host that answers nothing is given up, and how long it is left alone until then. */
export interface FailingHosts {
  /** Sessions in a row. */
  readonly maxFailures: number
  readonly maxFailingMs: number
  /** After the first failure; three times as long after each further one, up to a minute. */
  readonly firstPauseMs: number
}

export const defaultFailing: FailingHosts = {
  maxFailures: 5,
  maxFailingMs: 15 * 60 * 1000,
  firstPauseMs: 2_000,
}

const maxPauseMs = 60_000

/** How long to leave a host alone that failed `failures` sessions in a row, this one not counted. Pure. */
export function failurePauseMs(failures: number, firstPauseMs: number): number {
  return Math.min(firstPauseMs * 3 ** failures, maxPauseMs)
}
